"""Every finding of the probe has a remedy, made of the finding's own fields, quoted for a shell."""

import string

import pytest

from certkit.cli.support import remedies
from certkit.cli.support.remedies import findings
from certkit.probe import Check
from tests.documents.probe_page import STAGES

OF_ERRORS = {
    "configuration-not-yaml",
    "configuration-malformed",
    "configuration-unreadable",
    "env-file-unreadable",
    "wrong-scheme",
    "no-port",
    "not-a-url",
}
"""Findings that are errors of reading: their remedies are those errors' own."""

ALL = [each.id for stage in STAGES for each in stage.findings]


def finding(name: str, **fields: object) -> Check:
    return Check(name, "TLS", "finding", "seen", "means", fields=fields)


def test_every_finding_has_a_remedy_and_every_remedy_a_finding() -> None:
    assert set(findings.REMEDIES) == set(ALL) - OF_ERRORS


@pytest.mark.parametrize("name", sorted(findings.REMEDIES))
def test_a_remedy_can_be_pasted_whatever_its_fields_hold(name: str) -> None:
    wanted = {field for _, field, _, _ in string.Formatter().parse(findings.REMEDIES[name]) if field}
    hostile = "a b'; rm -rf ~\n\x1b[2J"
    said = remedies.of_finding(finding(name, **dict.fromkeys(wanted, hostile)))
    assert said
    assert not wanted or "\n\\x1b" not in said
    assert "\x1b" not in said
    assert len(said.splitlines()) == len(findings.REMEDIES[name].splitlines())


def test_an_error_that_is_a_finding_keeps_the_error_s_remedy() -> None:
    assert remedies.of_finding(finding("no-port", code="missing-port", hint="Write it so.")) == "Write it so."
    assert remedies.of_finding(Check("tls", "TLS", "ok", "1.3")) == ""
