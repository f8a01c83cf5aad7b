"""The passphrase of the authorities' keys: from a file, from a command, from the terminal, and never to be seen."""

import stat
from pathlib import Path

import pytest

from certkit.pki import keys
from tests.cli.conftest import URL, Ended, Lead
from tests.cli.terminal import on_terminal

SECRET = "violet anchor"
INIT = ["init", "--team", "acme", "--daemon", URL]


def init(lead: Lead, *arguments: str | Path) -> Ended:
    return lead(*INIT, *arguments)


def issue(lead: Lead, name: str = "alice") -> Ended:
    return lead("issue", name, "--out", name, "--no-passphrase")


def assert_encrypted(home: Path) -> None:
    """Each authority's key opens with the passphrase alone; a daemon's is clear, for no daemon reads another."""
    for role in ("server", "client"):
        pem = (home / "authorities" / role / "key.pem").read_bytes()
        assert keys.load(pem, SECRET.encode())
        with pytest.raises(keys.EncryptedKeyError):
            keys.load(pem)
    assert keys.load((home / "daemons" / "build" / "key.pem").read_bytes())


@pytest.fixture
def secret(desk: Path) -> Path:
    """Put the passphrase into a file's first line."""
    (desk / "secret").write_text(f"{SECRET}\r\nnot this\n")
    return desk / "secret"


def test_from_a_file(lead: Lead, tmp_path: Path, secret: Path) -> None:
    ended = init(lead, "--passphrase-file", "secret")
    assert ended.code == 0
    assert "not encrypted" not in ended.out
    assert_encrypted(tmp_path / "home")
    assert f"passphrase_file: {secret}" in (tmp_path / "home" / "team.yml").read_text()
    assert issue(lead).code == 0


def test_from_a_command_which_is_asked_once(lead: Lead, tmp_path: Path, secret: Path) -> None:
    assert init(lead, "--passphrase-command", f"echo asked >> asked; cat {secret}").code == 0
    assert_encrypted(tmp_path / "home")
    assert Path("asked").read_text() == "asked\n"
    assert issue(lead).code == 0
    assert lead("list").code == 0
    assert Path("asked").read_text() == "asked\n" * 2


def test_from_the_terminal_where_it_is_not_shown(lead: Lead, tmp_path: Path) -> None:
    code, shown = on_terminal([*INIT, "--passphrase"], {"New passphrase": SECRET, "Repeat|again|confirm": SECRET})
    assert code == 0, shown
    assert_encrypted(tmp_path / "home")
    code, more = on_terminal(["issue", "alice", "--out", "alice", "--no-passphrase"], {"Passphrase": SECRET})
    assert code == 0, more
    assert Path("alice").exists()
    assert SECRET not in shown + more


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "has no passphrase in its first line"),
        ("\nx", "has no passphrase in its first line"),
        ("x" * 1024, "1023 bytes"),
    ],
)
def test_a_file_that_holds_none_makes_nothing(lead: Lead, tmp_path: Path, content: str, what: str) -> None:
    Path("secret").write_text(content)
    code, said, _ = init(lead, "--passphrase-file", "secret").complaint
    assert code == 1
    assert what in said
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("command", ["exit 3", "true", "no-such-command 2> /dev/null"])
def test_a_command_that_gives_none_makes_nothing(lead: Lead, tmp_path: Path, command: str) -> None:
    code, what, remedy = init(lead, "--passphrase-command", command).complaint
    assert code == 1
    assert "passphrase command" in what
    assert remedy
    assert not (tmp_path / "home").exists()


def test_a_wrong_one_issues_nothing(lead: Lead, secret: Path) -> None:
    init(lead, "--passphrase-file", secret)
    secret.write_text("another\n")
    assert issue(lead).complaint[:2] == (1, "certkit: the passphrase does not open the authorities' keys")
    assert lead("list", "--json").data == {"devices": []}
    assert not Path("alice").exists()
    secret.unlink()
    assert issue(lead).complaint[:2] == (1, f"certkit: {secret} does not exist (passphrase_file in team.yml)")


def test_no_secret_is_in_the_log_the_settings_or_the_output(lead: Lead, tmp_path: Path, secret: Path) -> None:
    said = init(lead, "--passphrase-file", secret).out
    said += lead("issue", "alice", "--out", "a", "--passphrase-file", secret).out
    said += lead("log", "--json").out + lead("status").out + (tmp_path / "home" / "team.yml").read_text()
    assert SECRET not in said
    assert "PRIVATE" not in said
    ledger = b"".join(path.read_bytes() for path in (tmp_path / "home").glob("ledger*"))
    assert SECRET.encode() not in ledger
    assert b"PRIVATE" not in ledger
    assert stat.S_IMODE(Path("a").stat().st_mode) == 0o600


def test_what_a_command_starts_learns_no_secret(lead: Lead, secret: Path) -> None:
    look = f"ps -ef > seen; env >> seen; cat {secret}"
    init(lead, "--passphrase-command", look)
    assert issue(lead).code == 0
    seen = Path("seen").read_text()
    assert "PATH=" in seen
    assert SECRET not in seen
