"""The keys of the vetting page: one table, which the buttons, the help, the script and the docs follow."""

import json
import re
from html import escape
from pathlib import Path

import pytest

from astroseq_core.app.explore import sidebar
from astroseq_core.app.vet import keys
from astroseq_core.app.vet.keys import Action
from astroseq_core.store.disposition_entry import DISPOSITIONS, REASON_CODES
from tests.app import driving

ROOT = Path(__file__).resolve().parent.parent.parent


def test_each_key_does_one_thing():
    names = [key.browser_name for key in keys.KEYS]
    assert len(set(names)) == len(names)
    assert {key.action for key in keys.KEYS} == set(Action)
    assert {key.disposition for key in keys.DECISIONS} <= set(DISPOSITIONS)
    for action in Action:
        if action is not Action.DECIDE:
            assert keys.key_of(action).action is action


def test_the_docs_have_the_table_of_keys():
    assert keys.keys_table() in (ROOT / "docs" / "vetting.md").read_text(encoding="utf-8")


def test_a_key_means_the_same_in_explore():
    mine = {row.symbol: row.words for row in keys.key_rows()}
    assert {row.symbol: mine.get(row.symbol) for row in sidebar.KEYS} == {row.symbol: row.words for row in sidebar.KEYS}


@pytest.fixture
def page(no_models):
    return driving.opened("7_Vet.py", target="SIM 4", reviewer="ada")


def test_buttons_and_help_have_the_keys_of_the_table(page):
    shortcuts = {b.proto.shortcut.lower(): b.proto.label for b in page.button if b.proto.shortcut}
    wanted = {key.key.lower(): key.label for key in keys.KEYS if key.action not in (Action.NOTE, Action.HELP)}
    assert set(shortcuts) == set(wanted)
    assert all(label == shortcuts[name] for name, label in wanted.items() if label)
    [overlay] = [h.proto.body for h in page.get("html") if "<dialog" in h.proto.body]
    rows = dict(re.findall(r"<tr><td><kbd>(.*?)</kbd></td><td>(.*?)</td></tr>", overlay))
    assert {key.symbol: escape(key.help) for key in keys.KEYS}.items() <= rows.items()
    assert {code: escape(words) for code, words in REASON_CODES.items()}.items() <= rows.items()


def test_the_script_has_the_keys_of_the_table_and_finds_what_the_page_shows(page):
    [script] = [h.proto.body for h in page.get("html") if "astroseqVetKeys" in h.proto.body]
    found = re.search(r"const C = (\{.*\});", script)
    assert found is not None
    constants = json.loads(found.group(1))
    assert constants["actions"] == {key.browser_name: str(key.action) for key in keys.KEYS}
    token = page.session_state["vet showing"].token
    buttons = [f"st-key-{b.key}".replace(" ", "-") for b in page.button]
    assert f"{constants['button']}{token}" in buttons
    figures = [json.loads(c.proto.spec) for c in page.get("plotly_chart")]
    assert len(figures) == 2
    assert all(f["layout"]["meta"] == {constants["meta"]: token} for f in figures), "each figure says whose it is"
    assert keys.MIN_PAINTED_MS == constants["minPaintedMs"] > 0
