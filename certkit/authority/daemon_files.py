"""The files of a daemon in the home, from where they are copied to its host: they follow the ledger."""

from collections.abc import Callable

from certkit import files
from certkit.authority.certificate_row import record_certificate
from certkit.authority.home import ANCHORS, CERTIFICATE, CRL, KEY
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.errors import MissingError
from certkit.ledger.interface import Anchors, Daemon
from certkit.pki import certificates, keys, names


def certify(session: Session, find: Callable[[], Daemon], action: str) -> Daemon:
    """Issue a daemon a new key and certificate: signed, recorded, then written with the newest anchors.

    Where its host makes the keys, it is told that another certificate is wanted, and nothing is issued here.

    `find` returns the daemon as it is to be; it is called when no other session can change it any more.
    """
    session.authority("server")  # asks for the passphrase, if at all, before others have to wait
    key = keys.generate(session.settings.key_type)
    with session.locked():
        authority, daemon = session.issuing("server"), find()
        if daemon.sync:
            return _leave_to_host(session, daemon, action)
        hosts = [names.parse_host(host) for host in daemon.hosts]
        life = session.settings.daemon_life
        certificate = certificates.daemon(authority, key.public_key(), hosts, session.now, life)
        with session.transaction():
            _put(session, daemon, action)
            record_certificate(session, "daemon", certificate, authority, daemon=daemon.name)
        _write(session, daemon.name, certificates.to_pem(certificate), keys.to_pem(key))
    return daemon


def _leave_to_host(session: Session, daemon: Daemon, action: str) -> Daemon:
    """Have the host make the key, and ask for a certificate as the daemon is now."""
    wanted = daemon._replace(sync=daemon.sync and daemon.sync._replace(renew=session.now))
    with session.transaction():
        _put(session, wanted, action)
    return wanted


def _put(session: Session, daemon: Daemon, action: str) -> None:
    known = session.ledger.daemon(daemon.name)
    moved = {"former": known.url} if known and not known.removed and known.url != daemon.url else {}
    session.ledger.put_daemon(daemon)
    session.record(action, daemon.name, url=daemon.url, hosts=daemon.hosts, **moved)


def follow(session: Session, name: str) -> None:
    """Write the newest anchors into a daemon's folder, beside the pair that is there; hold the home's lock."""
    folder = session.daemon_directory(name)
    _write(session, name, files.read(folder / CERTIFICATE), files.read(folder / KEY))


def are_behind(view: View, name: str, newest: Anchors) -> bool:
    """Tell whether a daemon's folder lacks the newest anchors.

    A folder that is not there is not behind: a crash came before the daemon's first certificate was written, and what
    it wants is a renewal.
    """
    folder = view.daemon_directory(name)
    try:
        return (files.read(folder / ANCHORS), files.read(folder / CRL)) != (newest.ca, newest.crl)
    except MissingError:
        return folder.exists()


def _write(session: Session, name: str, certificate: bytes, key: bytes) -> None:
    newest = session.newest_anchors()
    files.write_directory(
        session.daemon_directory(name), {ANCHORS: newest.ca, CRL: newest.crl, CERTIFICATE: certificate, KEY: key}
    )
