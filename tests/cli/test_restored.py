"""A restored home knows that it has forgotten: whoever is revoked stays out, and nothing old proves anything."""

import shlex
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certkit.authority import overview
from certkit.cli.support import context
from tests.cli.conftest import Lead
from tests.cli.daemons import running, take_up
from tests.cli.openssl import excluded, is_let_in, issue

SECRET = ("--passphrase-file", "secret")
DAY = timedelta(days=1)


class Clock:
    """The time that every command reads."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = datetime.now(UTC)
        monkeypatch.setattr(context, "now", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def backup(lead: Lead) -> None:
    Path("secret").write_text("violet anchor\n")
    assert lead("backup", "sealed", *SECRET).code == 0


def restore(lead: Lead, home: Path) -> None:
    shutil.rmtree(home)
    assert lead("restore", "sealed", *SECRET).code == 0


def test_somebody_who_was_issued_anew_after_the_backup_stays_out_as_long_as_that_may_last(
    lead: Lead, home: Path, clock: Clock
) -> None:
    """The ledger knows a certificate that ends soon; the one that it has forgotten ends a year after it was issued."""
    issue(lead, "al")
    backup(lead)
    clock.now += 300 * DAY
    issue(lead, "al")
    restore(lead, home)
    lead("revoke", "al")
    clock.now += 200 * DAY  # the one that the ledger knows has expired
    lead("daemon", "renew", "build")
    assert excluded(home) == {"al.acme.certkit.internal"}
    clock.now += 200 * DAY
    lead("daemon", "renew", "build")
    assert excluded(home) == set()


@pytest.mark.parametrize("who", [["new"], ["new", "--device", "laptop"]])
def test_somebody_whom_the_ledger_lacks_can_be_revoked(lead: Lead, home: Path, who: list[str]) -> None:
    backup(lead)
    leaf = issue(lead, "new", "laptop")
    restore(lead, home)
    assert lead("revoke", *who, "--dry-run").code == 0
    assert lead("revoke", *who).code == 0
    assert not is_let_in(home, leaf)
    assert lead("reinstate", *who).code == 0
    assert is_let_in(home, leaf)


def test_of_somebody_whom_the_ledger_lacks_it_is_said_who_else_may_be_meant(lead: Lead, home: Path) -> None:
    issue(lead, "new@acme.example")
    backup(lead)
    restore(lead, home)
    ended = lead("revoke", "new")
    assert (ended.code, ended.out.splitlines()[0]) == (0, "Revoked new")
    assert ended.err == "Note: nobody here was called new, and new@acme.example is not revoked by that.\n"
    assert lead("revoke", "new").err == ""


def test_where_nothing_can_be_forgotten_a_name_that_is_not_there_is_a_mistake(
    lead: Lead, home: Path, clock: Clock
) -> None:
    assert lead("revoke", "nobody").code == 1
    backup(lead)
    restore(lead, home)
    clock.now += 800 * DAY
    assert lead("revoke", "nobody").code == 1


def test_who_was_reinstated_after_the_backup_is_out_again_and_nothing_is_proven_before_it_is_so(
    lead: Lead, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with running(lead, home) as daemon:
        leaf = issue(lead, "al")
        lead("revoke", "al")
        backup(lead)
        lead("reinstate", "al")
        take_up(lead, daemon)
        restore(lead, home)
        assert "must be published anew" in lead("status").err
        ended = lead("daemon", "check", "build")
        assert (ended.code, "of another copy" in ended.out) == (3, True)
        assert not is_let_in(home, leaf)
        take_up(lead, daemon)


@pytest.mark.parametrize(
    ("cause", "why"),
    [
        ("restored", "this home was restored, and what was published after the backup is not known"),
        ("clock", "it is dated ahead of this machine's clock"),
    ],
)
def test_what_nobody_interrupted_is_called_what_it_is_and_the_check_finishes_it_unsaid(
    lead: Lead, home: Path, clock: Clock, cause: str, why: str
) -> None:
    if cause == "restored":
        backup(lead)
        restore(lead, home)
    else:
        clock.now -= DAY / 2
    for verb in ("status", "list", "log"):
        told = lead(verb).err
        assert f"What daemons are to trust must be published anew: {why}." in told, verb
        assert "interrupted" not in told
    for _ in range(2):
        assert lead("daemon", "check", "build", "--timeout", "0.2").err == ""
    assert "published anew" not in lead("status").err


def test_after_a_restoration_status_says_that_and_blames_no_clock(lead: Lead, home: Path) -> None:
    backup(lead)
    restore(lead, home)
    said = lead("status").out
    assert "this home was restored, and what was published after the backup is not known" in said
    assert "clock" not in said
    assert lead("daemon", "renew", "build").code == 0
    assert "this home was restored" not in lead("status").out


def test_two_copies_of_a_home_do_not_prove_each_others_anchors(lead: Lead, tmp_path: Path) -> None:
    home, copy = tmp_path / "home", tmp_path / "copy"
    with running(lead, home) as daemon:
        for person in ("al", "bo"):
            issue(lead, person)
        shutil.copytree(home, copy, symlinks=True)
        lead("revoke", "al")
        lead("revoke", "bo", "--home", copy)
        take_up(lead, daemon)
        ended = lead("daemon", "check", "build", "--home", copy)
    assert ended.code == 3
    assert "not of this home: they are publication 2 of another copy, team acme" in ended.out
    assert lead("status", "--home", copy).code == 3


@pytest.mark.parametrize("name", ["build", "other"])
def test_a_daemon_that_was_there_under_its_name_or_address_starts_unproven(
    lead: Lead, tmp_path: Path, name: str
) -> None:
    with running(lead, tmp_path / "home") as daemon:
        lead("rotate", "client", "prepare")
        lead("daemon", "remove", "build", "--yes")
        assert lead("daemon", "add", name, daemon.url).code == 0
        assert lead("rotate", "client", "switch").complaint[1].endswith(f"would lock out daemon {name}")


def test_sixty_five_rounds_of_restore_and_change_leave_a_home_in_which_people_can_be_revoked(
    lead: Lead, home: Path
) -> None:
    for number in range(65):
        if number % 13 == 0:
            Path("sealed").unlink(missing_ok=True)
            backup(lead)
            restore(lead, home)
        lead("revoke", f"p{number}")
    assert len(excluded(home)) == 65


def test_a_publication_that_was_dated_in_the_future_is_replaced(lead: Lead, home: Path, clock: Clock) -> None:
    """At that time nobody's certificate was valid any more, so nobody had to be excluded."""
    leaf = issue(lead, "al")
    clock.now += 400 * DAY
    lead("revoke", "al")
    assert is_let_in(home, leaf)
    clock.now -= 400 * DAY
    status = lead("status")
    assert (status.code, "not valid yet" in status.out) == (3, True)
    issue(lead, "bo")
    assert not is_let_in(home, leaf)
    assert "not valid yet" not in lead("status").out


def test_a_team_that_was_made_by_a_clock_ahead_says_so(lead: Lead, tmp_path: Path, clock: Clock) -> None:
    clock.now += 400 * DAY
    lead("init", "--team", "acme", "--daemon", "tcp://build.acme.example:8372")
    clock.now -= 400 * DAY
    code, what, remedy = lead("issue", "al", "--out", "al").complaint
    assert (code, "the client authority is valid from" in what) == (1, True)
    assert "certkit init" in remedy
    status = lead("status")
    assert status.code == 3
    assert status.out.count("is not valid yet") >= 3
    assert remedy in " ".join(status.out.split())
    for useless in ("rotate", "daemon renew", "daemon check"):
        assert useless not in status.out
    assert {each["remedy"] for each in lead("status", "--json").data["items"] if each["attention"]} == {remedy}


def test_a_device_and_a_daemon_that_are_not_valid_yet_are_told_and_the_commands_make_them_so(
    lead: Lead, home: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.now += 40 * DAY
    issue(lead, "al")
    lead("daemon", "renew", "build")
    clock.now -= 40 * DAY
    monkeypatch.setattr(overview, "MANY_DEVICES", 0)  # then those alone are read that may be due
    items = {each["kind"]: each for each in lead("status", "--json").data["items"] if each["attention"]}
    assert {items[kind]["attention"] for kind in ("device", "daemon")} == {"not-yet-valid"}
    assert items["daemon"]["remedy"] == "certkit daemon renew build"
    assert items["device"]["severity"] == "error"
    assert lead("list", "--json").data["devices"][0]["state"] == "not-yet-valid"
    assert "device al laptop is not valid yet" in lead("status").out
    assert "more devices may build" not in lead("status").out
    assert "is not valid yet" in lead("list").out
    assert "is not valid yet" in lead("show", "al").out
    assert lead(*shlex.split(items["device"]["remedy"])[1:], "--no-passphrase").code == 0
    assert lead("daemon", "renew", "build").code == 0
    assert "not valid yet" not in lead("status").out
    assert lead("list", "--json").data["devices"][0]["state"] == "valid"


def test_what_others_can_read_is_told_by_status_and_by_every_change(lead: Lead, home: Path) -> None:
    (home / "authorities" / "client" / "key.pem").chmod(0o644)
    key = (home / "authorities" / "client-1" / "key.pem").resolve()
    status = lead("status")
    assert (status.code, f"chmod go-rwx {key}" in status.out) == (3, True)
    assert f"Others on this machine have rights to {key}" in lead("daemon", "renew", "build").err
    assert "never backed up" in status.out
    backup(lead)
    key.chmod(0o600)
    assert "never backed up" not in lead("status").out


def test_an_adopted_authority_with_a_later_generations_name_is_told_by_its_key(lead: Lead, home: Path) -> None:
    """After --compromised no daemon keeps a certificate of the leaked one."""
    text = (home / "authorities" / "server-1" / "cert.pem").read_bytes()
    assert certificates_name(text) == "acme server authority"
    lead("rotate", "server", "--compromised")
    assert certificates_name((home / "authorities" / "server-2" / "cert.pem").read_bytes()) == "acme server authority 2"


def certificates_name(pem: bytes) -> str:
    from certkit.pki import certificates

    return certificates.subject_words(certificates.load(pem))
