"""Make this machine the host of a daemon, by a code: the identity, and what looks at the daemon, are made here."""

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from certkit.enroll import codes, est, online, server_trust
from certkit.enroll.codes import Code
from certkit.errors import CertkitError, MalformedError
from certkit.pki import certificates, keys, requests
from certkit.pki.signer import KeySigner
from certkit.sync import calls, news
from certkit.sync.news import News
from certkit.sync.place import Host, Pair, Place, data, enrolled, place

_LIFE = timedelta(days=3650)
"""The watcher's: no clock and no renewal is a reason for its daemon to refuse it."""


class Enrolled(NamedTuple):
    """What a machine is the host of, and whether it was that before."""

    host: Host
    restart: str
    """The command by which the lead would have the daemon restarted."""
    is_new: bool = True


def enroll(environ: Mapping[str, str], code: Code, now: datetime) -> Enrolled:
    """Use a code; one that was used here already changes nothing, and may be given at each start.

    The daemon's own files stay as they are. Raises as `online.enroll` and `news.read` do.

    To enroll again is to begin anew: whatever publication was seen before does not count any more. What looks at the
    daemon stays, since that is what the daemon lets in.
    """
    for where in (place(environ, each) for each in enrolled(environ)):
        with contextlib.suppress(MalformedError):
            host = where.load()
            if host.code == codes.digest(code.secret):
                return _again(where, host)
    return _begin(environ, code, now)


def _again(where: Place, host: Host) -> Enrolled:
    with server_trust.connection(host.server, host.authorities, where.shown()) as connection:
        found = _first_news(connection)
    news.check(found, host)
    return Enrolled(host, found.restart, is_new=False)


def _first_news(connection: calls.Connection) -> News:
    told = calls.news(connection, "", "", 0)
    return news.read(told[0] if told else b"")


def _begin(environ: Mapping[str, str], code: Code, now: datetime) -> Enrolled:
    waiting = data(environ) / f"code-{codes.digest(code.secret)}.pem"
    authority = server_trust.authority_of_pin(code.server, code.pin)
    key = online.waiting_key(waiting)
    with server_trust.connection(code.server, [authority]) as connection:
        certificate = est.enroll(connection, requests.make_der(KeySigner(key)), code.password, key)
    with (
        online.shown(waiting, certificate),
        server_trust.connection(code.server, [authority], online.pair(waiting)) as connection,
    ):
        found = _first_news(connection)
    news.check_authorities(found, [authority])
    where = place(environ, found.daemon)
    with where.alone():
        host = Host(
            team=found.team,
            daemon=found.daemon,
            url=found.url,
            directory=found.directory,
            server=found.server,
            authorities=found.authorities,
            identity=Pair(certificate, key),
            watcher=_watcher(where, now),
            code=codes.digest(code.secret),
        )
        where.save(host)
    waiting.unlink(missing_ok=True)
    return Enrolled(host, found.restart)


def _watcher(where: Place, now: datetime) -> Pair:
    try:
        return where.load().watcher
    except CertkitError:  # none is there, or none that can be read
        key = keys.generate("p256")
        return Pair(certificates.watcher(KeySigner(key), where.daemon, now, _LIFE), key)
