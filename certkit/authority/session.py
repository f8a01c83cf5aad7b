"""A change of a team's home: it owns the lock, the transaction, who makes it and when."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Self

from cryptography.x509 import Certificate

from certkit import files
from certkit.authority.home import CACHE, KEY, LOCK, SETTINGS, TEAM, Home, check_team
from certkit.authority.passphrase import PassphraseError
from certkit.authority.settings import remember
from certkit.authority.view import DamagedHomeError, View, intact
from certkit.errors import RefusedError
from certkit.ledger import open_ledger
from certkit.ledger.interface import Actor, Event
from certkit.pki import keys
from certkit.pki.certificates import Authority
from certkit.pki.signer import KeySigner
from certkit.trust.rotation import Role


class _Held:
    """What a session holds just now: how often its lock was taken, and whether it is inside a transaction."""

    def __init__(self) -> None:
        self.locks, self.transaction = 0, False


@dataclass(frozen=True, eq=False, repr=False)
class Session(View):
    """A view that may change what it sees. It belongs to one thread; others have sessions of their own meanwhile."""

    actor: Actor
    _held: _Held = field(default_factory=_Held)
    """Shared by all that are made of one by `replace`: they have its connection, and its locks."""

    def acting(self, name: str) -> Self:
        """Return the same session with another name in what it records."""
        return replace(self, actor=self.actor._replace(name=name))

    def authority(self, role: Role, generation: int | None = None) -> Authority:
        """Open an authority, the issuing generation by default, with its passphrase if it has one.

        Call it once before taking the lock: a passphrase may have to be typed, and nobody should wait for that.
        """
        generation = generation or self.rotation(role).issuing
        certificate, key = self.certificate(role, generation), self.key(role, generation)
        if not keys.matches(key, certificate):
            folder = self.authority_directory(role, generation)
            raise DamagedHomeError(
                f"the key in {folder} is not that of its certificate", "Restore it from a backup.", path=folder
            )
        return Authority(certificate, KeySigner(key))

    def issuing(self, role: Role) -> Authority:
        """Open the authority that signs, for a new certificate; raise as `check_validity` does."""
        authority = self.authority(role)
        self._check_validity(role, authority.certificate)
        return authority

    def check_validity(self, role: Role) -> None:
        """Raise RefusedError if an authority is not valid now: nothing that it signs would be accepted.

        What revokes must work by any clock, and does not ask.
        """
        self._check_validity(role, self.certificate(role))

    def _check_validity(self, role: Role, certificate: Certificate) -> None:
        begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if end <= self.now:
            raise RefusedError(
                f"the {role} authority expired on {end:%Y-%m-%d}",
                code="authority-expired",
                role=role,
                ended=end,
                step=self.rotation(role).steps[0],
            )
        if self.now < begin:
            raise RefusedError(
                f"the {role} authority is valid from {begin:%Y-%m-%d %H:%M} UTC only, and here it is "
                f"{self.now:%Y-%m-%d %H:%M}",
                code="authority-not-yet-valid",
                role=role,
                begin=begin,
            )

    def key(self, role: Role, generation: int | None = None) -> keys.PrivateKey:
        """Return the key of an authority that lies in the home, for whoever writes it anew."""
        path = self.authority_directory(role, generation) / KEY
        try:
            with intact(path):
                pem = files.read(path)
                return keys.load(pem)
        except keys.EncryptedKeyError:
            return self._unlocked(pem)

    def _unlocked(self, pem: bytes) -> keys.PrivateKey:
        """Open an authority's key by its passphrase; raise an error that names the settings, where it comes from."""
        settings = self.path / SETTINGS
        try:
            return keys.load(pem, self.home.passphrase())
        except PassphraseError as error:
            error.fields["settings"] = settings
            raise
        except keys.WrongPassphraseError:
            raise keys.WrongPassphraseError(
                "the passphrase does not open the authorities' keys", code="authority-passphrase-wrong"
            ) from None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home's lock while files change; a session that holds it may take it again.

        Never inside a transaction: another session may hold the lock and wait for the database, and the two would
        wait for each other.
        """
        if self._held.transaction:
            raise AssertionError("the home's lock was wanted inside a transaction")
        with contextlib.ExitStack() as stack:
            if not self._held.locks:
                stack.enter_context(files.locked(self.path / LOCK))
                stack.enter_context(self.ledger.locked())
            self._held.locks += 1
            try:
                yield
            finally:
                self._held.locks -= 1

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Change the ledger, whole or not at all; other writers wait. Transactions do not nest."""
        if self._held.transaction:
            raise AssertionError("a transaction was begun inside another")
        with self.ledger.transaction():
            self._held.transaction = True
            try:
                yield
            finally:
                self._held.transaction = False

    def record(self, action: str, subject: str, **detail: object) -> None:
        """Append to the log; belongs into the transaction of what it tells."""
        if not self._held.transaction:
            raise AssertionError("an event was recorded outside a transaction")
        self.ledger.add_event(Event(self.now, self.actor, action, subject, detail))


@contextlib.contextmanager
def unsettled(home: Home, actor: Actor, now: datetime) -> Iterator[Session]:
    """Open a home to be changed, as it is: `changes.changing` also finishes what a killed command has begun."""
    with contextlib.closing(open_ledger(home.ledger_url)) as opened:
        check_team(home, (opened.state(TEAM) or {}).get("name"))
        remember(home.path / SETTINGS, home.path / CACHE)
        files.ignore(home.path)  # a former certkit did not
        yield Session(home, opened, now, actor)
