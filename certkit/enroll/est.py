"""An EST client (RFC 7030) as small as a laptop needs it, and what it asks of certkit's server beside that."""

import base64
import contextlib
import http.client
import json

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from certkit.errors import CertkitError, MalformedError, RefusedError
from certkit.pki import certificates, keys
from certkit.pki.keys import PrivateKey

LIMIT = 256 * 1024
"""Bytes of an answer."""
_EST, _OWN = "/.well-known/est", "/.well-known/certkit"
_OK, _NO_CONTENT, _UNAUTHORIZED, _TOO_MANY, _OWN_FAILURES = 200, 204, 401, 429, 500
_TOLD = {"code-used", "code-expired", "code-cancelled", "certificate-expired", "host-revoked", "lead-wanted"}
"""What a server says that is worth a remedy of its own, as codes of errors here."""
_REVOKED = {"person-revoked", "device-revoked"}


class BusyError(CertkitError):
    """The server works, but not now."""

    code = "server-busy"


def enroll(connection: http.client.HTTPSConnection, request: bytes, password: str, key: PrivateKey) -> x509.Certificate:
    """Ask for a certificate by the secret of a code; raise RefusedError, with its reason, if it is refused."""
    credentials = base64.b64encode(f"certkit:{password}".encode()).decode()
    headers = {"Authorization": f"Basic {credentials}"}
    return certificate_in(post(connection, f"{_EST}/simpleenroll", request, headers), key)


def renew(connection: http.client.HTTPSConnection, request: bytes, key: PrivateKey) -> x509.Certificate:
    """Ask for the next certificate, on a connection that shows the present one; raise as `enroll` does."""
    return certificate_in(post(connection, f"{_EST}/simplereenroll", request, {}), key)


def settings(connection: http.client.HTTPSConnection) -> bytes:
    """Ask what the holder of the certificate that the connection shows needs to know."""
    connection.request("GET", f"{_OWN}/settings")
    return answer(connection)


def post(connection: http.client.HTTPSConnection, path: str, request: bytes, headers: dict[str, str]) -> bytes:
    """Send a request to be signed, DER; return the answer's body, raise as `answer` does."""
    body = base64.b64encode(request)
    sent = {"Content-Type": "application/pkcs10", "Content-Transfer-Encoding": "base64", **headers}
    connection.request("POST", path, body, sent)
    return answer(connection)


def answer(connection: http.client.HTTPSConnection) -> bytes:
    """Return the body of what a server answers; raise RefusedError or BusyError, with its reason, if it is an error."""
    return body_of(connection.getresponse(), LIMIT)


def body_of(found: http.client.HTTPResponse, limit: int) -> bytes:
    """Return what an answer holds, of `limit` bytes at most; raise as `answer` does."""
    body = found.read(limit + 1)
    if len(body) > limit:
        raise MalformedError("the server's answer is too large", code="server-answer")
    if found.status not in {_OK, _NO_CONTENT}:
        raise _refusal(found.status, found.getheader("Retry-After", ""), body)
    return body


def certificate_in(body: bytes, key: PrivateKey) -> x509.Certificate:
    """Return the one certificate in an answer, which must be for this key."""
    try:
        given = pkcs7.load_der_pkcs7_certificates(base64.b64decode(body))
    except ValueError:
        raise MalformedError("the server's answer holds no certificate", code="server-answer") from None
    for each in given:
        with contextlib.suppress(MalformedError):
            if keys.matches(key, each):
                return certificates.load(certificates.to_der(each))
    raise MalformedError("the server's answer holds no certificate for this key", code="server-answer")


def _refusal(status: int, retry_after: str, body: bytes) -> CertkitError:
    """Return what a server says instead of an answer, in its words as far as it has any."""
    code, message = _words(body)
    if status == _UNAUTHORIZED:
        return RefusedError("the server does not know this code", code="code-unknown")
    if status == _TOO_MANY or status >= _OWN_FAILURES:
        wait = f"{int(retry_after)} s" if retry_after.isdecimal() and len(retry_after) < 6 else "a while"  # noqa: PLR2004
        return BusyError(f"the server cannot answer now: {message or status}", wait=wait)
    if code in _REVOKED:
        return RefusedError(f"the server refused: {message}", code="enrollment-revoked")
    if code in _TOLD:
        return RefusedError(message, code=code)
    return RefusedError(f"the server refused: {message or f'status {status}'}", code="server-refused", reason=code)


def _words(body: bytes) -> tuple[str, str]:
    with contextlib.suppress(ValueError, KeyError, TypeError, RecursionError):
        found = json.loads(body)
        return str(found["code"])[:100], str(found["message"])[:300]
    return "", ""
