"""Enroll with a code: the key is made here, its certificate comes from the server, and then all that goes with it.

The key waits under the code's digest until it is in its place. So whoever tries again after a lost answer asks with
the same key, and gets the same certificate.
"""

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

from certkit import files
from certkit.earthly.user import User
from certkit.enroll import bundle, codes, est, server_trust
from certkit.enroll.bundle import Bundle
from certkit.enroll.codes import Code, Server
from certkit.errors import MalformedError, MissingError
from certkit.pki import certificates, keys, requests
from certkit.pki.keys import PrivateKey
from certkit.pki.signer import KeySigner

_CLIENT_LIMIT = 32


class Received(NamedTuple):
    """What a server has given: a bundle with its key, where that server is from now on, and for which client it is."""

    bundle: Bundle
    server: Server
    client: str | None


def enroll(user: User, code: Code) -> Received:
    """Use a code; nothing of any client's is changed.

    Raises what `server_trust` and `est` do: RefusedError if the code is not good or the server is another,
    UnreachableError if it does not answer.
    """
    with files.acting_as(user.owner):
        waiting = _waiting(user, code)
        authority = server_trust.authority_of_pin(code.server, code.pin)
        key = waiting_key(waiting)
        with server_trust.connection(code.server, [authority]) as connection:
            certificate = est.enroll(connection, requests.make_der(KeySigner(key)), code.password, key)
        with (
            shown(waiting, certificate),
            server_trust.connection(code.server, [authority], pair(waiting)) as connection,
        ):
            told = est.settings(connection)
        return received(told, certificate, key, [authority])


def received(
    told: bytes, certificate: x509.Certificate, key: PrivateKey, believed: Sequence[x509.Certificate]
) -> Received:
    """Put together what a server gave, one of whose authorities must be among those that it was believed by.

    Raises MalformedError for what would do harm.
    """
    found = bundle.assemble(told, certificate)
    pins = [keys.public_pin(keys.public_of(each)) for each in believed]
    known = {keys.public_pin(keys.public_of(each)) for each in found.server_authorities}
    voucher = next((pin for pin in pins if pin in known), None)
    if voucher is None:
        raise MalformedError("the server does not name its own authority", code="server-answer")
    server, client = _more(told)
    return Received(replace(found, key=key, voucher=voucher), server, client)


def wants_renewal(told: bytes) -> bool:
    """Tell whether a server wants its next certificate taken now: what it gave is no longer what it would give."""
    try:
        found = json.loads(told)
        return isinstance(found, dict) and found.get("renew") is True
    except (ValueError, RecursionError):
        return False


def waits(user: User, code: Code) -> bool:
    """Tell whether the key of an attempt that was interrupted waits here."""
    with files.acting_as(user.owner):
        return _waiting(user, code).exists()


def forget(user: User, code: Code) -> None:
    """Remove the key that waited, once it is in its place."""
    with files.acting_as(user.owner):
        _waiting(user, code).unlink(missing_ok=True)


def _more(told: bytes) -> tuple[Server, str | None]:
    found = json.loads(told)
    client, url = found.get("client"), found.get("server")
    if not isinstance(url, str) or not (client is None or (isinstance(client, str) and len(client) <= _CLIENT_LIMIT)):
        raise MalformedError("the server does not say where it is", code="server-answer")
    return codes.parse_server(url), client


def _waiting(user: User, code: Code) -> Path:
    return user.data / "requests" / f"code-{codes.digest(code.secret)}.pem"


def waiting_key(place: Path) -> PrivateKey:
    """Return the key that waits at a place, of a former attempt, else a new one that waits there from now on."""
    with contextlib.suppress(MissingError, MalformedError):
        return keys.load(files.read(place))
    key = keys.generate("p256")
    files.make_key_directory(place.parent)
    files.write(place, keys.to_pem(key))
    return key


@contextlib.contextmanager
def shown(waiting: Path, certificate: x509.Certificate) -> Iterator[None]:
    """Put a certificate beside its key for as long as it is shown: `ssl` reads both from files."""
    place = Path(pair(waiting)[0])
    files.write(place, certificates.to_pem(certificate))
    try:
        yield
    finally:
        place.unlink(missing_ok=True)


def pair(waiting: Path) -> tuple[str, str]:
    """Return the files of a certificate that is `shown`, and of its key."""
    return str(waiting.with_suffix(".cert")), str(waiting)
