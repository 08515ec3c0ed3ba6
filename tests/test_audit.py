"""The audit's words for what pip-audit says; the advisories themselves are asked for by `make audit` alone."""

import json

from tools import audit


def report(**packages: object) -> str:
    return json.dumps({"dependencies": [{"name": name, "version": "1.0"} | values for name, values in packages.items()]})


def test_a_known_vulnerability_is_a_failure():
    status, words = audit.summarize(report(good={"vulns": []}, bad={"vulns": [{"id": "PYSEC-2026-1"}]}))
    assert status == 1
    assert words == ["2 packages audited, 1 known vulnerabilities", "bad 1.0: PYSEC-2026-1"]


def test_an_audit_without_network_says_so():
    assert audit.summarize("")[0] == 2
    status, words = audit.summarize(report(a={"skip_reason": "not found"}, b={"skip_reason": "not found"}))
    assert status == 2
    assert "Not audited" in words[0]


def test_what_could_not_be_asked_about_is_named():
    assert audit.summarize(report(a={"vulns": []}, b={"skip_reason": "editable"})) == (
        0,
        ["1 packages audited, 0 known vulnerabilities", "Not audited: b"],
    )
