"""Renew what a server enrolled: a new key each time, and the former pair until the daemon has accepted the new one.

The next key waits until it is in its place: whoever tries again asks with the same key, and gets the same certificate.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cryptography import x509

from certkit import files
from certkit.earthly import flag_clients
from certkit.earthly.clients import find
from certkit.earthly.user import User, user_of
from certkit.enroll import enrollment, est, online, record, renewal_record, renewal_time, server_trust
from certkit.enroll.enrollment import Enrollment
from certkit.enroll.online import Received
from certkit.enroll.renewal_record import Renewable
from certkit.errors import CertkitError, MalformedError, MissingError, RefusedError
from certkit.pki import certificates, keys, requests
from certkit.pki.signer import KeySigner

_LAST = 1 / 6
"""The part of its life that is left when the next one is taken whether the daemon was seen to accept it or not."""


@dataclass(frozen=True)
class Present:
    """What a team has given that is in use here; `renewable` is None if it came by a bundle."""

    team: str
    place: Path
    certificate: x509.Certificate
    renewable: Renewable | None

    @property
    def due(self) -> datetime:
        """When it is to be renewed."""
        return renewal_time.due(self.certificate)

    @property
    def last(self) -> datetime:
        """From when on the next one is taken in any case."""
        begin, end = self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc
        return end - (end - begin) * _LAST

    @property
    def pair(self) -> tuple[str, str]:
        """The files of the certificate and of its key."""
        return str(self.place / "cert.pem"), str(self.place / "key.pem")


def present(environ: Mapping[str, str]) -> list[Present]:
    """Return what is in use here, one for each team, by name; raise MalformedError for what cannot be read."""
    user = user_of(environ)
    with files.acting_as(user.owner):
        places = dict(_places(user, environ))
        return [_present(user, team, place) for team, place in sorted(places.items())]


def nothing_enrolled() -> MissingError:
    """Return the error of a machine on which there is nothing to renew."""
    return MissingError("nothing is enrolled on this machine", code="not-enrolled-at-all")


def fetch(environ: Mapping[str, str], found: Present) -> Enrollment:
    """Get the next certificate, for a new key, and plan what it comes to; nothing that is in use is changed.

    Raises MissingError for what came by a bundle; and what `server_trust`, `est` and `enrollment.plan` raise.
    """
    known, user = found.renewable, user_of(environ)
    if known is None:
        raise MissingError(
            f"this machine was enrolled in {found.team} by a bundle, and knows no server",
            code="renewal-without-server",
            team=found.team,
        )
    with files.acting_as(user.owner):
        authorities = certificates.load_all(files.read(found.place / "ca.pem"))
        key = online.waiting_key(renewal_record.next_key(user, found.team))
        with server_trust.connection(known.server, authorities, found.pair) as connection:
            certificate = est.renew(connection, requests.make_der(KeySigner(key), found.certificate), key)
            told = est.settings(connection)
        received = online.received(told, certificate, key, authorities)
    bundle = replace(received.bundle, team=found.team)
    daemon = known.daemon if known.daemon in {each.name for each in bundle.daemons} else None
    planned = enrollment.plan(bundle, environ, known.clients, config=known.config, daemon=daemon)
    renewal_record.keep(user, known._replace(server=received.server))
    return planned


def is_wanted(environ: Mapping[str, str], found: Present) -> bool:
    """Ask the server whether what is in use is outdated, long before it ends; one that does not answer wants nothing.

    Raises RefusedError, with the reason, if the server shuts this machine out, or if it is another one.
    """
    if found.renewable is None:
        return False
    try:
        with files.acting_as(user_of(environ).owner):
            told, _ = _settings(found, found.renewable)
        return online.wants_renewal(told)
    except RefusedError:
        raise
    except CertkitError:
        return False


def again(environ: Mapping[str, str], team: str) -> Received:
    """Return what a server gave this machine, with the certificate that is in use, as it is now.

    Raises what `server_trust` and `est` do, and RefusedError if nothing of the team's is in use here.
    """
    user = user_of(environ)
    found = next((each for each in present(environ) if each.team == team), None)
    if found is None or found.renewable is None:
        raise RefusedError(f"what was enrolled in {team} here has been removed", code="code-used-here", team=team)
    with files.acting_as(user.owner):
        told, authorities = _settings(found, found.renewable)
        key = keys.load(files.read(found.place / "key.pem"))
        received = online.received(told, found.certificate, key, authorities)
    return received._replace(bundle=replace(received.bundle, team=team))


def finish(planned: Enrollment, environ: Mapping[str, str]) -> None:
    """Put the next pair into its place, everything of one client's in one step, and let the server see it in use."""
    user, team = planned.user, planned.bundle.team
    planned.apply()
    with files.acting_as(user.owner):
        renewal_record.next_key(user, team).unlink(missing_ok=True)
    with contextlib.suppress(CertkitError):  # else it is seen at the next renewal
        _show(user, next(each for each in present(environ) if each.team == team))


def _show(user: User, found: Present) -> None:
    """Show the pair that is in use: a rotation waits until the server has seen it."""
    if found.renewable:
        with files.acting_as(user.owner):
            _settings(found, found.renewable)


def _settings(found: Present, known: Renewable) -> tuple[bytes, list[x509.Certificate]]:
    """Return what the server tells whoever shows the pair in use, and the authorities that it was believed by."""
    authorities = certificates.load_all(files.read(found.place / "ca.pem"))
    with server_trust.connection(known.server, authorities, found.pair) as connection:
        return est.settings(connection), authorities


@contextlib.contextmanager
def alone(environ: Mapping[str, str], team: str) -> Iterator[None]:
    """Let no two renewals of a team run at once: a timer's and somebody's."""
    user = user_of(environ)
    with files.acting_as(user.owner):
        files.make_key_directory(renewal_record.lock(user, team).parent)
        with files.locked(renewal_record.lock(user, team)):
            yield


def _places(user: User, environ: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """Return the teams' folders: those that Earthly and EarthBuild use count, if there are several."""
    for each in flag_clients.enrolled(user):
        yield each.team, each.folder
    for client in find(environ):
        for team in record.teams(client):
            yield team, record.folder_of(client, team)


def _present(user: User, team: str, place: Path) -> Present:
    path = place / "cert.pem"
    try:
        certificate = certificates.load(files.read(path))
    except MalformedError as error:
        raise error.about(path) from None
    return Present(team, place, certificate, renewal_record.recall(user, team))
