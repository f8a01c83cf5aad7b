"""What a daemon's host asks of the team's server, on a connection that shows its identity."""

import http.client
import json
from collections.abc import Mapping
from urllib.parse import urlencode

from cryptography import x509

from certkit.enroll import est, server_trust
from certkit.pki import requests
from certkit.pki.keys import PrivateKey
from certkit.pki.signer import KeySigner

_PATH = "/.well-known/certkit/daemon"
_LIMIT = 32 * 1024 * 1024
"""Bytes of the news: the anchors of a publication with as many exclusions as a daemon bears take half of it."""
_NOT_MODIFIED = 304

Connection = http.client.HTTPSConnection


def news(connection: Connection, serial: str, known: str, wait: float) -> tuple[bytes, str] | None:
    """Ask what is new, for up to `wait` seconds; return it with a tag to ask by the next time, None if nothing is."""
    if connection.sock:
        connection.sock.settimeout(wait + server_trust.PATIENCE)
    query = urlencode({"serial": serial, "known": known, "wait": int(wait)})
    connection.request("GET", f"{_PATH}?{query}")
    found = connection.getresponse()
    if found.status == _NOT_MODIFIED:
        found.read()
        return None
    return est.body_of(found, _LIMIT), found.getheader("ETag", "").strip('"')


def identity(connection: Connection, key: PrivateKey) -> x509.Certificate:
    """Ask for the next identity, for this key."""
    return _certificate(connection, "identity", key)


def certificate(connection: Connection, key: PrivateKey) -> x509.Certificate:
    """Ask for the daemon's next certificate, for this key."""
    return _certificate(connection, "certificate", key)


def report(connection: Connection, said: Mapping[str, object]) -> None:
    """Say what has become of the files."""
    body = json.dumps(said).encode()
    connection.request("POST", f"{_PATH}/report", body, {"Content-Type": "application/json"})
    est.answer(connection)


def _certificate(connection: Connection, what: str, key: PrivateKey) -> x509.Certificate:
    request = requests.make_der(KeySigner(key))
    return est.certificate_in(est.post(connection, f"{_PATH}/{what}", request, {}), key)
