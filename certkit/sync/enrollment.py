"""Make this machine the host of a daemon, by a code: the identity, and what looks at the daemon, are made here."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from certkit.enroll import codes, est, online, server_trust
from certkit.enroll.codes import Code
from certkit.errors import CertkitError
from certkit.pki import certificates, keys, requests
from certkit.pki.signer import KeySigner
from certkit.sync import calls, news
from certkit.sync.place import Host, Pair, Place, data, place

_LIFE = timedelta(days=3650)
"""The watcher's: no clock and no renewal is a reason for its daemon to refuse it."""


def enroll(environ: Mapping[str, str], code: Code, now: datetime) -> tuple[Host, str]:
    """Use a code, and return the command by which the lead would have the daemon restarted, too.

    The daemon's own files stay as they are. Raises as `online.enroll` and `news.read` do.

    To enroll again is to begin anew: whatever publication was seen before does not count any more. What looks at the
    daemon stays, since that is what the daemon lets in.
    """
    waiting = data(environ) / f"code-{codes.digest(code.secret)}.pem"
    authority = server_trust.authority_of_pin(code.server, code.pin)
    key = online.waiting_key(waiting)
    with server_trust.connection(code.server, [authority]) as connection:
        certificate = est.enroll(connection, requests.make_der(KeySigner(key)), code.password, key)
    with (
        online.shown(waiting, certificate),
        server_trust.connection(code.server, [authority], online.pair(waiting)) as connection,
    ):
        told = calls.news(connection, "", "", 0)
    found = news.read(told[0] if told else b"")
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
        )
        where.save(host)
    waiting.unlink(missing_ok=True)
    return host, found.restart


def _watcher(where: Place, now: datetime) -> Pair:
    try:
        return where.load().watcher
    except CertkitError:  # none is there, or none that can be read
        key = keys.generate("p256")
        return Pair(certificates.watcher(KeySigner(key), where.daemon, now, _LIFE), key)
