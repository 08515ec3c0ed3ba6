import re

import pytest

from tests.browser.steps import PATIENCE_MS, assert_no_error, wait_for_chart

pytestmark = pytest.mark.browser


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
    assert page.locator("[data-testid=stPlotlyChart]").count() >= 1
    assert_no_error(page)

    page.get_by_role("button", name="Next").click()
    page.get_by_role("heading", name="SIM 4", exact=True).wait_for()
    expect(page).to_have_url(re.compile(r"target=SIM(\+|%20)4"), timeout=PATIENCE_MS)
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
