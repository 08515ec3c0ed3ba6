"""The front door: what `import astroseq_core` offers in a notebook or a script.

`functions` holds what is called, `star` and `results` what comes back, and `inputs` turns what a
person has (a name, files, light curves) into a star.
"""
