"""Links between pages in a real browser, which a page without one does not refuse: the star goes with them, and the way back."""

import re
from pathlib import Path

import numpy as np
import pytest

from tests.browser.steps import PATIENCE_MS, assert_no_error, wait_until_still

pytestmark = pytest.mark.browser


def test_the_star_goes_with_every_link_and_the_browsers_own_buttons_lead_back(page, server, tmp_path: Path):
    from playwright.sync_api import expect

    def address(part: str) -> None:
        page.wait_for_url(re.compile(part), timeout=PATIENCE_MS)
        wait_until_still(page)
        assert_no_error(page)

    time = np.arange(1325.3, 1335.0, 10 / 1440)
    flux = 1 + 3e-4 * np.random.default_rng(1).standard_normal(len(time))
    np.savez(tmp_path / "TIC_77__s0001.npz", time=time, flux=flux, mission="TESS")

    # From the Data page, whose folder is a field there, too.
    page.goto(f"{server}/Data?tab=Your files&folder={tmp_path}")
    page.get_by_role("button", name="Open in Explore").click()
    page.locator("h1", has_text="TIC 77").wait_for()
    address(r"Explore\?.*folder=.*target=TIC")

    # A star of another source; the next one, back, and forth.
    page.goto(f"{server}/Explore?target=SIM 4")
    page.locator("h1", has_text="SIM 4").wait_for()
    wait_until_still(page)
    page.get_by_role("button", name="Next").click()
    page.locator("h1", has_text="SIM 5").wait_for()
    address("target=SIM.5")
    page.go_back()
    page.locator("h1", has_text="SIM 4").wait_for()
    expect(page.get_by_role("combobox", name="Name", exact=True)).to_have_value("SIM 4")
    page.go_forward()
    page.locator("h1", has_text="SIM 5").wait_for()
    wait_until_still(page)

    # To its vetting, and from there to Explore again.
    page.get_by_role("link", name="Vet this star").click()
    address(r"Vet\?.*target=SIM.5")
    field = page.get_by_label("Your name")
    field.fill("ada")
    field.press("Enter")
    wait_until_still(page)
    page.get_by_role("button", name="Begin", exact=True).click()
    page.locator(".st-key-vet-header h3", has_text="SIM 5").wait_for()
    page.get_by_role("tab", name="Details").click()
    address("tab=Details")
    page.get_by_role("button", name="More").click()
    page.get_by_role("button", name="Open in Explore").click()
    page.locator("h1", has_text="SIM 5").wait_for()
    address(r"Explore\?.*target=SIM.5")
