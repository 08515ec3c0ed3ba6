"""What browser tests do on any page."""

#: A busy machine without a graphics card draws the first chart slowly.
PATIENCE_MS = 60_000
#: So often a person clicks before giving up.
TRIES = 4


def wait_for_chart(page) -> None:
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    wait_until_still(page)


def wait_until_still(page) -> None:
    """Wait until the page is not being drawn."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def click_until(page, button, sign, *, twice: bool = False) -> None:
    """Click a button until the ``sign`` of what it does is there; a page that is being drawn anew loses clicks.

    ``twice``: as people do who think that every button wants a double click.
    """
    from playwright.sync_api import TimeoutError

    for _ in range(TRIES):
        wait_until_still(page)
        if button.is_visible() and button.is_enabled():
            button.dblclick() if twice else button.click()
        try:
            sign.wait_for(timeout=PATIENCE_MS / 3)
            return
        except TimeoutError:
            continue
    sign.wait_for()


def fill(page, field, value: str, shown) -> None:
    """Type into a field until the address, or whatever ``shown`` waits for, tells that it was taken."""
    for number in range(TRIES):
        wait_until_still(page)
        field.fill(value)
        field.press("Enter")
        try:
            shown(PATIENCE_MS if number == TRIES - 1 else PATIENCE_MS / 6)
            return
        except AssertionError:
            if number == TRIES - 1:
                raise


def pick(page, label: str, option: str, shown) -> None:
    """Choose from a list until ``shown`` tells that it was taken."""
    from playwright.sync_api import TimeoutError

    for number in range(TRIES):
        wait_until_still(page)
        try:
            page.get_by_role("combobox", name=label, exact=True).click(timeout=PATIENCE_MS / 6)
            page.get_by_role("option", name=option, exact=True).click(timeout=PATIENCE_MS / 6)
            shown(PATIENCE_MS if number == TRIES - 1 else PATIENCE_MS / 6)
            return
        except (AssertionError, TimeoutError):
            if number == TRIES - 1:
                raise
            page.keyboard.press("Escape")


def assert_no_error(page) -> None:
    assert page.locator("[data-testid=stException]").count() == 0
    assert "Traceback" not in page.locator("body").inner_text()
