"""A run that is watched: its words come every second, its charts with a new epoch only. Nothing is trained."""

import pytest

from tests.app import train_folders as made
from tests.browser.steps import PATIENCE_MS, assert_no_error, wait_for_chart

pytestmark = pytest.mark.browser
#: So long it is watched [ms]: its words come several times.
WATCHED_MS = 5_000


def test_charts_are_sent_with_a_new_epoch_only(page, server, server_home, monkeypatch: pytest.MonkeyPatch):
    from playwright.sync_api import expect

    frames: list[bytes] = []

    def received(frame):
        frames.append(frame if isinstance(frame, bytes) else frame.encode())

    def charts() -> int:
        return sum(b"validation" in frame and b"scatter" in frame for frame in frames)

    page.on("websocket", lambda socket: socket.on("framereceived", received))
    monkeypatch.setenv("ASTROSEQ_DATA", str(server_home / "data"))
    with made.running("watched", epochs=2) as run:
        page.goto(f"{server}/Train?run=watched")
        page.get_by_role("heading", name="watched", exact=True).wait_for()
        wait_for_chart(page)
        page.wait_for_timeout(2000)
        sent = charts()
        assert sent >= 1
        frames.clear()
        made.say(run, part=0.6, words="epoch 3 of at most 4", epoch=3, epochs=4, step=77, steps=90, loss=0.1)
        expect(page.get_by_text("77 of 90", exact=True)).to_be_visible(timeout=PATIENCE_MS)
        page.wait_for_timeout(WATCHED_MS)
        assert len(frames) >= 3, "its words come again and again"
        assert charts() == 0
        expect(page.locator("[data-testid=stPlotlyChart] .main-svg").first).to_be_visible()

        made.write_epochs(run, 3, at=run.folder / "work")
        expect(page.get_by_text("0.8400", exact=True)).to_be_visible(timeout=PATIENCE_MS)
        page.wait_for_timeout(WATCHED_MS)
        assert 1 <= charts() <= 2, "once for the epoch, or twice where it was noticed while the page was being drawn"
        assert page.locator("[data-testid=stPlotlyChart]").count() == 1
        assert_no_error(page)
