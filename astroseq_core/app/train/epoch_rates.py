"""Predicted-positive rate and binary accuracy of a run, epoch by epoch."""

import streamlit as st

from astroseq_core.app.shared.layout import draw_note
from astroseq_core.training.runs.queue import Run


def draw_epoch_rates(run: Run) -> None:
    """Draw a table of the rates at a raw probability of 0.5; nothing if no epoch has them.

    Parameters
    ----------
    run : Run
        The run.
    """
    columns = {
        "predicted positive, training": "train_predicted_positive_rate",
        "predicted positive, validation": "validation_predicted_positive_rate",
        "binary accuracy, training": "train_accuracy",
        "binary accuracy, validation": "validation_accuracy",
    }
    rows = [{"epoch": e.epoch} | {words: getattr(e, name) for words, name in columns.items()} for e in run.epochs]
    if all(row[words] is None for row in rows for words in columns):
        return
    st.dataframe(rows, hide_index=True, key=f"rates {run.job_id}")
    draw_note(
        "Share of the segments that the network, not yet calibrated, gives at least 0.5, and share that is then called right.",
        "A predicted-positive rate near 0 or 1 tells of a network that calls everything alike.",
    )
