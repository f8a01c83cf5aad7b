"""What daemons are told to trust: published in the ledger first, then written into every daemon's folder.

The ledger is the truth and the files follow it, so a crash in between is mended by the next command.
"""

import contextlib
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from cryptography import x509

from certkit import files
from certkit.authority.certificate_row import record_certificate
from certkit.authority.home import ANCHORS, CERTIFICATE, CRL, KEY, ROLES, Home
from certkit.errors import CertkitError, MissingError
from certkit.ledger.interface import Anchors, Daemon, RevokedCertificate
from certkit.pki import certificates, extensions, keys, names
from certkit.pki.certificates import Authority
from certkit.trust import anchors, canary, crl
from certkit.trust.anchors import ShutOut

CRL_LIFE = timedelta(days=400)
"""Long: whatever reads the list refuses everybody once it is out of date."""
_PASSED_OVER = "anchors passed over"
_LOST = 1024
"""More anchors than are ever published between two backups."""


@contextlib.contextmanager
def publishing(home: Home, now: datetime) -> Iterator[None]:
    """Make a change of who is trusted and publish the anchors that follow from it, both or neither.

    Where nothing follows, as after the switch of a rotation, the former anchors stay the newest.
    """
    home.authority("client")  # asks for the passphrase, if at all, before others have to wait
    with home.locked():
        with home.ledger.transaction():
            yield
            bird = _publish(home, now)
        if bird:
            _keep(home, bird)
        settle(home, now)


def refresh(home: Home, now: datetime) -> None:
    """Publish what follows from the ledger as it is, if that is not published yet."""
    with publishing(home, now):
        pass


def settle(home: Home, now: datetime) -> None:
    """Let the files follow the ledger; what is as it should be is not touched."""
    for role in ROLES:
        files.turn_link(home.path / "authorities" / role, home.authority_directory(role).name)
    newest = newest_anchors(home)
    behind = [daemon for daemon in home.ledger.daemons() if daemon.written < newest.number]
    for daemon in behind:
        with home.locked():
            _rewrite(home, daemon.name)
    if home.rotation("server").last > 1:
        _certify_by_issuing(home, now)


def certify(home: Home, find: Callable[[], Daemon], action: str, now: datetime) -> Daemon:
    """Give a daemon a new key and certificate: signed, recorded, then written with the newest anchors.

    `find` gives the daemon as it is to be; it is called when no other command can change it any more.
    """
    home.authority("server")  # asks for the passphrase, if at all, before others have to wait
    key = keys.generate(home.settings.key_type)
    with home.locked():
        authority, daemon = home.authority("server"), find()
        hosts = [names.parse_host(host) for host in daemon.hosts]
        certificate = certificates.daemon(authority, key.public_key(), hosts, now, home.settings.daemon_life)
        with home.ledger.transaction():
            home.ledger.put_daemon(daemon)
            record_certificate(home, "daemon", certificate, authority, now, daemon=daemon.name)
            home.record(action, daemon.name, now, url=daemon.url, hosts=daemon.hosts)
        _write(home, daemon.name, certificates.to_pem(certificate), keys.to_pem(key))
    return daemon


def forget_the_daemons(home: Home) -> None:
    """After a restoration: what daemons hold is not known, and may be of numbers that must never be given again.

    A daemon that held anchors of such a number would refuse its new canary, and prove what is not so.
    """
    with home.ledger.transaction():
        home.ledger.set_state(_PASSED_OVER, {"number": newest_anchors(home).number + _LOST})
        for daemon in home.ledger.daemons():
            home.ledger.put_daemon(replace(daemon, proven=0, serving=""))


def newest_anchors(home: Home) -> Anchors:
    """Give what daemons are told to trust now."""
    newest = home.ledger.newest_anchors()
    if newest is None:
        raise CertkitError("the ledger holds no anchors", "Restore the home from a backup.")
    return newest


def canary_pair(home: Home, now: datetime) -> tuple[bytes, bytes]:
    """Give certificate and key of the newest anchors' canary, PEM both; one that a crash has lost is made again."""
    newest = newest_anchors(home)
    folder = (home.path / "canary").resolve()  # both files of one canary, whoever turns the link in between
    with contextlib.suppress(MissingError):
        certificate = files.read(folder / CERTIFICATE)
        if canary.name(home.team) in extensions.dns_names(certificates.load(certificate)):
            return certificate, files.read(folder / KEY)
    with home.ledger.transaction():
        bird = _new_canary(home, home.authority("client", newest.generations[-1]), now)
    _keep(home, bird)
    return canary_pair(home, now)


def served_certificate(home: Home, name: str) -> x509.Certificate | None:
    """Give the certificate in a daemon's folder: the one that it is to serve."""
    try:
        return certificates.load(files.read(home.daemon_directory(name) / CERTIFICATE))
    except MissingError:
        return None


def _publish(home: Home, now: datetime) -> canary.Canary | None:
    former = home.ledger.newest_anchors()
    previous = former.created if former else now
    generations = home.rotation("client").trusted
    revoked = home.ledger.revoked_certificates(min(previous, now - anchors.GRACE))
    excluded = tuple(anchors.exclusions(_shut_out(home.team, revoked), now))
    is_fresh = now - previous < CRL_LIFE / 2
    if former and is_fresh and (former.generations, former.excluded) == (generations, excluded):
        return None
    number = _next_number(home, former)
    authorities = [home.authority("client", generation) for generation in generations]
    lists = [
        crl.to_pem(crl.crl(authority, _entries(authority, revoked), number, now, CRL_LIFE, previous))
        for authority in authorities
    ]
    ca = anchors.ca_pem([(each, excluded) for each in authorities], home.team, number)
    home.ledger.add_anchors(Anchors(number, now, ca, b"".join(lists), generations, excluded))
    return _new_canary(home, authorities[-1], now)


def _next_number(home: Home, former: Anchors | None) -> int:
    passed_over: int = (home.ledger.state(_PASSED_OVER) or {}).get("number", 0)
    return max(former.number if former else 0, passed_over) + 1


def _new_canary(home: Home, authority: Authority, now: datetime) -> canary.Canary:
    bird = canary.make(authority, home.team)
    record_certificate(home, "canary", bird.certificate, authority, now)
    return bird


def _keep(home: Home, bird: canary.Canary) -> None:
    with home.locked():
        files.write_directory(
            home.path / "canary", {CERTIFICATE: certificates.to_pem(bird.certificate), KEY: keys.to_pem(bird.key)}
        )


def _shut_out(team: str, revoked: Sequence[RevokedCertificate]) -> Iterator[ShutOut]:
    for each in revoked:
        if each.by_person:
            yield ShutOut(names.person_name(each.person, team), each.not_after)
        if each.by_device:
            yield ShutOut(names.device_name(each.device, each.person, team), each.not_after)


def _entries(authority: Authority, revoked: Sequence[RevokedCertificate]) -> Iterator[crl.Entry]:
    issuer = certificates.fingerprint(authority.certificate)
    for each in revoked:
        why = each.by_device or each.by_person
        if why and each.issuer == issuer:
            yield crl.Entry(int(each.serial, 16), why.at, why.reason, each.not_after)


def _certify_by_issuing(home: Home, now: datetime) -> None:
    """Finish a switch or a rollback of the server authority: every daemon's certificate is the issuing generation's."""
    if not _of_former(home):
        return
    home.authority("server")  # asks for the passphrase, if at all, before others have to wait
    with home.locked():
        for daemon in _of_former(home):  # again: another command may have been at it
            certify(home, functools.partial(_known, home, daemon.name), "daemon renew", now)


def _of_former(home: Home) -> list[Daemon]:
    """Give the daemons whose certificates are those of a generation that issues no more."""
    issuer = home.certificate("server").subject
    served = [(daemon, served_certificate(home, daemon.name)) for daemon in home.ledger.daemons()]
    return [daemon for daemon, certificate in served if certificate and certificate.issuer != issuer]


def _known(home: Home, name: str) -> Daemon:
    return next(daemon for daemon in home.ledger.daemons() if daemon.name == name)


def _rewrite(home: Home, name: str) -> None:
    folder = home.daemon_directory(name)
    if folder.exists():  # else a crash came before its first certificate was written: it wants a renewal
        _write(home, name, files.read(folder / CERTIFICATE), files.read(folder / KEY))


def _write(home: Home, name: str, certificate: bytes, key: bytes) -> None:
    newest = newest_anchors(home)
    files.write_directory(
        home.daemon_directory(name), {ANCHORS: newest.ca, CRL: newest.crl, CERTIFICATE: certificate, KEY: key}
    )
    with home.ledger.transaction():
        daemon = home.ledger.daemon(name)
        if daemon:
            home.ledger.put_daemon(replace(daemon, written=newest.number))
