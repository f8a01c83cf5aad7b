"""What the shell is told when somebody presses Tab."""

from pathlib import Path

import pytest

from tests.cli.conftest import ALICE, Lead

HOSTILE = "$(touch owned)"


@pytest.fixture
def complete(lead: Lead, monkeypatch: pytest.MonkeyPatch) -> "Complete":
    return Complete(lead, monkeypatch)


class Complete:
    """Asks as bash does."""

    def __init__(self, lead: Lead, patch: pytest.MonkeyPatch) -> None:
        self.lead = lead
        self.patch = patch

    def __call__(self, line: str) -> list[str]:
        words = line.split(" ")
        with self.patch.context() as patch:
            patch.setenv("_CERTKIT_COMPLETE", "complete_bash")
            patch.setenv("COMP_WORDS", line)
            patch.setenv("COMP_CWORD", str(len(words) - 1))
            ended = self.lead()
        assert ended.err == ""
        return ended.out.split()


@pytest.fixture
def crowd(lead: Lead, home: Path) -> None:
    """Let some people in, one of an evil name."""
    for person in (ALICE, "bob", HOSTILE):
        lead("issue", person, "--device", f"{person[:3]}-desk", "--out", "a", "--no-passphrase")
        Path("a").unlink()


@pytest.mark.usefixtures("crowd")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("certkit issue ", [ALICE, "bob"]),
        ("certkit revoke a", [ALICE]),
        ("certkit reinstate b", ["bob"]),
        ("certkit revoke --device b", ["bob-desk"]),
        ("certkit show ", [ALICE, "bob", "build"]),
        ("certkit log bu", ["build"]),
        ("certkit sign a.csr --person al", [ALICE]),
        ("certkit daemon renew ", ["build"]),
        ("certkit daemon check b", ["build"]),
    ],
)
def test_names_of_the_ledger_are_completed(complete: "Complete", line: str, expected: list[str]) -> None:
    assert complete(line) == expected


@pytest.mark.usefixtures("crowd")
def test_a_passphrase_is_not_asked_for(complete: "Complete", lead: Lead) -> None:
    assert lead("authority", "passphrase", "--passphrase-command", "touch asked; echo violet anchor").code == 0
    Path("asked").unlink()
    assert complete("certkit revoke a") == [ALICE]
    assert not Path("asked").exists()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("certkit enroll --for e", ["earthly", "earthbuild"]),
        ("certkit unenroll --for buildc", ["buildctl"]),
        ("certkit probe --for buildx", ["buildx"]),
        ("certkit daemon deploy --as ku", ["kubernetes"]),
        ("certkit daemon deploy --flavour b", ["buildkit"]),
        ("certkit revoke --reason key", ["keyCompromise"]),
        ("certkit init --key-type rsa", ["rsa3072", "rsa4096"]),
        ("certkit rotate cl", ["client"]),
        ("certkit un", ["unenroll"]),
    ],
)
def test_values_and_verbs_are_completed(complete: "Complete", line: str, expected: list[str]) -> None:
    assert complete(line) == expected


@pytest.mark.parametrize("content", [None, b"garbage"])
def test_without_a_home_there_is_nothing_to_complete(
    complete: "Complete", tmp_path: Path, content: bytes | None
) -> None:
    if content:
        (tmp_path / "home").mkdir()
        (tmp_path / "home" / "ledger.sqlite").write_bytes(content)
    assert complete("certkit revoke ") == []
