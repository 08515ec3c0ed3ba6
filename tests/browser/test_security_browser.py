"""What a page asks for, and from whom: of its own server alone, whatever stands in files from elsewhere."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from tests.app.tiny import make_model
from tests.browser.steps import PATIENCE_MS, assert_no_error, wait_for_chart, wait_until_still

pytestmark = pytest.mark.browser
PAGES = ("", "Explore", "Data", "TOIs", "Train", "Leaderboard", "Survey", "Vet")


@pytest.fixture
def requests(page) -> list[str]:
    """Addresses of all that the page asks for."""
    seen: list[str] = []
    page.on("request", lambda request: seen.append(request.url))
    return seen


@pytest.fixture
def refusals(page) -> list[str]:
    """What the content-security policy kept back."""
    seen: list[str] = []
    page.on("console", lambda message: seen.append(message.text) if "Content Security Policy" in message.text else None)
    return seen


@pytest.fixture
def faults(page) -> list[str]:
    """Errors in the browser's console, and requests that failed."""
    seen: list[str] = []
    page.on("console", lambda message: seen.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.on("response", lambda answer: seen.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    return seen


@pytest.fixture
def elsewhere():
    """A server that counts who comes: the paths that were asked for, and its address."""
    asked: list[str] = []

    class Counting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_args) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Counting) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield asked, f"http://127.0.0.1:{listening.server_address[1]}"
        listening.shutdown()


def test_no_page_asks_anyone_but_its_own_server(page, server, requests, refusals, faults):
    for name in PAGES:
        page.goto(f"{server}/{name}")
        page.locator("[data-testid=stSidebar]").wait_for(timeout=PATIENCE_MS, state="attached")
        wait_until_still(page)
        page.wait_for_timeout(300)
        assert_no_error(page)
    page.goto(f"{server}/Explore?target=SIM 4")
    wait_for_chart(page)
    # Plotly writes this into a chart where the policy keeps it from drawing.
    assert "WebGL is not supported" not in page.locator("body").inner_text()
    foreign = {url for url in requests if not url.startswith((f"{server}/", "data:", f"blob:{server}/"))}
    assert foreign == set()
    assert refusals == []
    assert faults == []
    assert page.locator("link[rel~=icon]").first.get_attribute("href").startswith("data:image/svg+xml")


def test_text_of_foreign_files_stays_text(page, server, server_home, requests, refusals, elsewhere):
    asked, address = elsewhere
    image, link, tag = f"![p]({address}/markdown)", f"www.a.example {address}/link", f'<img src="{address}/tag">'
    make_model(server_home, "foreign")
    card = json.loads((server_home / "models" / "foreign" / "card.json").read_text())
    card["title"] = f"{image} {link} {tag} :material/home:"
    card["training"] = {"stars": {f"{image} {link} {tag}": ["TIC 77"]}, "note": tag}
    (server_home / "models" / "foreign" / "card.json").write_text(json.dumps(card))
    folder = server_home / "data" / "stars"
    folder.mkdir(parents=True)
    time = np.arange(1325.3, 1345.0, 2 / 1440)
    flux = 1 + 3e-4 * np.random.default_rng(1).standard_normal(len(time))
    np.savez(folder / "TIC_77__s0001.npz", time=time, flux=flux, mission="TESS")
    name = f'<a href="{address}/figure">b</a> <b>bold</b> {image} {link} %{{y}}'
    quoted = name.replace('"', '""')
    rows = (
        f'target_id,name,period_days,t0,t0_system,duration_hours,disposition\nTIC 77,"{quoted}",3.1,1326.5,BTJD,2.5,"{image}"\n'
    )
    (folder / "known.csv").write_text(rows)

    star = f"source=files&folder={folder}&target=TIC 77&ephemerides={folder / 'known.csv'}"
    for tab, signs in (
        ("Data", ("Model foreign", "was among the 1 stars")),
        ("Folds", ("transits, depth",)),
        ("Ephemerides", ()),
    ):
        page.goto(f"{server}/Explore?{star}&model=foreign&tab={tab}")
        page.locator("h1", has_text="TIC 77").wait_for(timeout=PATIENCE_MS)
        wait_for_chart(page)
        for sign in signs:
            page.get_by_text(sign).first.wait_for(timeout=PATIENCE_MS)
        wait_until_still(page)
        shown = page.locator("[data-testid=stMain]")
        text = shown.inner_text().replace("\N{WORD JOINER}", "")
        assert image in text, f"{tab}: it is shown as it is written"
        assert shown.locator(f'a[href*="{address}"], img[src*="{address}"], a[href*="a.example"]').count() == 0
        legend = page.locator(".js-plotly-plot .legendtext").all_text_contents()
        assert any(name in entry.replace("\N{NO-BREAK SPACE}", " ") for entry in legend), legend
        assert page.locator(".js-plotly-plot .legend a, .js-plotly-plot .legend tspan[style*=bold]").count() == 0
        assert_no_error(page)

    page.goto(f"{server}/Vet?{star}&reviewer=ada")
    page.locator(".st-key-vet-header h3", has_text="TIC 77").wait_for(timeout=PATIENCE_MS)
    wait_for_chart(page)
    assert page.locator(f'[data-testid=stMain] a[href*="{address}"], [data-testid=stMain] img[src*="{address}"]').count() == 0
    page.wait_for_timeout(1000)
    assert asked == [], "nothing was asked for"
    assert not [url for url in requests if url.startswith(address)], "and nothing was tried"
    assert refusals == [], "so that the policy had nothing to keep back"


def test_the_policy_keeps_back_what_a_page_would_load_from_elsewhere(page, server, elsewhere, refusals):
    asked, address = elsewhere
    page.goto(server)
    wait_until_still(page)
    page.evaluate(
        """address => {
        const add = (tag, values) => document.body.appendChild(Object.assign(document.createElement(tag), values));
        add("img", {src: `${address}/image`});
        add("script", {src: `${address}/script`});
        add("script", {textContent: `window.ran = true; fetch("${address}/inline")`});
        add("iframe", {src: `${address}/frame`});
        add("link", {rel: "stylesheet", href: `${address}/style`});
        fetch(`${address}/fetch`).catch(() => {});
        try { new WebSocket(address.replace("http", "ws")); } catch {}
        }""",
        address,
    )
    page.wait_for_timeout(1500)
    assert asked == []
    assert page.evaluate("window.ran") is None
    assert len(refusals) >= 6
