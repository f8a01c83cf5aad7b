"""What a daemon's host asks, which shows its identity: the news, for which it may wait, and certificates."""

import asyncio
import hashlib
import json
from typing import TypeVar

from aiohttp import web
from cryptography.x509 import Certificate

from certkit.authority import host_sync
from certkit.authority.host_sync import Outcome, Report
from certkit.authority.session import Session
from certkit.errors import MalformedError
from certkit.ledger.interface import Daemon
from certkit.pki import certificates
from certkit.results import as_json
from certkit.server import answers
from certkit.server.calls import Call
from certkit.server.changes import Changes
from certkit.server.worker import Operation

Result = TypeVar("Result")

LONGEST_WAIT = 45
"""Seconds that somebody may wait for news: less than a connection may last."""
_MOST_DIGITS = 12


async def news(call: Call, changes: Changes) -> web.Response:
    """Tell a host what it needs to know, if that differs from what it knows already, else as soon as it does.

    A host that knows nothing new within the seconds that it would `wait` gets 304.
    """
    shown, query = call.certificate(), call.request.query
    serial, known = query.get("serial", ""), query.get("known", "")
    loop = asyncio.get_running_loop()
    end = loop.time() + min(_number(query.get("wait", "0")), LONGEST_WAIT)
    while True:
        seen = changes.count
        daemon, found = await _told(call, shown, serial)
        tag = hashlib.sha256(found).hexdigest()
        if tag != known:
            call.told["daemon"] = daemon.name
            return web.Response(body=found, content_type="application/json", headers={"ETag": f'"{tag}"'})
        left = end - loop.time()
        if left <= 0 or changes.is_closed:
            return web.Response(status=304)
        await changes.wait(seen, left)


async def identity(call: Call) -> web.Response:
    """Answer a CSR with the host's next identity."""
    shown, request = call.certificate(), await call.request_to_sign()
    return _given(call, await _done(call, shown, lambda s: host_sync.renew_identity(s, shown, request)))


async def certificate(call: Call) -> web.Response:
    """Answer a CSR with the daemon's next certificate."""
    shown, request = call.certificate(), await call.request_to_sign()
    return _given(call, await _done(call, shown, lambda s: host_sync.certify(s, shown, request)))


async def report(call: Call) -> web.Response:
    """Take what a host says of its daemon."""
    shown, said = call.certificate(), _report(await call.body())
    await _done(call, shown, lambda session: host_sync.take_report(session, shown, said))
    call.told["outcome"] = said.outcome
    return web.Response(status=204)


def actor(daemon: str) -> str:
    """Return how a daemon's host is called in logs."""
    return f"host of {daemon}"


async def _told(call: Call, shown: bytes, serial: str) -> tuple[Daemon, bytes]:
    def tell(session: Session) -> tuple[Daemon, bytes]:
        daemon = host_sync.holder(session, shown)
        return daemon, json.dumps(as_json(host_sync.news(session, daemon, serial))).encode()

    daemon, found = await call.do(tell)
    call.actor = actor(daemon.name)
    return daemon, found


async def _done(call: Call, shown: bytes, operation: Operation[Result]) -> Result:
    """Have something done in the name of the host that has shown a certificate."""

    def do(session: Session) -> tuple[str, Result]:
        daemon = host_sync.holder(session, shown).name
        call.actor = actor(daemon)
        return daemon, operation(session.acting(call.actor))

    call.told["daemon"], done = await call.do(do, access="certificate")
    return done


def _given(call: Call, made: Certificate) -> web.Response:
    call.told["serial"] = certificates.serial_text(made.serial_number)
    return answers.certificates([made])


def _number(text: str) -> int:
    if not text.isdecimal() or not text.isascii() or len(text) > _MOST_DIGITS:
        raise MalformedError(f"{text[:_MOST_DIGITS]!r} is not a number", code="query-malformed")
    return int(text)


def _report(body: bytes) -> Report:
    try:
        found = json.loads(body)
        said = Report(Outcome(found["outcome"]), found["anchors"], found["serial"], found.get("reason") or "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise MalformedError("that is no report", code="report-malformed") from None
    if type(said.anchors) is not int or not isinstance(said.serial, str) or not isinstance(said.reason, str):
        raise MalformedError("that is no report", code="report-malformed")
    return said
