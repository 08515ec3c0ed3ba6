"""Words on the pages for what has a name of its own in files and addresses."""

#: Methods of detrending.
DETRENDING_WORDS = {
    "biweight": "Tukey's biweight",
    "savgol": "Savitzky-Golay filter",
    "median": "running median",
    "none": "none",
}
