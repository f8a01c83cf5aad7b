"""A connection to the team's server, made only to a server that has proven to be it.

At the first contact the code's pin is all that is known: the chain that the server shows is looked at, and nothing is
sent; the one certificate in it with that pin is then the only authority that the real handshake believes.
"""

import contextlib
import errno
import http.client
import socket
import ssl
from collections.abc import Iterator, Sequence
from typing import Any

from cryptography import x509

from certkit.enroll.codes import Server
from certkit.errors import CertkitError, MalformedError, RefusedError
from certkit.pki import certificates, extensions, keys

PATIENCE = 15.0
"""Seconds for each step over the network."""
_MOST_IN_CHAIN = 8
_UNREACHED = {
    errno.ECONNREFUSED: "nobody listens there",
    errno.EHOSTUNREACH: "there is no way to it",
    errno.ENETUNREACH: "there is no way to it",
}


class UnreachableError(CertkitError):
    """The server does not answer: `why` among the fields."""

    code = "server-unreachable"


def authority_of_pin(server: Server, pin: bytes) -> x509.Certificate:
    """Return the certificate in the server's chain whose key has this pin; nothing is sent.

    Raises RefusedError if there is none, UnreachableError if nobody answers in TLS.
    """
    unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    unverified.check_hostname, unverified.verify_mode = False, ssl.CERT_NONE
    with (
        _explained(server),
        _connected(server) as plain,
        unverified.wrap_socket(plain, server_hostname=server.host) as tls,
    ):
        chain = _chain(tls)
    for each in chain:
        with contextlib.suppress(MalformedError):
            if keys.public_pin(keys.public_of(each)) == pin:
                return each
    raise _impostor(server, chain)


@contextlib.contextmanager
def connection(
    server: Server, authorities: Sequence[x509.Certificate], pair: tuple[str, str] | None = None
) -> Iterator[http.client.HTTPSConnection]:
    """Connect to the server that one of the authorities vouches for, showing a pair of files if there is one.

    Raises RefusedError if it is another, UnreachableError if it does not answer, also while the connection is used.
    """
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.minimum_version = ssl.TLSVersion.TLSv1_2
    trusting.load_verify_locations(cadata="".join(certificates.to_pem(each).decode() for each in authorities))
    if pair:
        trusting.load_cert_chain(*pair)
    made = http.client.HTTPSConnection(server.host, server.port, context=trusting, timeout=PATIENCE)
    with contextlib.closing(made), _explained(server):
        made.connect()
        _check_is_server(made.sock, server)
        yield made


def _check_is_server(tls: Any, server: Server) -> None:  # noqa: ANN401  http.client does not name its type
    """Raise RefusedError for a daemon: the authority vouches for it, too, and its host may be the server's."""
    shown = certificates.load(tls.getpeercert(binary_form=True))
    usages = extensions.find(shown, x509.ExtendedKeyUsage)
    if usages is None or certificates.REGISTRATION_AUTHORITY not in usages:
        raise RefusedError(
            f"what answers at {server.url} has a certificate of the team's, but not that of its server",
            code="server-not-the-server",
            url=server.url,
        )


def _chain(tls: ssl.SSLSocket) -> list[x509.Certificate]:
    public = getattr(tls, "get_unverified_chain", None)  # since Python 3.13
    if public:
        ders = list(public())
    else:
        found = tls._sslobj.get_unverified_chain() or ()  # type: ignore[attr-defined]  # noqa: SLF001  as above
        ders = [ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in found]
    return [each for der in ders[:_MOST_IN_CHAIN] for each in _loaded(der)]


def _loaded(der: bytes) -> Iterator[x509.Certificate]:
    with contextlib.suppress(MalformedError):
        yield certificates.load(der)


def _impostor(server: Server, chain: Sequence[x509.Certificate]) -> RefusedError:
    """Say whose certificate is shown instead: that of a proxy that opens TLS, of another team, of a later authority."""
    issuer = certificates.issuer_words(chain[0]) if chain else certificates.UNNAMED
    return RefusedError(
        f"what answers at {server.url} is not the server that the code is for: "
        f"its certificate is from {issuer!r}. Nothing was sent",
        code="server-pin",
        url=server.url,
        issuer=issuer,
    )


@contextlib.contextmanager
def _connected(server: Server) -> Iterator[socket.socket]:
    with socket.create_connection((server.host, server.port), PATIENCE) as plain:
        yield plain


@contextlib.contextmanager
def _explained(server: Server) -> Iterator[None]:
    """Say in one line what of a connection has failed."""
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise RefusedError(
            f"the certificate of {server.url} is not good: {error.verify_message}",
            code="server-certificate",
            url=server.url,
        ) from None
    except ssl.SSLError as error:
        why = f"TLS failed: {(error.reason or 'unknown').replace('_', ' ').lower()}"
        raise _unreachable(server, why) from None
    except socket.gaierror:
        raise _unreachable(server, "its name is not known") from None
    except TimeoutError:
        raise _unreachable(server, f"it did not answer within {PATIENCE:.0f} s") from None
    except http.client.HTTPException:
        raise _unreachable(server, "what it says is not HTTP") from None
    except OSError as error:
        raise _unreachable(
            server, _UNREACHED.get(error.errno or 0, error.strerror or "the connection broke off")
        ) from None


def _unreachable(server: Server, why: str) -> UnreachableError:
    return UnreachableError(f"{server.url} cannot be reached: {why}", url=server.url, why=why)
