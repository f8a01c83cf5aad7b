"""What is shown fits 80 columns, and a command stands on one line however narrow the terminal is."""

import re
from pathlib import Path

import pytest

from certkit.cli.support import probe_report, remedies
from certkit.cli.support.remedies.findings import REMEDIES
from certkit.probe import Check, Report
from tests.cli.conftest import ALICE, URL, Lead

COMMAND = re.compile(r" +(certkit|ssh|scp|docker|buildkitd|buildctl|export|chmod|--\w+) ")


def prose(shown: str) -> list[str]:
    """Return the lines that are no command to paste, and hold no path of a test."""
    return [line for line in shown.splitlines() if not COMMAND.match(line) and not line.startswith("directory ")]


def test_the_lead_s_screens_fit_80_columns(lead: Lead, tmp_path: Path) -> None:
    Path("secret").write_text("violet anchor kettle\n")
    said = [lead("init", "--team", "acme", "--daemon", URL)]
    said.append(lead("daemon", "add", "arm", "tcp://arm.acme.example:8372", "--san", "10.0.0.9"))
    said.append(lead("issue", ALICE, "--device", "a-laptop", "--out", "a.certkit"))
    said.append(lead("issue", "bob", "--out", "b.certkit", "--no-passphrase"))
    said.append(lead("revoke", ALICE))
    commands = [
        "list",
        "status",
        "show bob",
        "show build",
        "authority show",
        "rotate server",
        "backup b --passphrase-file secret",
        "reinstate bob",
    ]
    said += [lead(*command.split()) for command in commands]
    serial = lead("list", "--json").data["devices"][0]["serial"]
    said.append(lead("show", serial))
    for ended in said:
        assert [line for line in prose(ended.out + ended.err) if len(line) > 80] == []


def test_the_developer_s_screens_fit_80_columns(lead: Lead, home: Path, tmp_path: Path) -> None:
    lead("issue", ALICE, "--device", "a-laptop", "--out", "a.certkit", "--no-passphrase")
    (tmp_path / ".earthly").mkdir()
    (tmp_path / ".earthly" / "config.yml").write_text("global:\n  cache_size_mb: 5\n")
    said = [lead("enroll", "--request", "a.csr")]
    said.append(lead("sign", "a.csr", "--person", "bob", "--out", "answer.certkit"))
    said += [lead("enroll", "a.certkit", *options) for options in (["--dry-run"], ["--no-probe"], ["--no-probe"])]
    said += [lead("unenroll", "--dry-run"), lead("unenroll")]
    for ended in said:
        assert [line for line in prose(ended.out + ended.err) if len(line) > 80] == []


@pytest.mark.parametrize("finding", REMEDIES)
def test_a_command_in_a_remedy_is_never_broken(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], finding: str
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    fields = re.findall(r"{(\w+)}", REMEDIES[finding])
    check = Check(finding, "TLS", "finding", "something", "It means this.", fields=dict.fromkeys(fields, "some value"))
    probe_report.show(Report(URL, "", (check,)))
    shown = capsys.readouterr().out
    for line in remedies.of_finding(check).splitlines():
        if line.startswith("  "):
            assert f"{line}\n" in shown
        else:
            assert not re.search(r"(^|: )(certkit|export) ", line), "a command has a line of its own"


def test_what_was_told_of_another_client_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    finding = Check(
        "host-unresolved", "network", "finding", "build: unknown", "It means this.", fields={"host": "build"}
    )
    other = Check("host-unresolved", "network", "finding", "arm: unknown", "It means this.", fields={"host": "arm"})
    probe_report.show(Report(URL, "", (finding, other)), [finding])
    shown = capsys.readouterr().out
    assert "\nhost-unresolved: as above\n" in shown
    assert shown.count("Remedy") == 1
    assert "  Seen     arm: unknown\n" in shown
    assert shown.endswith("2 findings\n")
