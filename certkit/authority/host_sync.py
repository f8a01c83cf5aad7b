"""Daemons whose hosts fetch their files by themselves: who a host is, what it is told, given, and believed.

A host shows an identity of a kind of its own, by which it gets in at no daemon and may do nothing here but what
concerns its daemon. The daemon's key is made on the host; the home knows the certificate from the ledger alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from cryptography import x509

from certkit import files
from certkit.authority import deployments, server_identity, shown_certificates
from certkit.authority.certificate_row import record_certificate
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.errors import InvalidError, RefusedError
from certkit.ledger.interface import Certificate, Daemon, Sync
from certkit.pki import certificates, extensions, keys, names, requests
from certkit.pki.keys import PublicKey

Taking = Callable[[x509.Certificate], None]
"""What is to happen in the transaction in which a certificate is recorded; it prevents that by raising."""


class Outcome(StrEnum):
    """What a host says has become of the newest files."""

    PROVEN = "proven"
    """The daemon was seen to hold them, in an authenticated handshake."""
    WAITING = "waiting"
    """They are on the host, and the restart waits until no build runs."""
    UNPROVEN = "unproven"
    """They are on the host, and the daemon was not seen to hold them."""
    FAILED = "failed"


@dataclass(frozen=True)
class Report:
    """What a host says: `anchors` and `serial` are those of the files that it holds."""

    outcome: Outcome
    anchors: int
    serial: str
    reason: str = ""
    """The code of what has failed."""


@dataclass(frozen=True)
class News:
    """All that a daemon's host needs to know."""

    team: str
    daemon: str
    url: str
    server: str
    """Where the team's server answers from now on."""
    authorities: str
    """The authorities that vouch for daemons and for the server, PEM."""
    number: int
    """That of the newest publication."""
    created: datetime
    anchors: str
    """The `ca.pem` of it, PEM."""
    crl: str
    renew: bool
    """Whether the daemon is to have another certificate than the one that the host has."""
    directory: str
    """Where the files lie on the host, as the lead has said."""
    spares_builds: bool
    """Whether what reads the files takes new ones without ending a build, as HAProxy does."""
    restart: str
    """The command that makes it read them, as far as anybody has said; empty if nobody has."""


def subject(daemon: Daemon) -> bytes:
    """Return the name (DER) of the one certificate that a daemon whose host syncs trusts beside the publication's."""
    return certificates.watcher_subject(daemon.name).public_bytes()


def holder(view: View, der: bytes) -> Daemon:
    """Find the daemon whose host has shown a certificate in a handshake, in which its key was proven.

    Raises RefusedError if it is no host's, or is good no more.
    """
    found = shown_certificates.find(view, der, "host")
    if found is None or not found.daemon:
        raise RefusedError(
            "that certificate is none that this team has given to a daemon's host", code="certificate-foreign"
        )
    daemon = view.ledger.daemon(found.daemon)
    if daemon is None or daemon.removed or daemon.sync is None or found.created < daemon.sync.since:
        raise RefusedError(f"this host's right to the files of {found.daemon} was revoked", code="host-revoked")
    shown_certificates.refuse_expired(view, found)
    return daemon


def news(view: View, daemon: Daemon, serial: str) -> News:
    """Return what the host of a daemon needs to know, which has the certificate of this serial number, or of none."""
    from certkit import deploy  # whoever invites needs no recipes

    newest, how = view.newest_anchors(), deployments.of(view, daemon)
    handling = deploy.handling(how.kind, deployments.site(view, daemon))
    return News(
        team=view.team,
        daemon=daemon.name,
        url=daemon.url,
        server=server_identity.address(view).url,
        authorities=b"".join(map(certificates.to_pem, view.trusted("server"))).decode(),
        number=newest.number,
        created=newest.created,
        anchors=newest.ca.decode(),
        crl=newest.crl.decode(),
        renew=_wants_another(view, daemon, view.ledger.certificate(serial)),
        directory=how.directory,
        spares_builds=handling is not None and handling.spares_builds,
        restart=handling.restart if handling else "",
    )


def revision(view: View) -> object:
    """Return what changes whenever there may be news for a host; it is compared, and costs next to nothing."""
    daemons = tuple((each.name, each.url, each.hosts, each.sync and each.sync.renew) for each in view.ledger.daemons())
    rotation = view.rotation("server")
    return view.newest_number(), daemons, rotation.issuing, rotation.trusted


def check_possible(view: View) -> None:
    """Raise RefusedError where no host could have an identity."""
    if not extensions.allows(view.certificate("server"), x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH):
        raise RefusedError(
            "the server authority may vouch for servers only, and a daemon's host is a client of the server",
            code="authority-not-for-hosts",
        )


def give_identity(session: Session, name: str, public_key: PublicKey, taking: Taking) -> x509.Certificate:
    """Give a daemon's host its first identity: from now on it syncs, and whoever did before does no more."""

    def begin(certificate: x509.Certificate) -> None:
        taking(certificate)
        daemon = session.ledger.daemon(name)
        if daemon is None or daemon.removed:
            raise RefusedError(f"the daemon {name} was removed", code="daemon-removed", daemon=name)
        session.ledger.put_daemon(daemon._replace(sync=Sync(session.now)))
        session.record("daemon enroll", name, serial=certificates.serial_text(certificate.serial_number))

    return _identity(session, name, public_key, begin)


def renew_identity(session: Session, der: bytes, request: bytes) -> x509.Certificate:
    """Answer a CSR of a host with its next identity; the same key gets the same again."""
    daemon, public_key = holder(session, der), requests.read(request)
    again = _given_before(session, daemon, "host", public_key)
    return again or _identity(session, daemon.name, public_key, lambda _: None)


def certify(session: Session, der: bytes, request: bytes) -> x509.Certificate:
    """Answer a CSR of a host with the daemon's next certificate; of the request only the key is believed.

    The same key gets the same certificate again, unless another is wanted.
    """
    daemon, public_key = holder(session, der), requests.read(request)
    again = _given_before(session, daemon, "daemon", public_key)
    if again:
        return again
    authority = session.issuing("server")
    with session.transaction():
        daemon = holder(session, der)
        hosts = [names.parse_host(host) for host in daemon.hosts]
        made = certificates.daemon(authority, public_key, hosts, session.now, session.settings.daemon_life)
        record_certificate(session, "daemon", made, authority, daemon=daemon.name)
        if daemon.sync:
            session.ledger.put_daemon(daemon._replace(sync=daemon.sync._replace(renew=None)))
        session.record("daemon renew", daemon.name, url=daemon.url, hosts=daemon.hosts)
    return made


def take_report(session: Session, der: bytes, report: Report) -> Daemon:
    """Record what a host says of its daemon; raise InvalidError for what cannot be true.

    Once the daemon serves a certificate whose key was made on the host, the key that the home has made goes.
    """
    with session.transaction():
        daemon = holder(session, der)
        served = session.ledger.certificate(report.serial)
        if not 0 <= report.anchors <= session.newest_number() or not served or served.daemon != daemon.name:
            raise InvalidError("there are no such files of that daemon", code="report-of-unknown-files")
        changed = _reported(session, daemon, report)
        if changed != daemon:
            session.ledger.put_daemon(changed)
            detail = {"reason": report.reason} if report.reason else {}
            session.record("daemon sync", daemon.name, outcome=report.outcome, anchors=report.anchors, **detail)
    is_own = daemon.sync is not None and served.created >= daemon.sync.since
    if report.outcome is Outcome.PROVEN and is_own and files.remains_of(session.daemon_directory(daemon.name)):
        with session.locked():
            files.remove_directory(session.daemon_directory(daemon.name))
    return changed


def revoke(session: Session, daemon: Daemon) -> bool:
    """End a host's right to its daemon's files; the home makes the daemon's key from now on. False if it had none."""
    if daemon.sync is None:
        return False
    with session.transaction():
        session.ledger.put_daemon(daemon._replace(sync=None))
        session.record("revoke host", daemon.name)
    return True


def _reported(session: Session, daemon: Daemon, report: Report) -> Daemon:
    if daemon.sync is None:
        return daemon
    is_news = (daemon.sync.outcome, daemon.sync.reason) != (report.outcome, report.reason)
    said = session.now if is_news else daemon.sync.said
    sync = daemon.sync._replace(said=said, outcome=report.outcome.value, reason=report.reason)
    if report.outcome is not Outcome.PROVEN:
        return daemon._replace(sync=sync)
    is_first = daemon.proven != report.anchors or daemon.proven_at is None
    proven_at = session.now if is_first else daemon.proven_at
    return daemon._replace(sync=sync, proven=report.anchors, serving=report.serial, proven_at=proven_at)


def _identity(session: Session, name: str, public_key: PublicKey, within: Taking) -> x509.Certificate:
    check_possible(session)
    authority = session.issuing("server")
    made = certificates.daemon_host(authority, public_key, name, session.now, session.settings.device_life)
    with session.transaction():
        _check_key(session, public_key)
        record_certificate(session, "host", made, authority, daemon=name)
        within(made)
    return made


def _given_before(session: Session, daemon: Daemon, kind: str, public_key: PublicKey) -> x509.Certificate | None:
    known = session.ledger.certificates_of_key(keys.public_pin(public_key).hex())
    for each in known:
        is_good = each.kind == kind and each.daemon == daemon.name and each.not_after > session.now
        if is_good and (kind == "host" or not _wants_another(session, daemon, each)):
            return certificates.load(each.der)
    _check_key(session, public_key)
    return None


def _check_key(session: Session, public_key: PublicKey) -> None:
    """Raise RefusedError for a key that has a certificate: whatever it is for, a new one wants a new key."""
    if session.ledger.certificates_of_key(keys.public_pin(public_key).hex()):
        raise RefusedError("that key has a certificate already, for something else", code="key-of-another")


def _wants_another(view: View, daemon: Daemon, present: Certificate | None) -> bool:
    """Tell whether a certificate is not what the daemon should serve: by its names, its authority, its key's place."""
    if present is None or present.kind != "daemon" or present.daemon != daemon.name or daemon.sync is None:
        return True
    leaf = certificates.load(present.der)
    return (
        present.created < daemon.sync.since
        or daemon.sync.renew is not None
        or extensions.hosts(leaf) != {*daemon.hosts}
        or not certificates.has_signed(view.certificate("server"), leaf)
    )
