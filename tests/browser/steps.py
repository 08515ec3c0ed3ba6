"""What browser tests do on any page."""

#: A busy machine without a graphics card draws the first chart slowly.
PATIENCE_MS = 60_000


def wait_for_chart(page) -> None:
    page.locator("[data-testid=stPlotlyChart] .main-svg").first.wait_for()
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


def assert_no_error(page) -> None:
    assert page.locator("[data-testid=stException]").count() == 0
    assert "Traceback" not in page.locator("body").inner_text()
