"""Archives: light curves from MAST and catalogs from the NASA Exoplanet Archive.

This is the only package that accesses a network. Environment variables change its defaults:

- `ASTROSEQ_MAST_SERVER`: another MAST server, such as a mirror or a test server (default:
  astroquery's `[mast] server`, which is `https://mast.stsci.edu`).
- `ASTROSEQ_EXOPLANET_ARCHIVE`: another NASA Exoplanet Archive server (default:
  `https://exoplanetarchive.ipac.caltech.edu`).
- `ASTROSEQ_TIMEOUT_SECONDS`: how long to wait for a response [s] (default: 30).
- `ASTROSEQ_RETRY_SECONDS`: the first wait before a request is repeated [s] (default: 1); the wait
  doubles each time.
"""
