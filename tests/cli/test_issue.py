"""`certkit issue`: one file with everything to enroll with."""

import re
import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from certkit.cli.support import context
from certkit.enroll.bundle import Bundle, open_bundle
from certkit.pki import certificates, keys, names
from certkit.results import time_text
from tests.cli.conftest import ALICE, URL, Ended, Lead

SECRET = "violet anchor"


def opened(path: str, passphrase: str | None = None) -> Bundle:
    """Read a bundle as a laptop does."""
    return open_bundle(Path(path).read_bytes(), lambda: passphrase or pytest.fail("it is sealed"))


def issue(lead: Lead, *arguments: str, out: str = "alice.certkit") -> Ended:
    return lead("issue", ALICE, "--out", out, *arguments)


def shown_passphrase(out: str) -> str:
    [line] = [line for line in out.splitlines() if line.startswith("Passphrase")]
    return line.split()[1]


def test_it_gives_a_sealed_bundle_and_shows_its_passphrase_once(lead: Lead, home: Path) -> None:
    ended = issue(lead, "--device", "desk")
    assert (ended.code, ended.err) == (0, "")
    assert f"Issued {ALICE}, device desk, expires " in ended.out
    assert ended.out.splitlines()[-1] == "  certkit enroll alice.certkit"
    secret = shown_passphrase(ended.out)
    assert len(secret.split("-")) == 10
    bundle = opened("alice.certkit", secret)
    assert (bundle.team, bundle.person, bundle.device) == ("acme", ALICE, "desk")
    assert bundle.daemons == (("build", URL),)
    assert bundle.files()["ca.pem"] == (home / "authorities/server/cert.pem").read_bytes()
    content = Path("alice.certkit").read_bytes()
    assert b"PRIVATE" not in content
    assert ALICE.encode() not in content


def test_somebody_new_with_the_name_of_somebody_who_is_there_is_noted(lead: Lead, home: Path) -> None:
    issue(lead)
    ended = lead("issue", "Alice", "--out", "short.certkit")
    assert ended.code == 0
    assert ended.err.splitlines() == [
        f"Alice is new, and almost the name of {ALICE}.",
        "If that is one person, take it back:",
        "  certkit revoke Alice --reason replaced",
    ]
    for person in ("Alice", ALICE, "alicia@acme.example"):
        assert "is new" not in lead("issue", person, "--out", f"{person}.certkit").err


def test_the_file_is_private_and_its_certificate_recorded(lead: Lead, home: Path) -> None:
    data = issue(lead, "--no-passphrase", "--json").data
    bundle = opened("alice.certkit")
    assert stat.S_IMODE(Path("alice.certkit").stat().st_mode) == 0o600
    certificate = bundle.certificate
    assert data["serial"] == certificates.serial_text(certificate.serial_number)
    assert lead("show", data["serial"], "--json").data["sha256"] == certificates.fingerprint(certificate)
    assert bundle.key
    assert keys.matches(bundle.key, certificate)
    assert data["bundle"] == "alice.certkit"


def test_without_a_passphrase_it_says_what_that_means(lead: Lead, home: Path) -> None:
    ended = issue(lead, "--no-passphrase")
    assert ended.err == "The bundle is not encrypted: whoever has the file may build.\n"
    assert "Passphrase" not in ended.out


@pytest.mark.parametrize("passphrase", [SECRET, "caf\u00e9 violet anchor", "x" * 3000])
def test_a_passphrase_from_a_file_is_used_and_not_shown(lead: Lead, home: Path, passphrase: str) -> None:
    Path("secret").write_text(f"{passphrase}\nnot this\n")
    assert passphrase not in issue(lead, "--passphrase-file", "secret").out
    assert opened("alice.certkit", passphrase).person == ALICE
    assert "passphrase" not in issue(lead, "--passphrase-file", "secret", "--json", out="b").data


def test_as_json_the_passphrase_is_a_part_of_the_result(lead: Lead, home: Path) -> None:
    data = issue(lead, "--json").data
    assert opened("alice.certkit", data["passphrase"]).device == data["device"]
    assert data["person"] == ALICE


def test_each_device_gets_a_name_and_a_known_one_another_certificate(lead: Lead, home: Path) -> None:
    made_up = [issue(lead, "--no-passphrase", "--json", out=f"{number}").data["device"] for number in range(2)]
    again = issue(lead, "--no-passphrase", "--json", "--device", made_up[0], out="again").data
    assert all(name.startswith("laptop-") for name in made_up)
    assert again["device"] == made_up[0]
    assert len(lead("list", "--json").data["devices"]) == 2


def test_a_bundles_certificate_lives_a_year_or_what_the_team_says(lead: Lead, home: Path) -> None:
    issue(lead, "--no-passphrase")
    (home / "team.yml").write_text("team: acme\nbundle_days: 30\n")
    issue(lead, "--no-passphrase", out="short")
    for name, days in (("alice.certkit", 365), ("short", 30)):
        certificate = opened(name).certificate
        life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
        assert life == timedelta(days=days, minutes=10)


@pytest.mark.parametrize("person", ["Žofie Nováková", "日本語", "O'Neil; rm -rf", "x" * 64, "-x@y"])
def test_a_person_may_be_called_anything_that_can_be_printed(lead: Lead, home: Path, person: str) -> None:
    data = lead("issue", "--out", "a", "--no-passphrase", "--json", "--", person).data
    certificate = opened("a").certificate
    assert data["person"] == certificates.words(certificate.subject) == person
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in found] == [names.device_name(data["device"], person, "acme")]


@pytest.mark.parametrize("person", ["", "\x1b[31mred", "a\nb", "x" * 65, "a\u202eb"])
def test_a_name_that_cannot_be_printed_is_refused(lead: Lead, home: Path, person: str) -> None:
    code, what, remedy = lead("issue", person, "--out", "a").complaint
    assert code == 2
    assert "cannot be the name of a person" in what
    assert "\x1b" not in what
    assert "alice@acme.example" in remedy or "cannot be seen" in remedy
    assert not Path("a").exists()


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_nothing_is_overwritten_and_nobody_let_in(lead: Lead, home: Path, kind: str) -> None:
    path = Path("alice.certkit")
    {"file": path.touch, "link": lambda: path.symlink_to("nowhere"), "folder": path.mkdir}[kind]()
    assert issue(lead).complaint[:2] == (1, "certkit: alice.certkit exists already and is not overwritten")
    assert lead("list", "--json").data == {"devices": []}


def test_nor_is_a_file_that_appears_meanwhile(lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = context.now()

    def now_that_it_appears() -> datetime:
        Path("alice.certkit").touch()
        return now

    monkeypatch.setattr(context, "now", now_that_it_appears)
    assert issue(lead).complaint[:2] == (1, "certkit: alice.certkit exists already and is not overwritten")
    assert Path("alice.certkit").read_bytes() == b""


@pytest.mark.parametrize(
    ("out", "what"),
    [("nowhere/a", "nowhere is not there"), ("file/a", "file is not there"), ("x" * 300, "File name too long")],
)
def test_a_place_that_cannot_be_written_is_told_before_anybody_is_let_in(
    lead: Lead, home: Path, out: str, what: str
) -> None:
    Path("file").touch()
    code, said, _ = issue(lead, out=out).complaint
    assert code == 1
    assert what in said
    assert lead("list", "--json").data == {"devices": []}


def test_two_ways_to_a_passphrase_contradict_each_other(lead: Lead, home: Path) -> None:
    code, what, _ = issue(lead, "--no-passphrase", "--passphrase-file", "f").complaint
    assert (code, what) == (2, "certkit: --no-passphrase and --passphrase-file contradict each other")


def test_what_is_to_be_pasted_is_quoted_where_it_must_be(lead: Lead, home: Path) -> None:
    ended = lead("issue", "Alice Smith", "--device", "my desk", "--out", "Alice Smith.certkit")
    assert ended.out.splitlines()[-1] == "  certkit enroll 'Alice Smith.certkit'"


def test_an_authority_near_its_end_shortens_what_it_signs(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = certificates.load((home / "authorities/client/cert.pem").read_bytes()).not_valid_after_utc
    monkeypatch.setattr(context, "now", lambda: end - timedelta(days=7))
    assert issue(lead, "--no-passphrase", "--json").data["expires"] == time_text(end)
    monkeypatch.setattr(context, "now", lambda: end)
    assert issue(lead, out="b").complaint == (
        1,
        f"certkit: the client authority expired on {end.date()}",
        "Replace it: certkit rotate client prepare",
    )
    assert not Path("b").exists()


def test_who_has_a_device_already_is_told_with_how_to_renew_or_revoke_it(lead: Lead, home: Path) -> None:
    assert lead("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase").err.count("\n") == 1
    told = lead("issue", ALICE, "--out", "b", "--no-passphrase").err
    assert re.search(
        rf"^{ALICE} has had a device before: desk \(issued \S+\)\. laptop-\w+ is a further one\.$", told, re.MULTILINE
    )
    renew, revoke = (re.search(f"  certkit ({verb} .*)$", told, re.MULTILINE) for verb in ("issue", "revoke"))
    assert renew
    assert revoke
    assert lead(*renew[1].replace("FILE", "c").split(), "--no-passphrase").err.count("\n") == 1
    assert lead(*revoke[1].split()).out.startswith(f"Revoked {ALICE}, device desk\n")
    assert lead("issue", "bob", "--out", "d", "--no-passphrase").err.count("\n") == 1
