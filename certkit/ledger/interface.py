"""What a ledger holds and answers, whatever database it lives in.

Names are the keys: a person's, a device's below a person's, a daemon's. Times are aware, in UTC, whole seconds.
What is true of the files on one host stays out of it: several hosts may share a ledger.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

Kind = Literal["daemon", "device", "canary", "control", "server", "host"]
Access = Literal["home", "code", "certificate"]
"""By what right something is done: access to the home's files, or what was shown over the network."""


class Revocation(NamedTuple):
    """When somebody was shut out and why: a CRL reason of RFC 5280, section 5.3.1, such as `keyCompromise`."""

    at: datetime
    reason: str


class Person(NamedTuple):
    """Somebody who may build."""

    name: str
    label: str
    created: datetime
    revoked: Revocation | None = None


class Device(NamedTuple):
    """One enrollment of a person: a key made in one place, and its successors."""

    person: str
    name: str
    label: str
    created: datetime
    revoked: Revocation | None = None
    came: datetime | None = None
    """When it last came to the server; None if it never did."""
    shown: str = ""
    """The serial of the certificate that it last showed there; empty until it has shown one."""


class Newest(NamedTuple):
    """What is wanted of many devices' newest certificates."""

    serial: str
    not_before: datetime
    not_after: datetime
    created: datetime


class Enrolled(NamedTuple):
    """A device with the newest certificate that it was issued, if it was issued any."""

    device: Device
    person_revoked: datetime | None
    """When all devices of its person were shut out, if they were."""
    newest: Newest | None

    @property
    def is_shut_out(self) -> bool:
        """Whether it is revoked, by itself or with its person."""
        return self.device.revoked is not None or self.person_revoked is not None


class KeyHolder(NamedTuple):
    """Whose a certificate for some key is: a person's device or a daemon's."""

    person: str | None
    device: str | None
    daemon: str | None


Application = tuple[str, str | None, str | None]
"""Who is to be let in, as `Ledger.applicant` is asked of them: person, device, and the pin of the key."""


class Applicant(NamedTuple):
    """What is known of somebody who is to be let in."""

    person: Person | None
    device: Device | None
    holders: tuple[KeyHolder, ...]
    """Whose each certificate is that was ever signed for their key."""


class Deployment(NamedTuple):
    """How a daemon runs on its host, as its lead has said: every later step must fit it."""

    kind: str
    """One of `deploy.KINDS`."""
    flavour: str | None
    """One of `deploy.FLAVOURS`; None if nobody has said so, and it is the one that the kind has by itself."""
    directory: str
    """Where the three files lie there."""
    service: str | None = None
    """What its container, unit or namespace is called; None if it is called after the daemon."""
    ssh: str | None = None
    """How the host is reached, as `user@host`; None for root at the daemon's first name."""


class Sync(NamedTuple):
    """That a daemon's host fetches its files by itself, and what it has last said of them."""

    since: datetime
    """When its code was used: identities from before are good no more."""
    renew: datetime | None = None
    """A certificate of the daemon from before is to be replaced; None if none has to be."""
    said: datetime | None = None
    """When the host has last said something; None if it never has."""
    outcome: str = ""
    """What it said: one of `authority.host_sync.Outcome`; empty if nothing."""
    reason: str = ""
    """The code of what has failed."""


class Daemon(NamedTuple):
    """A daemon by name, with its URL and the names and addresses in its certificate, the URL's host first."""

    name: str
    url: str
    hosts: tuple[str, ...]
    created: datetime
    proven: int = 0
    """The number of the anchors that it began with, or was last seen to hold."""
    serving: str = ""
    """The serial of the certificate that it was last seen to serve; empty until it was seen."""
    removed: datetime | None = None
    """When it was given up, if it was; its certificates stay in the ledger."""
    place: int = 0
    """Where it stands among the daemons: the lowest is the one that laptops use by default."""
    deployment: Deployment | None = None
    """How it runs; None if nobody has said so, as in ledgers of former certkits."""
    sync: Sync | None = None
    """That its host makes its key and fetches its files; None where they are made in the home, and copied."""
    proven_at: datetime | None = None
    """When it was first seen to hold the anchors of `proven`; None if that is not known."""


class Anchors(NamedTuple):
    """What all daemons are told to trust from some moment on: numbered from 1, the newest counts.

    Of an older one the ledger keeps what tells it from others: of `ca` the last certificate, which is its label, of
    `crl` and `excluded` nothing.
    """

    number: int
    created: datetime
    ca: bytes
    """The PEM of `ca.pem`."""
    crl: bytes
    """The PEM of `crl.pem`."""
    generations: tuple[int, ...]
    """The client authority's generations in it, oldest first."""
    excluded: tuple[str, ...] = ()
    """The names of people and devices that every anchor excludes."""


class RevokedCertificate(NamedTuple):
    """A device's certificate that is revoked, by its device, by its person, or by both."""

    serial: str
    issuer: str
    person: str
    device: str
    not_after: datetime
    by_person: Revocation | None
    by_device: Revocation | None


class Certificate(NamedTuple):
    """A certificate that was signed; its row is written before it leaves."""

    serial: str
    """Lower-case hexadecimal, as `pki.certificates.serial_text` writes it."""
    kind: Kind
    issuer: str
    """The issuing authority's certificate by its fingerprint."""
    not_before: datetime
    not_after: datetime
    der: bytes
    created: datetime
    person: str | None = None
    device: str | None = None
    daemon: str | None = None
    trusts: tuple[int, ...] = ()
    """The server authority's generations that were handed out with a device's certificate."""
    pin: str = ""
    """The SHA-256 of its SubjectPublicKeyInfo, in hexadecimal."""
    urls: tuple[tuple[str, str], ...] = ()
    """The daemons that were handed out with a device's certificate, by name and URL; none if that was not recorded."""


class Code(NamedTuple):
    """A code to enroll with, which is known by the digest of its secret alone."""

    digest: str
    person: str | None
    """Whom it invites; None for a daemon's host."""
    device: str | None
    """The device that it enrolls; None where each use makes up a name."""
    client: str
    """For which client, as the lead has said; empty for whatever is found there."""
    created: datetime
    expires: datetime
    uses: int
    left: int
    """How many of the uses are left."""
    cancelled: datetime | None = None
    daemon: str | None = None
    """Whose host it invites; None for a person."""


class CodeUse(NamedTuple):
    """A use of a code that was made: when, for which key, and the certificate that it gave."""

    used: datetime
    pin: str
    serial: str


class LeadRole(NamedTuple):
    """That somebody may do what a lead does, over the network, since when."""

    person: str
    since: datetime


class Proposal(NamedTuple):
    """A command that a lead has sent, and that is carried out once enough of them want it."""

    name: str
    person: str
    """Who has sent it."""
    created: datetime
    expires: datetime
    command: str
    call: Mapping[str, Any]
    """The command's options and files, as JSON takes them."""
    needed: int
    """How many must want it, whoever has sent it included."""
    agreed: tuple[str, ...]
    """Who does, whoever has sent it first."""
    ended: datetime | None = None
    """When it was carried out or withdrawn, if it was."""


class Actor(NamedTuple):
    """Who does something, from which machine, and by what right: an `Access`, or what a later certkit knows."""

    name: str
    host: str
    access: str = "home"


class Event(NamedTuple):
    """Something that was done: when, by whom, what, to whom or what."""

    at: datetime
    actor: Actor
    action: str
    subject: str
    detail: Mapping[str, object] = MappingProxyType({})


class Ledger(Protocol):
    """The record of one team. Every change is made inside `transaction`, whole or not at all."""

    def transaction(self) -> AbstractContextManager[None]:
        """Begin a change; other writers wait. Commit at the end, or roll back on an exception."""

    @property
    def is_remote(self) -> bool:
        """Tell whether every question waits for the network; in a file, only a change's begin and commit wait."""

    def part(self) -> AbstractContextManager[None]:
        """Begin a part of a change, inside `transaction`, that an exception undoes without the rest."""

    def foreseeing(
        self, applications: Sequence[Application] = (), codes: Sequence[str] = ()
    ) -> AbstractContextManager[None]:
        """Find out at once what is asked in a block, where every question waits: of applicants, and codes by digest.

        Each answer is given once. Of applicants who share a person or a key the ledger is asked in turn, so that what
        the block records of one is seen by the next; it changes nothing else that they are judged by.
        """

    def locked(self) -> AbstractContextManager[None]:
        """Keep every other host out that shares the ledger and wants this lock; never inside a transaction.

        It goes with a home's own lock, which covers one host: in a file it does nothing.
        """

    def wait(self, seconds: float) -> bool:
        """Wait until something has been committed since the last call of this; tell whether it may have been.

        Of what is committed, what daemons are told is what counts; anything else may be told, too. The first call
        returns at once: wait, then look, and wait again.
        """

    def close(self) -> None:
        """Let go of the database."""

    def export(self) -> bytes:
        """Return the whole content at one moment, as `ledger.import_ledger` takes it."""

    def verify(self) -> None:
        """Raise LedgerError if the database is damaged."""

    def size(self) -> int:
        """Return how many bytes the database takes."""

    def add_person(self, person: Person) -> None:
        """Add somebody; raises RefusedError if a name looks like one that is there (`names.folded`)."""

    def person(self, name: str) -> Person | None:
        """Find a person by name."""

    def applicant(self, person: str, device: str | None, pin: str | None = None) -> Applicant:
        """Find a person, a device of theirs, and who has a key, at once: who is let in is judged by all three."""

    def person_folded(self, folded: str) -> Person | None:
        """Find a person by what a name has in common with all that look like it (`pki.names.folded`)."""

    def people(self) -> list[Person]:
        """Return everybody, by name."""

    def names(self) -> list[str]:
        """Return everybody's name, in order: much less than `people`, where there are many."""

    def count_people(self) -> int:
        """Return how many people there are."""

    def add_device(self, device: Device) -> None:
        """Add a device; raises RefusedError if its name looks like that of another device of the person."""

    def device(self, person: str, name: str) -> Device | None:
        """Find one device."""

    def devices(self, person: str | None = None) -> list[Device]:
        """Return all devices, or those of a person, by person and name."""

    def enrolled(self, person: str | None = None) -> Iterator[Enrolled]:
        """Return all devices, or those of a person, by person and name, each with its newest certificate.

        They are read page by page: what another command adds meanwhile may be among them or not.
        """

    def enrolled_ending(self, after: datetime, until: datetime, of_who_come: datetime) -> list[Enrolled]:
        """Return the devices that are not shut out and whose newest certificate ends then, in any order.

        Of those that have come to the server since they were given it, the ones that end until `of_who_come`.
        """

    def enrolled_beginning(self, after: datetime) -> list[Enrolled]:
        """Return the devices that are not shut out and whose newest certificate begins later, in any order."""

    def count_enrolled(self, unexpired_at: datetime) -> int:
        """Return how many devices are not shut out and have a certificate that has not expired then."""

    def set_person_revoked(self, name: str, revoked: Revocation | None) -> None:
        """Shut a person out, or let them in again."""

    def set_device_revoked(self, person: str, name: str, revoked: Revocation | None) -> None:
        """Shut a device out, or let it in again."""

    def set_device_came(self, person: str, name: str, came: datetime, shown: str | None = None) -> None:
        """Note that a device has come to the server, and the serial of what it showed there, if anything."""

    def put_daemon(self, daemon: Daemon) -> None:
        """Add a daemon, or replace what is known of it."""

    def daemon(self, name: str) -> Daemon | None:
        """Find a daemon by name, one that was removed too."""

    def daemons(self, *, also_removed: bool = False) -> list[Daemon]:
        """Return all daemons, but not those that were removed unless `also_removed`, by their places."""

    def add_certificate(self, certificate: Certificate) -> None:
        """Record a certificate that was signed."""

    def certificate(self, serial: str) -> Certificate | None:
        """Find a certificate by its serial number."""

    def certificates(
        self,
        kind: Kind,
        *,
        person: str | None = None,
        daemon: str | None = None,
        unexpired_at: datetime | None = None,
        newest_only: bool = False,
    ) -> list[Certificate]:
        """Return certificates, oldest first; `newest_only` keeps the last one of each device or daemon."""

    def certificates_of_key(self, pin: str) -> list[Certificate]:
        """Return every certificate ever signed for a key, oldest first."""

    def revoked_certificates(self, unexpired_at: datetime) -> list[RevokedCertificate]:
        """Return the certificates of everybody and everything shut out that have not expired then."""

    def add_code(self, code: Code) -> None:
        """Record a code, none of whose uses was made yet."""

    def code(self, digest: str) -> Code | None:
        """Find a code by the digest of its secret."""

    def codes(self, *, unexpired_at: datetime | None = None) -> list[Code]:
        """Return all codes, or those that have not expired then, oldest first."""

    def cancel_code(self, digest: str, at: datetime) -> None:
        """Let nobody use a code any more."""

    def take_use(self, digest: str, use: CodeUse) -> bool:
        """Make one of the uses that are left of a code; False if none is, or if it was cancelled.

        Of any number at once each gets another.
        """

    def code_of_certificate(self, serial: str) -> Code | None:
        """Return the code that gave a certificate, if one did."""

    def uses_of_code(self, digest: str) -> list[CodeUse]:
        """Return the uses that were made of a code, in their order."""

    def add_lead(self, lead: LeadRole) -> None:
        """Make somebody a lead; nothing changes for who is one."""

    def remove_lead(self, person: str) -> None:
        """Make somebody a lead no more."""

    def lead(self, person: str) -> LeadRole | None:
        """Return since when somebody is a lead; None if they are none."""

    def leads(self) -> list[LeadRole]:
        """Return all leads, by name."""

    def put_proposal(self, proposal: Proposal) -> None:
        """Record a proposal, or what has become of it since."""

    def proposal(self, name: str) -> Proposal | None:
        """Find a proposal."""

    def proposals(self, *, unexpired_at: datetime) -> list[Proposal]:
        """Return the proposals that have not ended, and have not expired then, oldest first."""

    def add_anchors(self, anchors: Anchors) -> None:
        """Record what daemons are told to trust from now on."""

    def anchors(self, number: int) -> Anchors | None:
        """Find what daemons were told to trust by its number."""

    def newest_anchors(self) -> Anchors | None:
        """Return what daemons are told to trust now."""

    def newest_number(self) -> int:
        """Return the number of what daemons are told to trust now, and nothing else of it; 0 before the first."""

    def generations_since(self, number: int) -> list[tuple[int, ...]]:
        """Return the generations of the anchors of this number and of all later ones, oldest first."""

    def state(self, name: str) -> dict[str, Any] | None:
        """Return what was kept under a name."""

    def set_state(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep a few values, as JSON takes them, under a name."""

    def add_event(self, event: Event) -> None:
        """Append to the log."""

    def events(self, *, subject: str | None = None, action: str | None = None, limit: int | None = None) -> list[Event]:
        """Return the newest events, oldest of them first."""

    def each_event(self, *, subject: str | None = None) -> Iterator[Event]:
        """Return all events, oldest first, read page by page."""

    def subjects(self) -> list[str]:
        """Return to whom or what anything was ever done, in order."""
