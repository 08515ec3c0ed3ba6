"""From the form of a survey to the leaderboard, a cut, and one of its stars."""

import re
import shutil
from pathlib import Path

import pytest

from tests.browser.steps import PATIENCE_MS, assert_no_error, click_until, fill, pick, wait_for_chart, wait_until_still

pytestmark = pytest.mark.browser
#: Loading a network and scoring six stars, on a machine that others use too.
SURVEY_MS = 120_000
MODELS = Path(__file__).resolve().parent.parent.parent / "models"


def test_from_a_survey_to_a_star_on_the_leaderboard(page, server, server_home: Path):
    from playwright.sync_api import expect

    def address(*parts: str):
        """A wait for an address that has all those parts."""
        wanted = re.compile("".join(f"(?=.*[?&]{part}(&|$))" for part in parts))
        return lambda patience: expect(page).to_have_url(wanted, timeout=patience)

    shutil.copytree(MODELS / "tess-2min-v2", server_home / "models" / "tess-2min-v2")
    page.goto(f"{server}/Survey?mission=TESS")
    page.get_by_role("heading", name="Survey", exact=True).wait_for()
    fill(page, page.get_by_role("spinbutton", name="Stars", exact=True), "6", address("count=6", "mission=TESS"))
    page.get_by_text("6 stars.").wait_for()
    assert_no_error(page)
    begun = page.get_by_role("heading", name=re.compile(r"^simulated-\d{8}$"))
    click_until(page, page.get_by_role("button", name="Start", exact=False), begun)
    page.get_by_text("took", exact=False).wait_for(timeout=SURVEY_MS)
    expect(page.get_by_text("6 of 6", exact=True)).to_be_visible()
    assert_no_error(page)

    board = page.get_by_role("heading", name="Leaderboard", exact=True)
    click_until(page, page.get_by_test_id("stMain").get_by_role("link", name="Leaderboard"), board)
    page.locator("[data-testid=stDataFrame] canvas").first.wait_for()
    expect(page.get_by_text("all simulated")).to_be_visible()
    pick(page, "Sort by", "magnitude", address("sort=magnitude"))
    pick(page, "Stars", "simulated", address("sort=magnitude", "stars=simulated"))
    fill(page, page.get_by_label("Magnitude from"), "1", address("stars=simulated", r"magnitude_min=1(\.0)?"))
    expect(page.get_by_text("1 to 6 of 6 stars")).to_be_visible(timeout=PATIENCE_MS)
    assert_no_error(page)

    link = page.url
    page.goto("about:blank")
    page.goto(link)
    page.locator("[data-testid=stDataFrame] canvas").first.wait_for()
    wait_until_still(page)
    address("sort=magnitude", "stars=simulated", r"magnitude_min=1(\.0)?")(PATIENCE_MS)
    expect(page.get_by_role("combobox", name="Sort by", exact=True)).to_have_value("magnitude")
    expect(page.get_by_text("1 to 6 of 6 stars")).to_be_visible()
    assert page.get_by_test_id("stAlert").count() == 0, "the page understood its own address"

    keep = page.get_by_role("button", name="Keep this threshold")
    click_until(page, page.get_by_role("tab", name="Threshold"), keep)
    fill(page, page.get_by_label("Stars that pass"), "2", address("top=2"))
    expect(page.get_by_text("2 of 6", exact=True).first).to_be_visible(timeout=PATIENCE_MS)
    wait_for_chart(page)
    click_until(page, keep, page.get_by_text("are above the threshold now", exact=False))
    expect(page.get_by_text(re.compile(r"threshold: .* on$")).first).to_be_visible()
    assert_no_error(page)

    star = page.get_by_role("combobox", name="Star", exact=True)
    click_until(page, page.get_by_role("tab", name="Stars"), star)
    wait_until_still(page)
    star.click()
    name = page.get_by_role("option").first.inner_text()
    page.keyboard.press("Escape")
    pick(page, "Star", name, address(r"star=" + re.sub(" ", r"(\\+|%20)", name)))
    click_until(page, page.get_by_role("button", name="Open in Explore"), page.get_by_role("heading", name=name, exact=True))
    wait_for_chart(page)
    expect(page).to_have_url(re.compile(r"/Explore\?.*target=SIM"))
    assert_no_error(page)
