"""Vetting with the keyboard in a real browser: each verdict on the star that was looked at, however fast the keys."""

import re

import pytest
from steps import PATIENCE_MS, assert_no_error, click_until, wait_until_still

from astroseq_core.store import dispositions, drafts

pytestmark = pytest.mark.browser
#: As fast as keys come when someone leans on the keyboard.
KEY_MS = 50


@pytest.fixture
def decided(server_home, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store is that of the app that is driven."""
    monkeypatch.setenv("ASTROSEQ_DATA", str(server_home / "data"))


def shown(page, star: str) -> None:
    page.locator(".st-key-vet-header h3", has_text=re.compile(f"^{star}$")).wait_for(timeout=PATIENCE_MS)
    page.locator(f'[aria-label^="Light curve of {star} "] .main-svg').first.wait_for(timeout=PATIENCE_MS)
    page.locator(f'[aria-label^="Folds"][aria-label$=" of {star}"] .main-svg').first.wait_for(timeout=PATIENCE_MS)


def judged_after(page, key: str, star: str) -> None:
    """Press a key until the next star shows: the very first press of a page may come before it listens."""
    from playwright.sync_api import TimeoutError

    for _ in range(4):
        page.wait_for_timeout(700)
        page.keyboard.press(key)
        try:
            page.locator(".st-key-vet-header h3", has_text=re.compile(f"^{star}$")).wait_for(timeout=PATIENCE_MS / 6)
            break
        except TimeoutError:
            continue
    shown(page, star)


def test_a_queue_by_keyboard(page, server, decided):
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{server}/Vet")
    field = page.get_by_label("Your name")
    field.fill("ada")
    field.press("Enter")
    click_until(page, page.get_by_role("button", name="Begin", exact=True), page.get_by_text("A new queue"))
    count = page.get_by_label("How many")
    count.fill("9")
    count.press("Enter")
    click_until(page, page.get_by_role("button", name="Make the queue"), page.locator(".st-key-vet-header h3"))
    shown(page, "SIM 1")
    assert_no_error(page)
    main = page.locator("[data-testid=stMain]")
    assert main.evaluate("m => m.scrollHeight - m.clientHeight") <= 1, "all of it stands on the screen"

    judged_after(page, "p", "SIM 2")
    judged_after(page, "f", "SIM 3")
    page.keyboard.press("z")
    shown(page, "SIM 2")
    judged_after(page, "a", "SIM 3")
    assert {v.target_id: v.disposition for v in dispositions.latest()} == {"SIM 1": "PC", "SIM 2": "FA"}
    page.keyboard.press("ArrowLeft")
    shown(page, "SIM 2")
    page.keyboard.press("ArrowRight")
    shown(page, "SIM 3")

    # In the note letters are letters; once it is left they are verdicts again.
    wait_until_still(page)
    page.keyboard.press("n")
    page.keyboard.type("pa fau")
    page.keyboard.press("Escape")
    page.wait_for_timeout(1500)
    assert drafts.get("SIM 3", "ada").note == "pa fau"
    assert len(dispositions.latest()) == 2
    judged_after(page, "u", "SIM 4")
    (kept,) = dispositions.of_star("SIM 3")
    assert (kept.disposition, kept.note) == ("UNSURE", "pa fau")
    assert_no_error(page)

    # A link leads back to the star, and the way on.
    page.goto(f"{server}/Vet?" + page.url.split("?")[1])
    shown(page, "SIM 4")

    # Without looking: every star once, none that was not there.
    page.keyboard.down("p")
    page.keyboard.down("p")  # a key that is held down repeats, and counts once at most
    page.keyboard.up("p")
    finished = page.get_by_text("All stars of this queue have a verdict")
    for number in range(1200):
        if finished.is_visible():
            break
        page.keyboard.press("pfau"[number % 4])
        page.wait_for_timeout(KEY_MS)
    finished.wait_for()
    given = [e for e in dispositions.history(reviewer="ada") if not e.is_undo]
    assert sorted(e.verdict.target_id for e in given if not e.undone) == sorted(f"SIM {n}" for n in range(1, 10))
    assert len(given) == 10, "nine stars, and one verdict that was taken back"
    assert all(v.seconds is not None and v.seconds > 0.2 for v in dispositions.latest()), "each was looked at"
    assert_no_error(page)
