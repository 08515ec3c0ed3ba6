"""Vetting checks, one module each; see `base` for how one is registered."""
