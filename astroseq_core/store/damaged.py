"""Damaged rows of the store, for lists: what is left out elsewhere is shown here."""

from astroseq_core.store import dispositions, ephemerides, notes, queues, runs, thresholds


def damaged_rows() -> tuple[str, ...]:
    """Look through what people decided: dispositions, notes, queues, adopted ephemerides, thresholds, runs and default models.

    Returns
    -------
    tuple of str
        One sentence for each damaged row: what is wrong, and what to do. Empty where all are sound.

    Raises
    ------
    StoreError
        If the store as a whole cannot be read.
    """
    problems: list[str] = []
    for check in (
        dispositions.find_damaged,
        notes.find_damaged,
        queues.find_damaged,
        ephemerides.find_damaged,
        thresholds.find_damaged,
        runs.find_damaged,
    ):
        problems += check()
    return tuple(problems)
