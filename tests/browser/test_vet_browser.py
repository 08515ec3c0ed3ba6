"""Vetting with the keyboard in a real browser: each disposition on the star that was looked at, however fast the keys."""

import re

import pytest

from astroseq_core.app.vet import keys
from astroseq_core.store import dispositions, notes, queues
from astroseq_core.store.queue_orders import QueueItem
from tests.browser.steps import PATIENCE_MS, assert_no_error, click_until, wait_until_still

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
    count.fill("6")
    count.press("Enter")
    click_until(page, page.get_by_role("button", name="Make the queue"), page.locator(".st-key-vet-header h3"))
    shown(page, "SIM 1")
    assert_no_error(page)
    main = page.locator("[data-testid=stMain]")
    assert main.evaluate("m => m.scrollHeight - m.clientHeight") <= 1, "all of it stands on the screen"

    filled = page.locator('.st-key-vet-decisions button[kind="primary"]')
    assert filled.count() == 0, "nothing is decided yet"
    overlay = page.get_by_role("dialog", name="Keys of this page")
    page.keyboard.press("?")
    overlay.wait_for()
    page.keyboard.press("p")  # keys rest while their list is read
    page.keyboard.press("Escape")
    overlay.wait_for(state="hidden")
    page.wait_for_timeout(500)
    assert dispositions.list_current() == ()

    judged_after(page, "p", "SIM 2")
    judged_after(page, "f", "SIM 3")
    page.keyboard.press("z")
    shown(page, "SIM 2")
    judged_after(page, "a", "SIM 3")
    assert {v.target_id: v.disposition for v in dispositions.list_current()} == {"SIM 1": "PC", "SIM 2": "FA"}
    page.keyboard.press("ArrowLeft")
    shown(page, "SIM 2")
    filled.filter(has_text="False alarm").wait_for()
    assert filled.count() == 1
    page.keyboard.press("ArrowRight")
    shown(page, "SIM 3")

    # In the note letters are letters; once it is left they are dispositions again.
    wait_until_still(page)
    page.locator(".st-key-vet-note textarea").wait_for()
    page.keyboard.press("n")
    page.locator(".st-key-vet-note textarea:focus").wait_for()
    page.keyboard.type("pa fau")
    page.keyboard.press("Escape")
    for _ in range(20):  # a busy machine keeps it later
        page.wait_for_timeout(500)
        if notes.load("SIM 3", "ada").note:
            break
    assert notes.load("SIM 3", "ada").note == "pa fau"
    assert len(dispositions.list_current()) == 2
    judged_after(page, "u", "SIM 4")
    (kept,) = dispositions.list_by_star("SIM 3")
    assert (kept.disposition, kept.note) == ("UNSURE", "pa fau")
    assert_no_error(page)

    # A link leads back to the star, and the way on.
    page.goto(f"{server}/Vet?" + page.url.split("?")[1])
    shown(page, "SIM 4")

    # Without looking: every star once, none that was not there.
    page.keyboard.down("p")
    page.keyboard.down("p")  # a key that is held down repeats, and counts once at most
    page.keyboard.up("p")
    finished = page.get_by_text("All stars of this queue have a disposition")
    for number in range(1200):
        if finished.is_visible():
            break
        page.keyboard.press("pfau"[number % 4])
        page.wait_for_timeout(KEY_MS)
    finished.wait_for()
    given = [e for e in dispositions.history(reviewer="ada") if not e.is_undo]
    assert sorted(e.disposition.target_id for e in given if not e.undone) == sorted(f"SIM {n}" for n in range(1, 7))
    assert len(given) == 7, "six stars, and one disposition that was undone"
    assert all(v.seconds is not None and v.seconds > 0.2 for v in dispositions.list_current()), "each was looked at"
    assert_no_error(page)


#: What of the figures' words and toolbars lies on each other, but for the edges of their lines.
OVERLAPS = """() => {
  const found = [];
  for (const plot of document.querySelectorAll(".st-key-vet-figures .js-plotly-plot")) {
    const boxes = [...plot.querySelectorAll("text, .modebar-group")]
      .map((e) => [e.textContent || "toolbar", e.getBoundingClientRect()]).filter(([_, box]) => box.width && box.height);
    boxes.forEach(([one, a], k) => boxes.slice(k + 1).forEach(([other, b]) => {
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 2 && high > 2) found.push(`${one} on ${other}`);
    }));
  }
  return found;
}"""


def assert_nothing_overlaps(page, width: int, height: int) -> None:
    """On a screen of that size no word or toolbar of a figure lies on another, and the dispositions are on the first screen."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(1500)
    assert page.evaluate(OVERLAPS) == [], width
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    for button in page.locator(".st-key-vet-decisions button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= height, width


#: Notes each key before the page's own script sees it: which, and the star whose name and figures are painted then, told by
#: what people read (the name, the figures' descriptions), where the page's script goes by the token of the showing.
WATCH = """() => {
  window.pressed = [];
  const described = (start) => [...document.querySelectorAll(`[aria-label^="${start}"]`)]
    .filter((chart) => chart.querySelector(".main-svg")).map((chart) => chart.getAttribute("aria-label"));
  window.addEventListener("keydown", (e) => {
    const name = document.querySelector(".st-key-vet-header h3");
    const star = name ? name.innerText.trim() : "";
    const curves = described("Light curve of "), folds = described("Folds");
    const painted = star && curves.some((label) => label.startsWith(`Light curve of ${star} `))
      && folds.every((label) => label.endsWith(` of ${star}`));
    window.pressed.push([e.key, painted ? star : ""]);
  }, true);
}"""


def test_a_key_before_its_star_is_painted_does_not_count(page, server, decided):
    numbers = [10, 11, 12]
    queue = queues.create("fast", [QueueItem(f"SIM {n}", {"target": f"SIM {n}"}) for n in numbers]).queue_id
    page.set_viewport_size({"width": 1440, "height": 900})
    page.add_init_script(f"({WATCH})()")
    # A slow computer: figures are painted long after their star has come.
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.goto(f"{server}/Vet?queue={queue}&reviewer=bob")
    shown(page, "SIM 10")
    finished = page.get_by_text("All stars of this queue have a disposition")
    for _ in range(2400):
        if finished.is_visible():
            break
        page.keyboard.press("f")
        page.wait_for_timeout(KEY_MS)
    finished.wait_for()
    pressed = page.evaluate("() => window.pressed")
    assert any(not star for _, star in pressed), "keys came before the stars were painted"
    given = [e.disposition for e in dispositions.history(reviewer="bob")]
    assert sorted(d.target_id for d in given) == sorted(f"SIM {n}" for n in numbers), "each star once"
    for disposition in given:
        assert ["f", disposition.target_id] in pressed, f"{disposition.target_id} was never painted when a key came"
        assert (disposition.seconds or 0) > keys.MIN_PAINTED_MS / 1e3


def test_figures_of_another_showing_keep_the_keys_back(page, server, decided):
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{server}/Vet?target=SIM 4&reviewer=carl")
    shown(page, "SIM 4")
    wait_until_still(page)
    figure = ".st-key-vet-figures .js-plotly-plot"
    # As if the second figure were still that of the star before: in a page that listens anew, for it has seen this star painted.
    token = page.evaluate(f"() => document.querySelectorAll('{figure}')[1].layout.meta.showing")
    page.evaluate(f"() => {{ document.querySelectorAll('{figure}')[1].layout.meta = {{showing: 'another'}}; }}")
    button = page.locator('[class*="st-key-vote-UNSURE-"]').first
    assert f"st-key-vote-UNSURE-{token}" in (button.get_attribute("class") or "")
    # The script begins to look at a token when its buttons come: take them away for a moment.
    button.evaluate("b => { window.kept = [b, b.className]; b.className = ''; }")
    page.wait_for_timeout(300)
    page.evaluate("() => { window.kept[0].className = window.kept[1]; }")
    page.wait_for_timeout(1000)
    page.keyboard.press("f")
    page.wait_for_timeout(2000)
    assert dispositions.list_by_star("SIM 4") == () or all(d.reviewer != "carl" for d in dispositions.list_by_star("SIM 4"))
    page.evaluate(f"() => {{ document.querySelectorAll('{figure}')[1].layout.meta = {{showing: '{token}'}}; }}")
    page.wait_for_timeout(1000)
    page.keyboard.press("f")
    page.get_by_text("FP on SIM 4 is saved").wait_for()
    assert [d.disposition for d in dispositions.list_by_star("SIM 4") if d.reviewer == "carl"] == ["FP"]
    shown(page, "SIM 4")
    for width, height in ((1440, 900), (1000, 800), (390, 844)):
        assert_nothing_overlaps(page, width, height)


def test_signals_of_a_star_by_keyboard(page, server, decided):
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{server}/Vet?target=SIM 5&reviewer=dora")
    shown(page, "SIM 5")
    wait_until_still(page)
    first, second = (page.locator(f".st-key-signal-{n}-SIM-5 button").first for n in (1, 2))
    for _ in range(4):  # a redraw may come between
        second.press("Enter")
        page.wait_for_timeout(3000)
        if "signal=SIM" in page.url:
            break
    wait_until_still(page)
    page.wait_for_timeout(1000)
    before = first.inner_text()  # another reviewer may have given it one in a test before
    page.keyboard.press("f")
    page.get_by_text("FP on SIM 5 is saved for signal 2").wait_for()
    assert second.inner_text().endswith("· FP")
    assert first.inner_text() == before
    assert not before.endswith("· FP")
    [given] = [d for d in dispositions.list_standing("SIM 5") if d.reviewer == "dora"]
    assert given.ephemeris is not None
    assert given.ephemeris.name == "SIM 5.02"
    assert_no_error(page)
