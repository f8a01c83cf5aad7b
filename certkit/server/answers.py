"""Answers over HTTP: what an error is there, and the forms that EST wants."""

import base64
import json
from collections.abc import Mapping

from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509 import Certificate

from certkit.authority.redemption import UnknownCodeError
from certkit.errors import CertkitError, InvalidError, MalformedError, MissingError, RefusedError
from certkit.results import as_json

CHALLENGE = {"WWW-Authenticate": 'Basic realm="certkit", charset="UTF-8"'}
_RETRY = "5"
_STATUS: Mapping[type[CertkitError], int] = {
    MalformedError: 400,
    InvalidError: 400,
    MissingError: 404,
    RefusedError: 403,
}


class CallError(CertkitError):
    """A call over HTTP that cannot be answered; `status` and `headers` go with it."""

    code = "call-refused"

    def __init__(self, status: int, message: str, code: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message, code=code)
        self.status = status
        self.headers = dict(headers or {})


def of_error(error: CertkitError) -> web.Response:
    """Say what went wrong: to whoever showed nothing that is known, without a word (Bouncy Castle wants it so).

    What is wrong on the server's side is the lead's matter, and stands in the log.
    """
    match error:
        case UnknownCodeError():
            return web.Response(status=401, headers=CHALLENGE)
        case CallError(status=401):
            return web.Response(status=401, headers=error.headers)
        case CallError():
            return _worded(error.status, error, error.headers)
        case RefusedError() | MalformedError() | InvalidError() | MissingError():
            return _worded(next(status for kind, status in _STATUS.items() if isinstance(error, kind)), error)
    return _worded(503, CertkitError("the server cannot do that now", code="server-unable"), {"Retry-After": _RETRY})


def data(found: object) -> web.Response:
    """Answer with JSON."""
    return web.Response(body=json.dumps(as_json(found)).encode(), content_type="application/json")


def certificates(found: list[Certificate], kind: str = "application/pkcs7-mime; smime-type=certs-only") -> web.Response:
    """Answer with certificates as EST does (RFC 7030, section 4.1.3)."""
    return in_base64(pkcs7.serialize_certificates(found, Encoding.DER), kind)


def in_base64(der: bytes, kind: str) -> web.Response:
    """Answer with DER in base64, on one line: strongSwan does not read it otherwise."""
    headers = {"Content-Type": kind, "Content-Transfer-Encoding": "base64"}
    return web.Response(body=base64.b64encode(der), headers=headers)


def _worded(status: int, error: CertkitError, headers: Mapping[str, str] | None = None) -> web.Response:
    body = json.dumps({"code": error.code, "message": error.message}).encode()
    return web.Response(status=status, body=body, headers=headers, content_type="application/json")
