"""Several hosts with one ledger in PostgreSQL and the same authorities' keys: what one does holds for all, at once."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from certkit.authority import daemons, invitations, issuance, revocation, rollover, server_identity
from certkit.authority.home import open_home
from certkit.authority.invitations import DeadCodeError
from certkit.authority.revocation import Subject
from certkit.authority.session import Session
from certkit.authority.unfinished import Kind, unfinished
from certkit.authority.view import View, reading
from certkit.cli import main
from certkit.earthly.address import parse_shared
from certkit.enroll import codes
from certkit.errors import CertkitError, InvalidError, RefusedError
from certkit.pki import certificates, keys, requests
from certkit.pki.signer import KeySigner
from certkit.trust import go_rules
from tests.authority.conftest import change, now
from tests.authority.test_killed_changes import assert_fits, assert_settled
from tests.homes import Kept
from tests.server import identity

T = TypeVar("T")
HOSTS = 4


@pytest.fixture
def database() -> str:
    """Have the first home's ledger in PostgreSQL."""
    return "postgresql"


@pytest.fixture
def hosts(database: str, path: Path) -> list[Path]:
    """Give the homes of several hosts: the authorities' keys are copied, and the daemons' files lie on the first."""
    others = [path.with_name(f"host{number}") for number in range(1, HOSTS)]
    for each in others:
        shutil.copytree(path, each, symlinks=True)
        shutil.rmtree(each / "daemons")
    return [path, *others]


def at_once(hosts: Sequence[Path], action: Callable[[Session, int], T]) -> list[T]:
    """Do something on every host at once."""

    def act(number: int) -> T:
        with change(hosts[number]) as session:
            return action(session, number)

    with ThreadPoolExecutor(len(hosts)) as pool:
        return list(pool.map(act, range(len(hosts))))


def certkit(home: Path, *words: str) -> "subprocess.Popen[bytes]":
    """Run a command on a host, as a process."""
    command = [sys.executable, "-m", "certkit", *words, "--home", str(home)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def request() -> bytes:
    return requests.make_der(KeySigner(keys.generate("p256")))


def test_a_code_is_used_once_however_many_hosts_are_asked(hosts: list[Path], view: View) -> None:
    with change(hosts[0]) as session:
        server_identity.remember(session, codes.parse_server("https://enroll.acme.example:8443"))
        secret = invitations.invite(session, "al", "desk", life=timedelta(hours=1)).code.secret

    def redeem(session: Session, _: int) -> str:
        try:
            return identity.redeem(session, secret, request()).device
        except DeadCodeError:
            return "dead"

    assert sorted(at_once(hosts, redeem)) == ["dead"] * (HOSTS - 1) + ["desk"]
    assert len(view.ledger.certificates("device")) == 1


def test_the_same_key_gets_one_certificate_whichever_hosts_it_asks(hosts: list[Path], view: View) -> None:
    with change(hosts[0]) as session:
        server_identity.remember(session, codes.parse_server("https://enroll.acme.example:8443"))
        secret = invitations.invite(session, "al", "desk", life=timedelta(hours=1)).code.secret
    asked = request()
    found = at_once(hosts, lambda session, _: identity.redeem(session, secret, asked).certificate.serial_number)
    assert len({*found}) == len(view.ledger.certificates("device")) == 1


def test_nobody_is_issued_anything_behind_a_revocation_on_another_host(hosts: list[Path], view: View) -> None:
    """Whatever was issued to them lies before the revocation, in the ledger and so in what daemons are told."""
    with change(hosts[0]) as session:
        issuance.issue(session, "al", "laptop")
    processes = [
        certkit(hosts[number % HOSTS], *words.split())
        for number, words in enumerate(
            [
                *(
                    f"issue al --device d{number} --no-passphrase --out {hosts[0].parent}/{number}"
                    for number in range(6)
                ),
                "revoke al",
                *(
                    f"issue bo --device d{number} --no-passphrase --out {hosts[0].parent}/b{number}"
                    for number in range(3)
                ),
            ]
        )
    ]
    codes_of_exit = [process.wait(120) for process in processes]
    assert codes_of_exit[6:] == [0] * 4
    events = [(each.action, each.subject) for each in view.ledger.events()]
    behind = events[events.index(("revoke", "al")) :]
    assert ("issue", "al") not in behind
    held = certificates.load_all(view.newest_anchors().ca)
    for row in view.ledger.certificates("device"):
        refused = go_rules.refusal(certificates.load(row.der), held, view.now + timedelta(minutes=5))
        assert (refused is not None) == (row.person == "al")
    assert len(list(hosts[0].parent.glob("[0-9]"))) == len(view.ledger.certificates("device", person="al")) - 1


def test_publications_are_numbered_without_a_gap_whichever_host_makes_them(hosts: list[Path], view: View) -> None:
    with change(hosts[0]) as session:
        for number in range(HOSTS):
            issuance.issue(session, f"p{number}", "laptop")

    def revoke(session: Session, number: int) -> int:
        revocation.revoke(session, Subject(f"p{number}"), "keyCompromise")
        return session.newest_anchors().number

    at_once(hosts, revoke)
    newest = view.newest_anchors()
    assert newest.number == 1 + HOSTS
    assert newest.excluded == tuple(f"p{number}.acme.certkit.internal" for number in range(HOSTS))
    with change(hosts[0]):  # its daemons' files follow what the others have published
        pass
    assert_fits(hosts[0])
    assert_settled(hosts[0])


def test_of_hosts_that_add_a_daemon_of_one_name_one_does(hosts: list[Path], view: View) -> None:
    def add(session: Session, number: int) -> str:
        try:
            return daemons.add(session, "arm", parse_shared(f"tcp://arm{number}:8372"), ()).name
        except RefusedError:
            return "refused"

    assert sorted(at_once(hosts, add)) == ["arm", *["refused"] * (HOSTS - 1)]
    assert len(view.ledger.certificates("daemon", daemon="arm")) == 1


def test_of_hosts_that_prepare_a_rotation_one_does_and_the_others_want_its_key(hosts: list[Path]) -> None:
    def prepare(session: Session, _: int) -> str:
        try:
            rollover.take(session, "client", "prepare", force=False)
        except (InvalidError, CertkitError) as error:
            return error.code
        return "prepared"

    assert sorted(at_once(hosts, prepare)).count("prepared") == 1
    [made] = [each for each in hosts if (each / "authorities" / "client-2").exists()]
    for each in hosts:
        if each != made:
            code = main(["revoke", "al", "--dry-run", "--home", str(each)])
            shutil.copytree(made / "authorities" / "client-2", each / "authorities" / "client-2")
            assert code == 1
        with change(each) as session:
            assert session.authority("client", 2)


def test_a_database_that_has_lost_a_publication_is_noticed_and_its_number_is_not_given_again(
    hosts: list[Path], view: View
) -> None:
    """A standby that lacks the newest changes is promoted: here, the database is put back as it was."""
    with change(hosts[0]) as session:
        for name in ("al", "bo"):
            issuance.issue(session, name, "laptop")
        daemon = session.ledger.daemons()[0]
        with session.transaction():
            session.ledger.put_daemon(daemon._replace(proven=2))
    before = Kept(hosts[0])
    with change(hosts[0]) as session:
        revocation.revoke(session, Subject("al"), "keyCompromise")
        revocation.revoke(session, Subject("bo"), "keyCompromise")
        assert session.newest_anchors().number == 3
    before.put_back_ledger()
    with change(hosts[1]) as session:  # it has not seen what was lost, and so cannot know
        assert session.newest_anchors().number == 1
    with reading(open_home(hosts[0], bytes), now()) as found:
        assert [each.kind for each in unfinished(found)][:2] == [Kind.LEDGER, Kind.DAEMON_FILES]
    with change(hosts[0]) as session:
        assert session.newest_anchors().number == 4
        assert session.may_have_forgotten()
        assert session.ledger.daemons()[0].proven == 0
        assert session.ledger.events()[-1].detail == {"publication": 3}
    with change(hosts[0]) as session:
        assert session.newest_anchors().number == 4
    assert_settled(hosts[0])
