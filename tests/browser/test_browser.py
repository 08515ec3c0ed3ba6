import re
import shutil
from pathlib import Path

import pytest

from tests.browser.steps import PATIENCE_MS, assert_no_error, wait_for_chart, wait_until_still

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server_home(home_with_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a tiny model for TESS."""
    home = tmp_path_factory.mktemp("home")
    shutil.copytree(home_with_model / "models", home / "models")
    return home


def test_from_a_name_to_a_star_to_a_link(page, server):
    from playwright.sync_api import expect

    page.goto(server)
    page.get_by_role("heading", name="AstroSeq", exact=True).wait_for()
    wait_for_chart(page)
    assert_no_error(page)

    field = page.get_by_label("A star")
    field.fill("no such star")
    field.press("Enter")
    expect(page.get_by_test_id("stAlert")).to_contain_text("is in no catalog here", timeout=PATIENCE_MS)
    assert_no_error(page)

    field.fill("sim3")
    field.press("Enter")
    page.get_by_role("heading", name="SIM 3", exact=True).wait_for()
    expect(page).to_have_url(re.compile(r"/Explore\?.*target=SIM(\+|%20)3"))
    wait_for_chart(page)
    assert page.locator(".js-plotly-plot").count() >= 1
    assert_no_error(page)
    assert_cadences_can_be_hovered(page)

    page.get_by_role("button", name="Next").click()
    page.get_by_role("heading", name="SIM 4", exact=True).wait_for()
    expect(page).to_have_url(re.compile(r"target=SIM(\+|%20)4"), timeout=PATIENCE_MS)
    assert_a_clicked_segment_opens(page, "SIM 4")
    assert_a_view_is_kept(page)
    page.get_by_role("tab", name="Ephemerides").click()
    expect(page).to_have_url(re.compile(r"tab=Ephemerides"), timeout=PATIENCE_MS)
    page.locator("[data-testid=stDataFrame]").wait_for()

    link = page.url
    page.context.clear_cookies()
    page.goto("about:blank")
    page.goto(link)
    page.get_by_role("heading", name="SIM 4", exact=True).wait_for()
    page.locator("[data-testid=stDataFrame]").wait_for()
    wait_for_chart(page)
    assert_no_error(page)


def test_keys_change_the_star(page, server):
    page.goto(f"{server}/Explore?target=SIM+6")
    page.get_by_role("heading", name="SIM 6", exact=True).wait_for()
    wait_for_chart(page)
    overlay = page.get_by_role("dialog", name="Keys of this page")
    page.keyboard.press("?")
    overlay.wait_for()
    page.keyboard.press("ArrowRight")  # keys rest while their list is read
    page.keyboard.press("Escape")
    overlay.wait_for(state="hidden")
    page.keyboard.press("ArrowRight")
    page.get_by_role("heading", name="SIM 7", exact=True).wait_for()
    page.keyboard.press("ArrowLeft")
    page.get_by_role("heading", name="SIM 6", exact=True).wait_for()
    # Where the arrows belong to the tabs, the star stays.
    page.get_by_role("tab").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    assert page.locator("[role=tab]:focus").inner_text() == page.get_by_role("tab").nth(1).inner_text()
    assert page.get_by_role("heading", name="SIM 6", exact=True).is_visible()
    assert_no_error(page)


def assert_cadences_can_be_hovered(page) -> None:
    """The cadences are painted, and the one under the mouse is named with its date, time and flux."""
    from playwright.sync_api import expect

    canvas = page.locator(".astroseq-chart-points").first
    where = canvas.evaluate(
        """(canvas) => {
          const { width, height } = canvas, box = canvas.getBoundingClientRect();
          const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
          const x = Math.round(width / 3);
          for (let y = 0; y < height; y++)
            if (pixels[4 * (y * width + x) + 3] > 100)
              return [box.x + (x / width) * box.width, box.y + (y / height) * box.height];
          return null;
        }"""
    )
    assert where is not None, "a third of the way through the light curve there is no cadence"
    page.mouse.move(*where)
    tip = page.locator(".astroseq-chart-tip").first
    expect(tip).to_be_visible()
    words = r"20\d\d-\d\d-\d\d\n?B[TK]JD \d+\.\d{4}\n?(flux|detrended) -?\d+\.\d{3} ppt"
    assert re.fullmatch(words, tip.inner_text().strip()), tip.inner_text()
    page.mouse.move(1, 1)
    expect(tip).to_be_hidden()


def assert_a_clicked_segment_opens(page, star: str) -> None:
    """A click on the strip of probabilities opens that segment below."""
    from playwright.sync_api import expect

    strip = page.locator(f'[aria-label^="Light curve of {star} "] .heatmaplayer image').first
    strip.wait_for()
    strip = strip.bounding_box()
    page.mouse.click(strip["x"] + strip["width"] / 2, strip["y"] + strip["height"] / 2)
    expect(page).to_have_url(re.compile(r"segment=\d+"), timeout=PATIENCE_MS)
    expect(page.get_by_role("tab", name="Segment")).to_have_attribute("aria-selected", "true")
    wait_until_still(page)


def assert_a_view_is_kept(page) -> None:
    """What was zoomed to stays when the same star is drawn again with more, such as its probabilities."""
    ranges = "() => document.querySelector('.astroseq-chart').chart.div._fullLayout.xaxis.range"
    before = page.evaluate(ranges)
    box = page.locator(".astroseq-chart-points").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.9, steps=4)
    page.mouse.up()
    page.wait_for_function(f"(was) => ({ranges})()[0] > was", arg=before[0])
    zoomed = page.evaluate(ranges)
    again = "() => { const { chart } = document.querySelector('.astroseq-chart'); chart.show(structuredClone(chart.content)); }"
    page.evaluate(again)
    assert page.evaluate(ranges) == pytest.approx(zoomed)
