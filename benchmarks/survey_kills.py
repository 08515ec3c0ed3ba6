"""A survey killed at random moments and taken up again, against one that was left alone: are rows lost, doubled, or different?

    python -m benchmarks.survey_kills [--stars 300] [--kills 5]

Each kill comes at a random moment after the first new row, so that it falls among rows; one more falls into the loading.
The stars are simulated, as TESS sees them. Both surveys have a store of their own, removed at the end.
"""

import argparse
import os
import random
import signal
import tempfile
import time

from astroseq_core.background import launch
from astroseq_core.background.folder import State
from astroseq_core.store import board, scores
from astroseq_core.store.scores import ScoreRow
from astroseq_core.surveys import queue, sources
from astroseq_core.surveys.choice import SurveyChoice
from astroseq_core.surveys.folder import Survey
from astroseq_core.surveys.request import SurveyRequest

#: Scores are the same to so much: the network's batches are filled with other stars after a kill.
SAME = 1e-3
#: A kill comes at the latest so long after the first new row [s].
LATEST_SECONDS = 4.0


def until_it_ends(survey_id: str) -> Survey:
    while (survey := queue.get(survey_id)).state in (State.RUNNING, State.QUEUED):
        time.sleep(0.05)
    return survey


def rows(choice: SurveyChoice) -> dict[str, list[ScoreRow]]:
    return {star.target_id: list(scores.of_star(star.target_id)) for star in sources.stars(choice)}


def until_a_new_row() -> None:
    def count() -> int:
        return sum(m.num_scored + m.num_failed for m in board.models())

    before = count()
    while count() == before and queue.get("survey").state in (State.RUNNING, State.QUEUED):
        time.sleep(0.05)


def same(one: ScoreRow, other: ScoreRow) -> bool:
    if (one.status, one.num_segments) != (other.status, other.num_segments):
        return False
    return abs((one.star_score or 0) - (other.star_score or 0)) <= SAME * max(1, abs(other.star_score or 0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stars", type=int, default=300)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    choice = SurveyChoice("simulated", mission="TESS", count=options.stars)
    request = SurveyRequest("survey", choice, "tess-2min-v2")
    draw = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as alone, tempfile.TemporaryDirectory() as killed:
        os.environ["ASTROSEQ_DATA"] = alone
        queue.begin(request)
        print(f"left alone: {until_it_ends('survey').result}")
        expected = rows(choice)
        os.environ["ASTROSEQ_DATA"] = killed
        queue.begin(request)
        for number in range(options.kills + 1):
            if number:
                until_a_new_row()
            time.sleep(draw.uniform(0, LATEST_SECONDS))
            os.killpg(launch.children[-1].pid, signal.SIGKILL)
            launch.children[-1].wait()
            at = queue.get("survey")
            done = sum(len(r) for r in rows(choice).values())
            print(f"kill {number + 1}: {at.state}, {done} rows are in the store")
            if at.state is State.DONE:
                break
            queue.resume("survey")
        print(f"in the end: {until_it_ends('survey').result}")
        found = rows(choice)
    lost = [t for t in expected if not found[t]]
    doubled = [t for t, r in found.items() if len(r) > 1]
    differ = [t for t, r in found.items() if r and not same(r[0], expected[t][0])]
    print(f"{len(found)} stars: {len(lost)} lost, {len(doubled)} doubled, {len(differ)} with another score")


if __name__ == "__main__":
    main()
