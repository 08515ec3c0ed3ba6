"""What tests do on any page that they run without a browser."""

from pathlib import Path

from streamlit.testing.v1 import AppTest

PAGES = Path(__file__).resolve().parent.parent.parent / "pages"


def opened(file: str, **address: str) -> AppTest:
    """The page of that file behind that address, opened cold."""
    page = AppTest.from_file(str(PAGES / file), default_timeout=300)
    for name, value in address.items():
        page.query_params[name] = value
    page.run()
    assert not page.exception
    return page


def press(page: AppTest, key: str) -> AppTest:
    """The page after a click on that button."""
    page.button(key=key).click().run()
    assert not page.exception
    return page


def words(page: AppTest) -> str:
    """All that it says."""
    kinds = (page.markdown, page.error, page.warning, page.success, page.info, page.caption, page.subheader)
    return " ".join(e.value for kind in kinds for e in kind).replace("\\", "")


def keys(page: AppTest) -> set[str]:
    """The keys of its buttons."""
    return {str(b.key) for b in page.button}


def metrics(page: AppTest) -> dict[str, str]:
    """Its numbers by their names."""
    return {m.label: m.value for m in page.metric}
