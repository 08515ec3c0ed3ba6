"""Limits of what is read as a light curve, so that a damaged or hostile file is refused before it fills the memory."""

#: Cadences of one file. Six years of 20-second data without a gap have 9.5 million; a sector of them has 117 thousand.
MAX_CADENCES = 10_000_000
#: Bytes of a file, and of what it unpacks to: time, flux, flux error and quality of so many cadences, 8 bytes each. The largest
#: product of a mission, a sector at 20 seconds, has 25 MB.
MAX_BYTES = 4 * 8 * MAX_CADENCES
#: Bytes of a table of text. Two million rows fit; more are read a hundred times faster from `.npz`.
MAX_TEXT_BYTES = 100_000_000
#: Header and data units of a FITS file. K2SFF has 22 and the largest DV time series some 15.
MAX_FITS_UNITS = 100
#: Blocks of all headers of a FITS file, 36 cards each. The products of the missions have fewer than 100.
MAX_FITS_HEADER_BLOCKS = 1000
