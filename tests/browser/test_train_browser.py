"""From the form to a model of one's own: start, reload in the middle, cancel, finish another, make it the default."""

import json
import re
from urllib.parse import quote

import pytest

from tests.browser.steps import PATIENCE_MS, assert_no_error, click_until, wait_for_chart

pytestmark = pytest.mark.browser
#: The smallest run, of the smallest network, that has stars of both kinds in every part of its split.
SMALLEST = (
    "recipe=tess-30min&simulated_TESS=12&copies_simulated=2&star_cap=60&batch=16"
    "&part_train=0.4&part_validation=0.2&part_calibration=0.2&part_test=0.2"
    # the making of the graph of a network of more levels takes longer than its training
    + "&options="
    + quote(json.dumps({"stem_stride": 2, "widths": [16], "context": 0}))
)
#: Preparing, a few epochs, judging, with everything loaded anew, on a machine that others use too.
RUN_MS = 180_000


def start(page, server: str, name: str, settings: str) -> None:
    page.goto(f"{server}/Train?{SMALLEST}&{settings}")
    field = page.get_by_role("textbox", name="Name of the run")
    field.fill(name)
    field.press("Enter")
    page.wait_for_timeout(1000)  # the name is on its way to the page
    begin = page.get_by_role("button", name="Start", exact=False).first
    click_until(page, begin, page.get_by_role("heading", name=name, exact=True), twice=True)


def test_a_model_of_ones_own(page, server):
    from playwright.sync_api import expect

    start(page, server, "never-ends", "epochs=400&patience=400&seed=3")
    expect(page).to_have_url(re.compile(r"tab=Runs.*run=never-ends|run=never-ends.*tab=Runs"), timeout=PATIENCE_MS)
    page.get_by_text(re.compile(r"stars prepared|epoch \d+ of")).first.wait_for()
    assert_no_error(page)

    page.reload()
    page.get_by_role("heading", name="never-ends", exact=True).wait_for()
    page.get_by_text(re.compile(r"stars prepared|epoch \d+ of")).first.wait_for()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Go on").wait_for()
    assert_no_error(page)

    start(page, server, "my-own", "epochs=8&seed=3")
    page.get_by_text("ROC-AUC", exact=True).first.wait_for(timeout=RUN_MS)
    wait_for_chart(page)
    assert_no_error(page)
    promote = page.get_by_role("button", name="Make it the default for TESS")
    promote.wait_for(timeout=RUN_MS)  # its epoch is shown before it is judged
    promote.click()
    page.get_by_text("my-own is the default for TESS now.").wait_for(timeout=RUN_MS)
    expect(page.get_by_text("Default for TESS: this model")).to_be_visible(timeout=PATIENCE_MS)

    page.get_by_role("button", name="All runs").click()
    page.get_by_text("Mark one row to open it").wait_for()
    assert_no_error(page)

    page.goto(f"{server}/Explore?target=SIM+1&tab=Data")
    page.get_by_role("heading", name="SIM 1", exact=True).wait_for()
    wait_for_chart(page)
    expect(page.locator("body")).to_contain_text("Model my-own", timeout=PATIENCE_MS)
    assert_no_error(page)
