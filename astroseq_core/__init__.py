"""The core of AstroSeq: light curves, segments, networks, scores. Importing it loads nothing heavy."""

__version__ = "0.1.0"
