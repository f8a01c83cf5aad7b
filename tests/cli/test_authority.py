"""`certkit authority …`: the fingerprints that people compare, and the one passphrase of all authorities' keys."""

from pathlib import Path

import pytest

from certkit import files
from certkit.pki import certificates, keys
from tests.cli.conftest import Lead
from tests.cli.openssl import issue
from tests.cli.terminal import on_terminal

OLD, NEW = "violet anchor", "green harbour"


def keep(name: str, word: str) -> str:
    """Put a passphrase into a file that nobody else can read."""
    files.write(Path(name), word.encode())
    return name


def opens(home: Path, word: str | None) -> bool:
    """Tell whether every authority's key opens with a passphrase, or is clear; it must be all or none."""
    found = []
    for path in home.glob("authorities/*-*/key.pem"):
        assert path.stat().st_mode & 0o777 == 0o600
        try:
            found.append(bool(keys.load(path.read_bytes(), word.encode() if word else None)))
        except (keys.EncryptedKeyError, keys.WrongPassphraseError):
            found.append(False)
    assert len(set(found)) == 1
    return found[0]


def is_clear(home: Path) -> bool:
    return all(b"ENCRYPTED" not in path.read_bytes() for path in home.glob("authorities/*-*/key.pem"))


def test_it_is_put_on_changed_and_taken_off(lead: Lead, home: Path) -> None:
    lead("rotate", "client", "prepare")
    ended = lead("authority", "passphrase", "--passphrase-file", keep("old", OLD))
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[0] == "The authorities' keys have a new passphrase."
    assert opens(home, OLD)
    issue(lead, "al")
    assert lead("authority", "passphrase", "--passphrase-command", f"echo {NEW}").code == 0
    assert (opens(home, NEW), opens(home, OLD)) == (True, False)
    assert lead("revoke", "al").code == 0
    assert lead("authority", "passphrase", "--remove").out.startswith("The authorities' keys are no longer encrypted.")
    assert is_clear(home)
    assert lead("reinstate", "al").code == 0
    changes = [each for each in lead("log", "--json").data["events"] if each["action"] == "authority passphrase"]
    assert [each["detail"]["encrypted"] for each in changes] == [True, True, False]


def test_it_is_asked_for_on_the_terminal_the_former_first(lead: Lead, home: Path) -> None:
    lead("authority", "passphrase", "--passphrase-command", f"echo {OLD}")
    settings = home / "team.yml"
    settings.write_text(settings.read_text().replace("passphrase_command: ", "# passphrase_command: "))
    answers = {"Passphrase of the authorities": OLD, "New passphrase": NEW, "Repeat": NEW}
    code, shown = on_terminal(["authority", "passphrase"], answers)
    assert code == 0, shown
    assert opens(home, NEW)
    assert not {OLD, NEW} & set(shown.split("\n"))
    assert "\npassphrase_" not in settings.read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        (["--remove", "--passphrase-file", "old"], 2, "the new passphrase is given in more than one way"),
        (["--passphrase-file", "none"], 1, "none does not exist"),
        (["--passphrase-file", "empty"], 1, "empty has no passphrase in its first line"),
        (["--passphrase-command", "exit 1"], 1, "the passphrase command failed: exit 1"),
        ([], 2, "New passphrase for the authorities: there is no terminal to ask on"),
    ],
)
def test_a_mistake_changes_no_key(lead: Lead, home: Path, arguments: list[str], code: int, what: str) -> None:
    keep("old", OLD)
    keep("empty", "")
    before = (home / "team.yml").read_bytes()
    assert lead("authority", "passphrase", *arguments).complaint[:2] == (code, f"certkit: {what}")
    assert is_clear(home)
    assert (home / "team.yml").read_bytes() == before
    assert not list(home.rglob("*.new"))


def test_a_former_one_that_is_wrong_changes_no_key(lead: Lead, home: Path) -> None:
    lead("authority", "passphrase", "--passphrase-file", keep("word", OLD))
    keep("word", "another one")
    ended = lead("authority", "passphrase", "--remove")
    assert (ended.code, "does not open the authorities' keys" in ended.err) == (1, True)
    assert opens(home, OLD)


def test_what_people_wrote_into_the_settings_stays(lead: Lead, home: Path) -> None:
    settings = home / "team.yml"
    settings.write_text(settings.read_text().replace("device_days: 90", "device_days: 30  # as agreed in May"))
    for arguments in (["--passphrase-file", keep("old", OLD)], ["--passphrase-command", f"echo {NEW}"], ["--remove"]):
        assert lead("authority", "passphrase", *arguments).code == 0
        assert "device_days: 30  # as agreed in May\n" in settings.read_text()
    assert is_clear(home)


def test_each_authority_is_shown_with_what_people_compare(lead: Lead, home: Path) -> None:
    lead("rotate", "client", "prepare")
    found = lead("authority", "show", "--json").data["authorities"]
    assert [(each["role"], each["generation"], each["duty"]) for each in found] == [
        ("server", 1, "signs"),
        ("client", 1, "signs"),
        ("client", 2, "trusted"),
    ]
    for each in found:
        path = home / "authorities" / f"{each['role']}-{each['generation']}" / "cert.pem"
        assert each["sha256"] == certificates.fingerprint(certificates.load(path.read_bytes()))
        assert each["sha256"] in "".join(lead("authority", "show").out.split())
