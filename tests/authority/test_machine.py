"""Any sequence of changes, restorations, copies, former files and wrong clocks, and what must hold after each step.

Whoever is revoked by the ledger is refused by Go's verifier with the anchors that can be proven, whoever is not is let
in, and no file that the ledger did not publish is ever proven. CERTKIT_MACHINE_EXAMPLES sets how many sequences are
tried.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography import x509
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from certkit import files
from certkit.authority import (
    backups,
    cohort_authorities,
    daemon_check,
    daemons,
    issuance,
    publication,
    revocation,
    rollover,
)
from certkit.authority.changes import changing, refresh
from certkit.authority.creation import FirstDaemon, create
from certkit.authority.daemon_verdict import Verdict, proof
from certkit.authority.home import open_home
from certkit.authority.session import Session
from certkit.authority.settings import Settings
from certkit.authority.unfinished import Kind, unfinished
from certkit.authority.view import View, reading
from certkit.earthly.address import parse_shared
from certkit.errors import CertkitError
from certkit.ledger import urls
from certkit.ledger.interface import Anchors
from certkit.pki import certificates, keys, requests, sealed
from certkit.pki.signer import KeySigner
from certkit.probe import Report
from certkit.trust import anchors, go_rules
from certkit.trust.go_rules import Refusal
from certkit.trust.rotation import Step
from tests.authority.conftest import LEAD, nobody_asks
from tests.authority.simulated import Held, Simulated
from tests.homes import ledger_url, move_ledger
from tests.postgres.fixtures import NewUrl

DEFAULT = 20
EXAMPLES = int(os.environ.get("CERTKIT_MACHINE_EXAMPLES", DEFAULT))
"""More than by default also makes what is found short, which takes minutes."""
STEPS = 30

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECRET = "violet anchor"
NAMES = ("build", "arm", "old")
PEOPLE = st.sampled_from(["al", "bo", "Ćyd", "di@acme.example"])
DEVICES = st.sampled_from(["laptop", "desk"])
TEAM_STEPS: tuple[Step, ...] = ("prepare", "switch", "retire", "rollback")
ANY = st.integers(0, 1 << 16)


@dataclass(frozen=True)
class Grant:
    """A certificate that somebody has, and what the lead's clock said when it was signed."""

    leaf: x509.Certificate
    person: str
    device: str
    at: datetime

    @property
    def serial(self) -> str:
        return certificates.serial_text(self.leaf.serial_number)


@dataclass
class History:
    """What only the history of a ledger tells: who may have a certificate that it has forgotten."""

    forgotten: list[Grant] = field(default_factory=list)
    is_forced: bool = False
    """Whether somebody may be locked out because a step was forced."""

    def copy(self) -> "History":
        return History([*self.forgotten], self.is_forced)


@dataclass
class Place:
    """A home, and its ledger's history."""

    path: Path
    history: History = field(default_factory=History)


@dataclass(frozen=True)
class Backup:
    """A sealed home, and the history of its ledger."""

    content: bytes = field(repr=False)
    history: History


@cache
def founded() -> Path:
    """Make a team once, to be copied."""
    path = Path(tempfile.mkdtemp(), "home")
    first = FirstDaemon("build", parse_shared(url("build")))
    create(path, Settings("acme"), None, first, actor=LEAD, now=START)
    return path


def url(name: str) -> str:
    return f"tcp://{name}.acme.example:8372"


@cache
def stranger() -> x509.Certificate:
    """An authority that is not the team's."""
    return certificates.authority(KeySigner(keys.generate("p256")), "stranger", START, timedelta(days=3653)).certificate


@cache
def parsed(pem: bytes) -> tuple[x509.Certificate, ...]:
    return tuple(certificates.load_all(pem))


class Machine(RuleBasedStateMachine):
    """A lead with up to two copies of a home, the daemons, and everybody who was ever let in."""

    running: ClassVar[Simulated]
    threshold: ClassVar[pytest.MonkeyPatch]
    new_url: ClassVar[NewUrl | None] = None
    """Where the ledger of the first home is made, if it is not in a file; a second home is then another host's."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.now = START
        self.grants: list[Grant] = []
        self.backups: list[Backup] = []
        self.labels: dict[bytes, bytes] = {}
        self.count = 0
        self.daemons = Machine.running = Simulated()
        self.places = [Place(self.new_path())]
        shutil.copytree(founded(), self.places[0].path, symlinks=True)
        if Machine.new_url:
            move_ledger(self.places[0].path, Machine.new_url())
            self.share_keys(self.places[0].path)
        self.daemons.start(url("build"), Held.of(self.places[0].path / "daemons" / "build"))

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    def share_keys(self, home: Path) -> None:
        """Let the authorities' keys lie where every host finds them."""
        (home / "authorities").rename(self.folder / "authorities")
        (home / "authorities").symlink_to(self.folder / "authorities")

    def new_path(self) -> Path:
        self.count += 1
        return self.folder / f"home{self.count}"

    @contextlib.contextmanager
    def changed(self, place: Place) -> Iterator[Session]:
        with changing(open_home(place.path, nobody_asks), LEAD, self.now) as session:
            yield session

    def place(self, which: int) -> Place:
        return self.places[which % len(self.places)]

    @initialize(people=st.sampled_from([2, 4, 1000]))
    def cohorts_from(self, people: int) -> None:
        Machine.threshold.setattr(cohort_authorities, "MANY_PEOPLE", people)

    @rule(days=st.sampled_from([0.02, 0.5, 1.5, 20, 100, 200, 400, 800]), back=st.booleans())
    def clock(self, days: float, back: bool) -> None:  # noqa: FBT001  hypothesis passes it by its name
        later = self.now + timedelta(days=-days if back else days)
        if abs(later - START) < timedelta(days=1200):  # else the authorities expire
            self.now = later

    @rule(which=ANY, person=PEOPLE, device=DEVICES, by_request=st.booleans())
    def issue(self, which: int, person: str, device: str, by_request: bool) -> None:  # noqa: FBT001
        place = self.place(which)
        with contextlib.suppress(CertkitError), self.changed(place) as session:
            if by_request:
                request = requests.make(KeySigner(keys.generate("p256")))
                issued = issuance.sign(session, request, person, device)
            else:
                issued = issuance.issue(session, person, device)
            self.grants.append(Grant(issued.certificate, person, device, self.now))
            if not place.history.is_forced:
                self.assert_gets_in_where_it_was_said(session, issued.certificate)

    @rule(which=ANY, person=PEOPLE, device=st.none() | DEVICES)
    def revoke(self, which: int, person: str, device: str | None) -> None:
        with self.changed(self.place(which)) as session:
            try:
                subject = revocation.find(session, person, device, None)
            except CertkitError:
                assert not session.may_have_forgotten()
                return
            revocation.revoke(session, subject, "keyCompromise")
            assert revocation.revocation(session, subject)

    @rule(which=ANY, person=PEOPLE, device=st.none() | DEVICES)
    def reinstate(self, which: int, person: str, device: str | None) -> None:
        with self.changed(self.place(which)) as session, contextlib.suppress(CertkitError):
            subject = revocation.find(session, person, device, None)
            revocation.reinstate(session, subject)
            assert not revocation.revocation(session, subject)

    @precondition(lambda self: len(self.backups) < 4)
    @rule(which=ANY)
    def back_up(self, which: int) -> None:
        place = self.place(which)
        with self.changed(place) as session:
            self.backups.append(Backup(backups.backup(session, SECRET), place.history.copy()))

    @precondition(lambda self: self.backups)
    @rule(which=ANY, backup=ANY)
    def restore(self, which: int, backup: int) -> None:
        """Put a backup in the place of a home: what was done since is unknown there, but by a clock that is right."""
        wanted, place = self.backups[backup % len(self.backups)], self.place(which)
        shutil.rmtree(place.path)
        backups.restore(wanted.content, SECRET, place.path, LEAD, self.now, confirm=lambda _: False)
        with reading(open_home(place.path, nobody_asks), self.now) as view:
            known = max([self.now, *(each.created for each in view.ledger.certificates("device"))])
        place.history = wanted.history.copy()
        place.history.forgotten += [each for each in self.grants if each.at <= known]

    @precondition(lambda self: len(self.places) < 2)
    @rule()
    def copy(self) -> None:
        [place] = self.places
        is_shared = urls.is_postgresql(ledger_url(place.path))
        copy = Place(self.new_path(), place.history if is_shared else place.history.copy())
        shutil.copytree(place.path, copy.path, symlinks=True)
        self.places.append(copy)

    @rule(which=ANY, step=st.sampled_from(TEAM_STEPS), force=st.booleans())
    def rotate(self, which: int, step: Step, force: bool) -> None:  # noqa: FBT001
        place = self.place(which)
        with contextlib.suppress(CertkitError), self.changed(place) as session:
            got_in = self.let_in(session)
            rollover.take(session, "client", step, force=force)
            if force:
                place.history.is_forced = True
            elif not self.must_replace(session):
                assert got_in <= self.let_in(session)

    @rule(which=ANY)
    def compromised(self, which: int) -> None:
        place = self.place(which)
        with contextlib.suppress(CertkitError), self.changed(place) as session:
            rollover.replace_compromised(session, "client")
            place.history.is_forced = True

    @rule(which=ANY, step=st.sampled_from(["prepare", "switch", "retire", "rollback"]))
    def rotate_server(self, which: int, step: Step) -> None:
        with contextlib.suppress(CertkitError), self.changed(self.place(which)) as session:
            rollover.take(session, "server", step, force=True)

    @rule(which=ANY, name=st.sampled_from(NAMES), is_started=st.booleans())
    def daemon_add(self, which: int, name: str, is_started: bool) -> None:  # noqa: FBT001
        place = self.place(which)
        with contextlib.suppress(CertkitError), self.changed(place) as session:
            daemons.add(session, name, parse_shared(url(name)), ())
            if is_started or url(name) not in self.daemons.held:
                self.daemons.start(url(name), Held.of(session.daemon_directory(name)))

    @rule(which=ANY, name=st.sampled_from(NAMES))
    def daemon_remove(self, which: int, name: str) -> None:
        with contextlib.suppress(CertkitError), self.changed(self.place(which)) as session:
            daemons.remove(session, name)

    @rule(which=ANY, name=st.sampled_from(NAMES))
    def daemon_renew(self, which: int, name: str) -> None:
        with contextlib.suppress(CertkitError), self.changed(self.place(which)) as session:
            daemons.renew(session, name, ())

    @rule(which=ANY)
    def refresh(self, which: int) -> None:
        with self.changed(self.place(which)) as session:
            refresh(session)

    @rule(which=ANY, name=st.sampled_from(NAMES))
    def take_the_newest(self, which: int, name: str) -> None:
        folder = self.place(which).path / "daemons" / name
        if folder.exists():
            self.daemons.start(url(name), Held.of(folder))

    @rule(name=st.sampled_from(NAMES), former=ANY)
    def go_back(self, name: str, former: int) -> None:
        known = self.daemons.former.get(url(name))
        if known:
            self.daemons.start(url(name), known[former % len(known)])

    @rule(name=st.sampled_from(NAMES), how=st.integers(0, 5), former=ANY)
    def edit(self, name: str, how: int, former: int) -> None:
        """Let somebody edit a daemon's `ca.pem`, but not so that it holds other anchors beside the newest label."""
        held = self.daemons.held.get(url(name))
        if held is None:
            return
        own, older = held.anchors, self.daemons.former[url(name)]
        edits = (
            [*own, stranger()],
            own[:-1],
            own[1:],
            [*own, *older[former % len(older)].anchors],
            [*own, own[0]],
            [stranger(), own[-1]],
        )
        ca = b"".join(map(certificates.to_pem, edits[how]))
        if edits[how]:
            self.daemons.held[url(name)] = replace(held, ca=ca)

    @rule(which=ANY)
    def check(self, which: int) -> None:
        place = self.place(which)
        with self.changed(place) as session:
            for daemon in session.ledger.daemons():
                result = daemon_check.check(session, daemon, 1)
                held, newest = self.daemons.held.get(daemon.url), session.newest_anchors()
                is_newest = held is not None and self.is_newest(session, daemon.name, held)
                if result.verdict is Verdict.PROVEN:
                    assert is_newest
                if proof(result).anchors:
                    assert held
                    assert (held.ca, proof(result).anchors) == (newest.ca, newest.number)
                if held and is_newest and self.serves(session, held):
                    assert result.verdict is Verdict.PROVEN, result
            found = session.ledger.daemons()
            if all(each.proven == session.newest_anchors().number for each in found):
                place.history.is_forced = False

    def is_newest(self, view: View, name: str, held: Held) -> bool:
        """Tell whether a daemon holds the newest files; another host may have them.

        A home that was restored from one of several hosts lacks the folder of a daemon that another one looked after.
        """
        if not view.home.shares_ledger:
            folder = view.daemon_directory(name)
            return folder.exists() and held == Held.of(folder)
        newest = view.ledger.certificates("daemon", daemon=name)[-1].der
        return (held.ca, certificates.to_der(certificates.load(held.leaf))) == (view.newest_anchors().ca, newest)

    def serves(self, view: View, held: Held) -> bool:
        """Tell whether a daemon's certificate and the authorities are valid by this clock."""
        valid = [certificates.load(held.leaf), *view.trusted("server"), *view.trusted("client")]
        return all(each.not_valid_before_utc <= self.now <= each.not_valid_after_utc for each in valid)

    def assert_gets_in_where_it_was_said(self, view: View, leaf: x509.Certificate) -> None:
        """Whoever is issued a certificate gets in wherever what is known of a daemon is true."""
        numbers = range(1, view.newest_anchors().number + 1)
        published = {each.ca: each.number for number in numbers if (each := view.ledger.anchors(number))}
        for daemon in view.ledger.daemons():
            held = self.daemons.held.get(daemon.url)
            # Of a replaced publication the ledger keeps the label, and somebody's edit may have left that alone.
            number = published.get(held.ca) if held and len(held.anchors) > 1 else None
            if held and number is not None and number >= daemon.proven:
                assert go_rules.refusal(leaf, held.anchors, self.now) in {None, Refusal.NAME_EXCLUDED}

    def let_in(self, view: View) -> set[str]:
        """Return the newest certificates that the newest anchors let in: not those of a leaked authority, say."""
        held = parsed(view.newest_anchors().ca)
        return {
            row.serial
            for row in view.ledger.certificates("device", newest_only=True, unexpired_at=self.now)
            if self.is_in(view, row.person or "", row.device or "")
            and go_rules.refusal(certificates.load(row.der), held, max(self.now, row.not_before)) is None
        }

    def is_in(self, view: View, person: str, device: str) -> bool:
        known, its = view.ledger.person(person), view.ledger.device(person, device)
        return not ((known and known.revoked) or (its and its.revoked))

    def must_replace(self, view: View) -> bool:
        return publication.must_replace(view, view.newest_anchors())

    @invariant()
    def what_was_published_is_right(self) -> None:
        for place in self.places:
            with reading(open_home(place.path, nobody_asks), self.now) as view:
                assert any(each.kind is Kind.PUBLICATION for each in unfinished(view)) == self.must_replace(view)
                self.assert_publication_is_unique_and_its_lists_verify(view)
                if not self.must_replace(view):
                    self.assert_right(view, place)

    def assert_right(self, view: View, place: Place) -> None:
        newest = view.newest_anchors()
        held = parsed(newest.ca)
        forgotten = {each.serial for each in place.history.forgotten}
        trusted = issuers(view)
        for grant in self.grants:
            is_known = view.ledger.certificate(grant.serial) is not None
            is_trusted = any(certificates.has_signed(each, grant.leaf) for each in trusted)
            if not self.is_in(view, grant.person, grant.device):
                if is_known or grant.serial in forgotten:
                    for clock in (self.now, self.now - anchors.GRACE):
                        assert go_rules.refusal(grant.leaf, held, clock), (grant, clock)
            elif is_known and is_trusted and self.is_current(grant.leaf):
                assert go_rules.refusal(grant.leaf, held, self.now) is None, grant

    def is_current(self, leaf: x509.Certificate) -> bool:
        return leaf.not_valid_before_utc <= self.now <= leaf.not_valid_after_utc

    def assert_publication_is_unique_and_its_lists_verify(self, view: View) -> None:
        newest = view.newest_anchors()
        *held, label = parsed(newest.ca)
        assert self.labels.setdefault(label.subject.public_bytes(), newest.ca) == newest.ca
        found = publication.label_of(newest)
        assert found
        assert found.number == newest.number
        self.assert_lists_verify(view, newest, held)

    def assert_lists_verify(self, view: View, newest: Anchors, held: list[x509.Certificate]) -> None:
        lists = [x509.load_pem_x509_crl(each) for each in split(newest.crl)]
        assert [each.issuer for each in lists] == [each.subject for each in held]
        shown = {entry.serial_number for each in lists for entry in each}
        for each, anchor in zip(lists, held, strict=True):
            assert each.is_signature_valid(anchor.public_key())  # type: ignore[arg-type]
            assert each.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == newest.number
        fingerprints = {certificates.fingerprint(each) for each in issuers(view)}
        for row in [] if self.must_replace(view) else view.ledger.revoked_certificates(self.now):
            assert int(row.serial, 16) in shown or row.issuer not in fingerprints


def issuers(view: View) -> list[x509.Certificate]:
    """Return every authority that is trusted, cohort by cohort."""
    return [
        each for generation in view.newest_anchors().generations for each in cohort_authorities.of(view, generation)
    ]


def split(pem: bytes) -> list[bytes]:
    end = b"-----END X509 CRL-----\n"
    return [each + end for each in pem.split(end)[:-1]]


def run(*given: Any, **options: Any) -> Report:  # noqa: ANN401  what `probe.run` takes
    """Ask the daemons of the machine that is running."""
    return Machine.running.run(*given, **options)


def test_whoever_is_revoked_is_refused_wherever_it_is_proven_and_whoever_is_not_gets_in(
    monkeypatch: pytest.MonkeyPatch, new_url: NewUrl, database: str
) -> None:
    monkeypatch.setattr(Machine, "new_url", new_url if database == "postgresql" else None)
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    monkeypatch.setattr(sealed, "_LOG_N", 4)
    monkeypatch.setattr(files, "sweep", lambda _path: None)
    monkeypatch.setattr(daemon_check, "run", run)
    Machine.threshold = monkeypatch
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=EXAMPLES if database == "sqlite" else EXAMPLES // 3,
            stateful_step_count=STEPS,
            deadline=None,
            phases=[Phase.explicit, Phase.reuse, Phase.generate, *([Phase.shrink] if EXAMPLES > DEFAULT else [])],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
