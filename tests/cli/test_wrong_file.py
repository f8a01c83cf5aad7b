"""A file that is given in another's place is named, and told what it is and where it belongs."""

from pathlib import Path

import pytest

from tests.cli.conftest import ALICE, Lead

ALARM = "No laptop should have it: tell whoever runs certkit for your team, and remove it here."


@pytest.fixture
def files(lead: Lead, home: Path, desk: Path) -> Path:
    """Return a folder with one of each kind."""
    Path("secret").write_text("a long passphrase\n")
    Path("secret").chmod(0o600)
    lead("enroll", "--request", "alice.csr")
    lead("issue", ALICE, "--out", "alice.certkit", "--passphrase-file", "secret")
    lead("issue", ALICE, "--out", "clear.certkit", "--no-passphrase")
    lead("backup", "acme.backup", "--passphrase-file", "secret")
    Path("key.pem").write_bytes((home / "daemons" / "build" / "key.pem").read_bytes())
    Path("cert.pem").write_bytes((home / "daemons" / "build" / "cert.pem").read_bytes())
    return desk


@pytest.mark.parametrize(
    ("verb", "name", "what", "remedy"),
    [
        ("enroll", "acme.backup", "is a backup of a team's home, with the keys of its authorities, no bundle", ALARM),
        ("enroll", "key.pem", "is a private key, no bundle", "Keep the key to yourself."),
        ("enroll", "cert.pem", "is a certificate, no bundle", "Name the bundle, or the answer to your request."),
        ("enroll", "alice.csr", "is a request for a certificate, no bundle", "certkit sign alice.csr"),
        ("restore", "alice.certkit", "is a bundle to enroll with, no backup", "certkit enroll alice.certkit"),
        ("restore", "clear.certkit", "is a bundle to enroll with, no backup", "certkit enroll clear.certkit"),
        ("restore", "alice.csr", "is a request for a certificate, no backup", "certkit sign alice.csr"),
        ("sign", "alice.certkit", "is a bundle to enroll with, no request", "certkit enroll alice.certkit"),
        ("sign", "cert.pem", "is a certificate, no request", "certkit enroll --request FILE makes one"),
        ("sign", "acme.backup", "is a backup of a team's home", "certkit restore acme.backup"),
    ],
)
def test_it_says_what_the_file_is_before_it_asks_for_anything(
    lead: Lead, files: Path, verb: str, name: str, what: str, remedy: str
) -> None:
    more = {"sign": ["--person", "x", "--out", "answer"], "restore": ["--home", "elsewhere"], "enroll": []}[verb]
    code, said, advice = lead(verb, name, *more).complaint
    assert code == 1
    assert said.startswith(f"certkit: {name} {what}")
    assert remedy in advice


@pytest.mark.parametrize(("verb", "name"), [("enroll", "alice.certkit"), ("restore", "acme.backup")])
def test_a_wrong_passphrase_is_told_with_the_file(lead: Lead, files: Path, verb: str, name: str) -> None:
    Path("wrong").write_text("a guess\n")
    Path("wrong").chmod(0o600)
    more = ["--home", "elsewhere"] if verb == "restore" else []
    code, said, _ = lead(verb, name, "--passphrase-file", "wrong", *more).complaint
    assert (code, said) == (1, f"certkit: {name}: the passphrase is wrong, or the file has been changed")


def test_what_is_nothing_known_is_told_with_the_file(lead: Lead, files: Path) -> None:
    Path("notes.txt").write_text("nothing")
    code, said, _ = lead("enroll", "notes.txt").complaint
    assert (code, said) == (1, "certkit: notes.txt: this bundle cannot be used: it is not a bundle")
