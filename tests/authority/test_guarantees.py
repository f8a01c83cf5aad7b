"""What must hold though nobody would notice for months if it did not: lists, races, gates, the log."""

import contextlib
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotDoneError
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from certkit.authority import backups, cohort_authorities, daemons, issuance, revocation, rollover
from certkit.authority.publication import CRL_LIFE
from certkit.authority.revocation import Subject
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.cli import main
from certkit.earthly.address import parse_shared
from certkit.errors import RefusedError
from certkit.ledger.interface import Event
from certkit.ledger.sql import SqlLedger
from certkit.pki import certificates, sealed
from tests.authority.conftest import LEAD, change, now

DAY = timedelta(days=1)
SECRET = "violet anchor"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save the quarter of a second that a backup's passphrase costs."""
    monkeypatch.setattr(sealed, "_LOG_N", 4)


def see(session: Session, name: str = "build") -> None:
    """Let a daemon be proven to hold the newest anchors."""
    daemon, newest = daemons.find(session, name), session.newest_anchors().number
    with session.transaction():
        session.ledger.put_daemon(daemon._replace(proven=newest, serving="ab"))


def crl(view: View) -> x509.CertificateRevocationList:
    return x509.load_pem_x509_crl(view.newest_anchors().crl)


def test_the_list_is_published_anew_when_half_its_life_is_over(path: Path, view: View) -> None:
    first = crl(view)
    with change(path, at=now() + CRL_LIFE / 2 - DAY) as session:
        daemons.renew(session, "build", ())
    assert crl(view) == first
    with change(path, at=now() + CRL_LIFE / 2 + DAY) as session:
        daemons.renew(session, "build", ())
        assert crl(view).next_update_utc == session.now + CRL_LIFE
    assert (path / "daemons" / "build" / "crl.pem").read_bytes() == view.newest_anchors().crl


def test_a_list_is_in_force_for_whoever_has_a_late_clock(path: Path, view: View) -> None:
    with change(path, at=now() + DAY) as session:
        issuance.issue(session, "al", "laptop")
        revocation.revoke(session, Subject("al"), "unspecified")
        assert crl(view).last_update_utc == session.now - certificates.BACKDATED


def test_an_issue_that_fails_at_its_end_leaves_nothing(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_ledger: SqlLedger, _event: Event) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(SqlLedger, "add_event", fail)
    with pytest.raises(KeyboardInterrupt):
        issuance.issue(session, "al", "laptop")
    assert (session.ledger.people(), session.ledger.devices(), session.ledger.certificates("device")) == ([], [], [])


@pytest.mark.parametrize("with_cohorts", [False, True])
@pytest.mark.parametrize("how", ["compromised", "switch"])
def test_a_certificate_of_an_authority_that_was_replaced_meanwhile_is_not_given_out(
    path: Path, session: Session, monkeypatch: pytest.MonkeyPatch, how: str, *, with_cohorts: bool
) -> None:
    if with_cohorts:
        monkeypatch.setattr(cohort_authorities, "MANY_PEOPLE", 1)
        issuance.issue(session, "first", "laptop")
        revocation.revoke(session, Subject("first"), "unspecified")
        see(session)
    rollover.take(session, "client", "prepare", force=False)
    see(session)
    sign = certificates.device

    def sign_late(*given: Any, **named: Any) -> x509.Certificate:  # noqa: ANN401  what `certificates.device` takes
        made = sign(*given, **named)
        monkeypatch.setattr(certificates, "device", sign)
        with change(path) as other:
            if how == "switch":
                rollover.take(other, "client", "switch", force=False)
            else:
                rollover.replace_compromised(other, "client")
        return made

    monkeypatch.setattr(certificates, "device", sign_late)
    with pytest.raises(RefusedError, match="has just been replaced"):
        issuance.issue(session, "al", "laptop")
    assert session.ledger.person("al") is None
    assert session.ledger.certificates("device", person="al") == []
    issued = issuance.issue(session, "al", "laptop")
    assert cohort_authorities.since(session) is not None or not with_cohorts
    assert certificates.has_signed(session.certificate("client", 2), issued.certificate) or with_cohorts


def test_a_device_whose_certificates_have_expired_holds_up_no_rotation(path: Path, session: Session) -> None:
    issuance.issue(session, "al", "laptop")
    rollover.take(session, "client", "prepare", force=False)
    see(session)
    rollover.take(session, "client", "switch", force=False)
    with pytest.raises(RefusedError, match="would lock out al laptop"):
        rollover.take(session, "client", "retire", force=False)
    with change(path, at=now() + 366 * DAY) as later:
        rollover.take(later, "client", "retire", force=False)


def test_a_device_was_given_the_server_authorities_that_were_trusted_then(session: Session) -> None:
    issuance.issue(session, "al", "laptop")
    rollover.take(session, "server", "prepare", force=False)
    assert list(map(str, rollover.standing(session, "server").blocked["switch"])) == ["al laptop"]
    issued = issuance.issue(session, "al", "laptop")
    assert issued.bundle.server_authorities == (session.certificate("server", 1), session.certificate("server", 2))
    assert [each.trusts for each in session.ledger.certificates("device")] == [(1,), (1, 2)]
    rollover.take(session, "server", "switch", force=False)


def test_a_backup_waits_for_whoever_holds_the_home(path: Path, session: Session) -> None:
    def back_up() -> bytes:
        with change(path) as other:
            return backups.backup(other, SECRET)

    with ThreadPoolExecutor(1) as pool:
        with session.locked():
            waiting = pool.submit(back_up)
            with pytest.raises(NotDoneError):
                waiting.result(1)
            assert [each.action for each in session.ledger.events()] == ["init", "daemon add"]
        assert waiting.result(60)


def test_the_log_says_which_device_was_meant(session: Session) -> None:
    issuance.issue(session, "al", "desk")
    revocation.revoke(session, Subject("al", "desk"), "keyCompromise")
    revocation.reinstate(session, Subject("al", "desk"))
    revocation.revoke(session, Subject("al"), "unspecified")
    told = [(each.action, each.subject, each.detail.get("device")) for each in session.ledger.events()[2:]]
    assert told == [
        ("issue", "al", "desk"),
        ("revoke", "al", "desk"),
        ("reinstate", "al", "desk"),
        ("revoke", "al", None),
    ]


@pytest.mark.parametrize("team", ["..", ".", "a/b", "-a", ""])
def test_a_team_s_name_is_no_path(tmp_path: Path, path: Path, capsys: pytest.CaptureFixture[str], team: str) -> None:
    other = tmp_path / "other"
    assert main(["init", "--team", team, "--daemon", "tcp://b:8372", "--home", str(other)]) == 2
    assert not other.exists()
    (path / "team.yml").write_text(f"team: '{team}'\n")
    assert main(["list"]) == 1
    assert "team" in capsys.readouterr().err


def test_by_a_clock_that_is_years_behind_people_can_be_revoked(path: Path, view: View) -> None:
    with change(path) as session:
        issuance.issue(session, "al", "laptop")
    with change(path, at=now() - 800 * DAY) as session:
        revocation.revoke(session, Subject("al"), "keyCompromise")
    assert view.newest_anchors().excluded == ("al.acme.certkit.internal",)
    end = crl(view).next_update_utc
    assert end is not None
    assert crl(view).last_update_utc < end


def test_daemons_that_cannot_be_certified_yet_by_this_clock_hold_up_no_revocation(path: Path, view: View) -> None:
    with change(path) as session:
        issuance.issue(session, "al", "laptop")
        rollover.take(session, "server", "prepare", force=True)
    with change(path, at=now() - DAY) as session:
        rollover.take(session, "server", "switch", force=True)
        revocation.revoke(session, Subject("al"), "keyCompromise")
    assert view.newest_anchors().excluded == ("al.acme.certkit.internal",)
    with change(path) as session:
        served = session.served_certificate(daemons.find(session, "build"))
        assert served
        assert certificates.has_signed(session.certificate("server", 2), served)


def test_what_a_first_restoration_has_forgotten_a_second_one_does_not_end(
    path: Path, session: Session, tmp_path: Path
) -> None:
    """The second is made by a clock that is behind."""
    homes = [tmp_path / "first", tmp_path / "second"]
    contents = [backups.backup(session, SECRET)]
    for home, at in zip(homes, (now(), now() - 300 * DAY), strict=True):
        backups.restore(contents[-1], SECRET, home, LEAD, at, confirm=lambda _: False)
        with change(home) as restored:
            contents.append(backups.backup(restored, SECRET))
            found = restored.restored()
            assert found
            assert found.until > now() + 364 * DAY


def test_whoever_was_let_in_after_a_restoration_by_a_late_clock_stays_out(
    path: Path, session: Session, tmp_path: Path
) -> None:
    """A new machine may believe that it is years ago; what the backup knows is newer."""
    issuance.issue(session, "al", "laptop")
    content = backups.backup(session, SECRET)
    backups.restore(content, SECRET, tmp_path / "restored", LEAD, now() - 800 * DAY, confirm=lambda _: False)
    with change(tmp_path / "restored") as restored:
        assert restored.may_have_forgotten()


def test_a_daemon_of_a_name_that_was_removed_is_not_taken_to_hold_anything(session: Session) -> None:
    daemons.add(session, "arm", parse_shared("tcp://arm:8372"), ())
    assert daemons.find(session, "arm").proven == session.newest_anchors().number
    daemons.remove(session, "arm")
    daemons.add(session, "arm", parse_shared("tcp://arm:8372"), ())
    assert daemons.find(session, "arm").proven == 0
    with contextlib.suppress(RefusedError):
        rollover.take(session, "client", "prepare", force=False)
        rollover.take(session, "client", "switch", force=False)
        raise AssertionError("it would be locked out")
