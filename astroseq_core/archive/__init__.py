"""The archives: MAST's light curves and the NASA Exoplanet Archive's catalogues. The only code that talks to a network.

Environment variables for those who need others than the defaults:

- ``ASTROSEQ_MAST_SERVER``: another MAST, such as a mirror or a stand-in on this machine (default: astroquery's
  ``[mast] server``, which is ``https://mast.stsci.edu``).
- ``ASTROSEQ_EXOPLANET_ARCHIVE``: another NASA Exoplanet Archive (default ``https://exoplanetarchive.ipac.caltech.edu``).
- ``ASTROSEQ_TIMEOUT_SECONDS``: how long to wait for an archive to say something [s] (default 30).
- ``ASTROSEQ_RETRY_SECONDS``: the first wait before a request is tried again [s] (default 1); it doubles each time.
"""
