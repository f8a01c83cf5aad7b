"""`certkit revoke`: exactly those who are meant are shut out, whatever they will be given later."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certkit.authority.changes import changing
from certkit.authority.home import open_home
from certkit.cli.support import context
from certkit.ledger.interface import Actor
from certkit.pki import certificates, keys, names
from tests.cli.conftest import Lead
from tests.cli.openssl import contents, excluded, is_let_in, issue, serial

pytestmark = pytest.mark.usefixtures("database")

NEXT = "Next, for each daemon: copy the new files to its host, restart it, and verify it"


def test_a_person_is_shut_out_with_every_device_and_nobody_else(lead: Lead, home: Path) -> None:
    out = [issue(lead, "al"), issue(lead, "al", "desktop")]
    others = [issue(lead, "pal"), issue(lead, "al.team"), issue(lead, "al-2")]
    ended = lead("revoke", "al", "--reason", "affiliationChanged")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines()[:3] == ["Revoked al", "", NEXT]
    assert "  certkit daemon check build --wait 60" in ended.out
    assert [is_let_in(home, each) for each in out + others] == [False] * 2 + [True] * 3
    assert excluded(home) == {"al.acme.certkit.internal"}


def test_a_revoked_persons_future_devices_are_shut_out_too(lead: Lead, home: Path) -> None:
    issue(lead, "al")
    lead("revoke", "al")
    said = lead("issue", "al", "--device", "new", "--no-passphrase", "--out", "new").complaint
    assert said == (1, "certkit: al has been revoked", said[2])
    assert "certkit reinstate al --without-devices" in said[2]
    with changing(open_home(home, bytes), Actor("lead", "desk"), datetime.now(UTC)) as session:
        signer = session.authority("client")
    name = names.device_name("new", "al", "acme")
    public = keys.generate("p256").public_key()
    later = certificates.device(
        signer, public, person="al", dns_name=name, now=datetime.now(UTC), life=timedelta(days=1)
    )
    Path("later.pem").write_bytes(certificates.to_pem(later))
    assert not is_let_in(home, Path("later.pem"))


def test_a_device_is_shut_out_through_all_its_renewals_and_no_other_of_the_person(lead: Lead, home: Path) -> None:
    out, desktop = [issue(lead, "al"), issue(lead, "al")], issue(lead, "al", "desktop")
    assert lead("revoke", "--device", "laptop").out.startswith("Revoked al, device laptop\n")
    assert [is_let_in(home, each) for each in (*out, desktop)] == [False, False, True]
    lead("enroll", "--request", "new.csr")
    for verb in (["issue", "al", "--no-passphrase"], ["sign", "new.csr", "--person", "al"]):
        code, what, _ = lead(*verb, "--device", "laptop", "--out", "new").complaint
        assert (code, what) == (1, "certkit: the device laptop of al has been revoked")
    assert is_let_in(home, issue(lead, "al", "other"))


@pytest.mark.parametrize(
    "spelling",
    [
        str,
        str.upper,
        "0x{}".format,
        "00{}".format,
        lambda text: ":".join(text[i : i + 2] for i in range(0, len(text), 2)).upper(),
        lambda text: text.lstrip("0"),
    ],
)
def test_a_serial_means_its_device_in_any_spelling(lead: Lead, home: Path, spelling: Callable[[str], str]) -> None:
    leaf, other = issue(lead, "al"), issue(lead, "al", "desktop")
    assert lead("show", spelling(serial(leaf)), "--json").data["device"] == "laptop"
    assert lead("revoke", "--serial", spelling(serial(leaf))).code == 0
    assert (is_let_in(home, leaf), is_let_in(home, other)) == (False, True)


@pytest.mark.parametrize(
    ("arguments", "code", "what", "remedy"),
    [
        (["alise"], 1, "there is nobody called 'alise'", "Did you mean alice?"),
        (["ALICE"], 1, "there is nobody called 'ALICE'", "Did you mean alice?"),
        (["zoe"], 1, "there is nobody called 'zoe'", "See who there is: certkit list"),
        (["--device", "labtop"], 1, "there is no device 'labtop'", "Did you mean laptop?"),
        (["bob", "--device", "desk"], 1, "there is no device 'desk'", "See who there is: certkit list"),
        (["--device", "laptop"], 2, "several people have a device 'laptop': alice, bob", "Say whose: name the person"),
        (["--serial", "12"], 1, "there is no certificate '12'", "certkit show PERSON"),
        (["alice", "--serial", "12"], 2, "a serial number already says whose it is", "Name the serial alone"),
        ([], 2, "nobody is named", "Name a person, or --device NAME, or --serial NUMBER."),
        (
            ["alice", "--reason", "gone"],
            2,
            "'gone' is not a reason for a revocation",
            "lost, stolen, leaked, left, moved, replaced, retired, suspended, misused, unspecified",
        ),
        (["alice", "--reason", "gone", "--dry-run"], 2, "'gone' is not a reason for a revocation", "keyCompromise"),
        ([""], 2, "nobody is named", "Name a person"),
        (["a\tb"], 2, "'a\\tb' cannot be the name of a person", "printable"),
    ],
)
def test_a_mistake_revokes_nobody(
    lead: Lead, home: Path, arguments: list[str], code: int, what: str, remedy: str
) -> None:
    for person, device in (("alice", "laptop"), ("bob", "laptop"), ("alice", "desk")):
        issue(lead, person, device)
    before = contents(home)
    said = lead("revoke", *arguments).complaint
    assert said[:2] == (code, f"certkit: {what}")
    assert remedy in said[2]
    assert contents(home) == before


@pytest.mark.parametrize(
    ("typed", "recorded"),
    [
        ("lost", "keyCompromise"),
        ("Stolen", "keyCompromise"),
        ("leaked", "keyCompromise"),
        ("left", "affiliationChanged"),
        ("replaced", "superseded"),
        ("retired", "cessationOfOperation"),
        ("suspended", "certificateHold"),
        ("keycompromise", "keyCompromise"),
        ("unspecified", "unspecified"),
    ],
)
def test_a_reason_in_plain_words_is_recorded_as_rfc_5280_has_it(
    lead: Lead, home: Path, typed: str, recorded: str
) -> None:
    issue(lead, "al")
    assert lead("revoke", "al", "--reason", typed).code == 0
    assert lead("show", "al", "--json").data["revoked"]["reason"] == recorded


@pytest.mark.parametrize(
    "arguments",
    [
        ["revoke", "ALICE"],
        ["reinstate", "alice@acme.exampel"],
        ["revoke", "alice", "--device", "laptop"],
        ["show", "alice"],
        ["log", "alice"],
    ],
)
def test_somebody_is_suggested_by_what_is_before_the_at_sign(lead: Lead, home: Path, arguments: list[str]) -> None:
    issue(lead, "alice@acme.example")
    issue(lead, "al")
    assert lead(*arguments).complaint[2] == "Did you mean alice@acme.example?"


def test_several_are_suggested_by_a_word_of_their_names(lead: Lead, home: Path) -> None:
    for person in ("Alice Jones", "alice.smith@acme.example", "malice"):
        issue(lead, person)
    assert lead("revoke", "alice").complaint[2] == "Did you mean Alice Jones, alice.smith@acme.example?"


def test_daemons_and_canaries_are_not_revoked(lead: Lead, home: Path) -> None:
    code, what, remedy = lead("revoke", "--serial", serial(home / "daemons/build/cert.pem")).complaint
    assert code == 2
    assert remedy == (
        "If its key leaked: certkit rotate server --compromised. "
        "For a new certificate alone: certkit daemon renew build"
    )
    assert "daemon's" in what
    assert "canary" in lead("revoke", "--serial", serial(home / "canary/cert.pem")).complaint[1]


def test_a_name_is_found_in_any_normal_form(lead: Lead, home: Path) -> None:
    leaf = issue(lead, "Zoë")
    assert lead("revoke", "Zoe\u0308").code == 0
    assert not is_let_in(home, leaf)


def test_a_dry_run_says_what_would_be_done_and_does_nothing(lead: Lead, home: Path) -> None:
    leaf = issue(lead, "al")
    before, log = contents(home), lead("log", "--json").data
    said = ["Would revoke al", "  devices: laptop", "  by the name al.acme.certkit.internal"]
    shown = lead("revoke", "al", "--dry-run").out.splitlines()
    assert (shown[:3], shown[-1]) == (said, "Nothing changed.")
    assert shown[3].startswith(f"  certificate {serial(leaf)} of laptop, good until ")
    assert (contents(home), lead("log", "--json").data) == (before, log)
    lead("revoke", "al")
    assert lead("revoke", "al", "--dry-run").out == "al is revoked already; nothing changed.\n"


def test_twice_is_harmless_and_says_again_what_is_left_to_do(lead: Lead, home: Path) -> None:
    issue(lead, "al")
    lead("revoke", "al", "--reason", "keyCompromise")
    before = contents(home)
    ended = lead("revoke", "al", "--reason", "superseded")
    assert ended.code == 0
    assert ended.out.splitlines()[:3] == ["al is revoked already; nothing changed.", "", NEXT]
    assert contents(home) == before
    assert [each["action"] for each in lead("log", "--json").data["events"]].count("revoke") == 1


def test_as_json_a_revocation_is_one_object(lead: Lead, home: Path) -> None:
    leaf = issue(lead, "al")
    found = lead("revoke", "al", "--json").data
    [device] = found.pop("devices")
    assert None not in [device.pop(time) for time in ("since", "issued", "expires")]
    assert device == {
        "person": "al", "device": "laptop", "state": "revoked", "serial": serial(leaf), "attention": None,
        "came": None, "renews_by": None,
    }  # fmt: skip
    assert [each["serial"] for each in found.pop("certificates")] == [serial(leaf)]
    wanted = {"person": "al", "device": None, "changed": True, "name": "al.acme.certkit.internal", "anchors": 2}
    assert found == wanted
    assert lead("revoke", "al", "--json").data["changed"] is False


def test_whoever_was_revoked_is_shown_so(lead: Lead, home: Path) -> None:
    leaf = issue(lead, "al")
    lead("revoke", "al", "--reason", "keyCompromise")
    for what in ("al", serial(leaf)):
        shown = lead("show", what, "--json").data
        assert shown["revoked"]["reason"] == "keyCompromise"
        assert shown["revoked"]["at"].startswith(str(datetime.now(UTC).date()))
    assert "revoked" in lead("show", "al").out
    assert lead("list", "--json").data["devices"][0]["state"] == "revoked"


def test_every_publication_excludes_the_canary_whose_key_stays_in_the_home(lead: Lead, home: Path) -> None:
    issue(lead, "al")
    for verb in ("revoke", "reinstate", "revoke"):
        lead(verb, "al")
        assert not is_let_in(home, home / "canary" / "cert.pem")
    key = home / "canary" / "key.pem"
    assert key.stat().st_mode & 0o777 == 0o600
    assert [path for path, content in contents(home).items() if content == key.read_bytes()] == [key.resolve()]


def test_a_name_is_dropped_when_its_last_certificate_has_expired(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaf = issue(lead, "al")
    lead("revoke", "al")
    end = certificates.load(leaf.read_bytes()).not_valid_after_utc
    for later, wanted in ((timedelta(hours=23), {"al.acme.certkit.internal"}), (timedelta(hours=25), set())):
        monkeypatch.setattr(context, "now", lambda later=later: end + later)
        assert lead("daemon", "renew", "build").code == 0
        assert excluded(home) == wanted
    code, what, _ = lead("issue", "al", "--out", "x", "--no-passphrase").complaint
    assert (code, what) == (1, "certkit: al has been revoked")
