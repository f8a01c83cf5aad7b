"""What the server answers, by path: EST (RFC 7030), and what a laptop of certkit's asks beside it."""

import asyncio
import contextlib
import functools
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from aiohttp import web
from cryptography.x509 import Certificate

from certkit.authority import host_codes, redemption, renewals, server_identity
from certkit.authority.invitations import DeadCodeError
from certkit.authority.issuance import Certified
from certkit.authority.redemption import TakenError, UnknownCodeError
from certkit.authority.renewals import Holder
from certkit.authority.session import Session
from certkit.enroll import codes
from certkit.errors import CertkitError, MalformedError, RefusedError
from certkit.ledger.interface import Access
from certkit.pki.certificates import serial_text
from certkit.server import answers, hosts
from certkit.server.answers import CallError
from certkit.server.attempts import Attempts
from certkit.server.calls import Call
from certkit.server.changes import Changes
from certkit.server.leads import Commands
from certkit.server.metrics import Metrics
from certkit.server.worker import Operation, Worker

_EST, _OWN = "/.well-known/est", "/.well-known/certkit"
_COMMANDS = f"{_OWN}/commands"
_ATTRIBUTES = bytes.fromhex("3021301506072a8648ce3d0201310a06082a8648ce3d03010706082a8648ce3d040302")
"""What a request should have (RFC 7030, section 4.5.2): a key on P-256, signed with SHA-256."""

_RENEWALS = 50
"""Certificates that a device may have in ten minutes: enough for whoever tries, and too few to fill a disk."""
_HEADERS = {"Server": "certkit", "Cache-Control": "no-store"}

Log = Callable[..., object]


class _Identity(NamedTuple):
    """What the host of a daemon is known by from now on."""

    daemon: str
    certificate: Certificate


@dataclass
class Service:
    """The answers of one process; `authorities` are those that `cacerts` gives."""

    worker: Worker
    log: Log
    authorities: list[Certificate] = field(default_factory=list)
    failures: Attempts = field(default_factory=Attempts)
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while nobody is being answered, once somebody was."""
    answering: int = 0
    renewed: Attempts = field(default_factory=lambda: Attempts(_RENEWALS))
    refresh: Callable[[], Awaitable[None]] | None = None
    """Takes over the authorities as they are now."""
    metrics: Metrics | None = None
    commands: Commands | None = None
    """Carries out what leads send."""
    changes: Changes = field(init=False)

    def __post_init__(self) -> None:
        self.changes = Changes(self.worker)

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request, and write its line into the log, in which no secret ever stands."""
        self.answering += 1
        self.idle.clear()
        try:
            response = await self._answer_and_log(Call(request, self.worker))
            with contextlib.suppress(ConnectionError):  # whoever has asked may have left
                await response.prepare(request)
                await response.write_eof()  # here, or a server that ends would not wait for it
            return response
        finally:
            self.answering -= 1
            if not self.answering:
                self.idle.set()

    async def _answer_and_log(self, call: Call) -> web.Response:
        request, begun = call.request, time.monotonic()
        name = _command_in(request.path)
        try:
            response = await self._answer(call)
        except CertkitError as error:
            response = answers.of_error(error)
            call.told["reason"] = error.code
            if response.status >= 500:  # noqa: PLR2004  the server's own failures
                call.told["error"] = error.message
        except Exception as error:  # noqa: BLE001  a defect ends a call, and no server
            response = answers.of_error(CallError(500, "a defect in the server", "defect"))
            call.told["error"] = f"{type(error).__name__}: {error}"
        response.headers.update(_HEADERS)
        known = request.path if request.path in _PATHS else _COMMANDS if name else "other"
        seconds = time.monotonic() - begun
        if self.metrics:
            reason = str(call.told["reason"]) if "reason" in call.told else None
            operation = known.rpartition("/")[2]
            self.metrics.answered(operation, response.status, seconds, reason=reason, issued=call.issued)
        self.log(
            "request",
            method=request.method if request.method in {"GET", "POST"} else "other",
            path=known,
            status=response.status,
            host=call.host,
            actor=call.actor,
            ms=round(seconds * 1000, 1),
            **call.told,
        )
        return response

    async def _answer(self, call: Call) -> web.Response:
        name = _command_in(call.request.path)
        if name and self.commands:
            return await self.commands.answer(call, name)
        route = _ROUTES.get((call.request.method, call.request.path))
        if route is None and call.request.path in _PATHS:
            raise CallError(405, "not by this method", "method-not-allowed", {"Allow": _PATHS[call.request.path]})
        if route is None:
            raise CallError(404, "there is nothing here", "path-unknown")
        return await route(self, call)

    async def enroll(self, call: Call) -> web.Response:
        """Answer `simpleenroll`: a CSR for the secret of a code."""
        who = f"address {call.host}"
        try:
            secret = call.secret()
        except CallError:
            raise self._failed(who) or CallError(401, "", "code-wanted", answers.CHALLENGE) from None
        code = f"code {codes.digest(secret)}"
        if wait := self.failures.wait(code, time.monotonic()):
            raise _wait(wait)
        request = await call.request_to_sign()
        try:
            issued = await _redeemed(call, secret, request)
        except (UnknownCodeError, DeadCodeError) as error:
            self.failures.count(code, time.monotonic())
            raise self._failed(who) or error from None
        except (RefusedError, MalformedError):
            self.failures.count(code, time.monotonic())
            raise
        return await self._issued(call, issued, "code")

    async def renew(self, call: Call) -> web.Response:
        """Answer `simplereenroll`: a CSR of whoever shows a certificate that is good."""
        shown = call.certificate()
        request = await call.request_to_sign()

        def prepare(session: Session) -> Operation[Certified]:
            found = renewals.holder(session, shown)
            call.actor = found.person
            if wait := self.renewed.wait(_device(found), time.monotonic()):
                raise _wait(wait)
            return renewals.renewal(session, shown, request)

        issued = await call.change(prepare, "certificate")
        if issued.is_new:
            self.renewed.count(_device(issued), time.monotonic())
        return await self._issued(call, issued, "certificate")

    async def settings(self, call: Call) -> web.Response:
        """Tell whoever shows a certificate that is good where to build, and whom to trust."""
        shown = call.certificate()

        def prepare(session: Session) -> Operation[dict[str, object]]:
            found = renewals.holder(session, shown)
            call.actor = found.person
            return renewals.visit(session, found)

        return answers.data(await call.change(prepare, "certificate"))

    async def host_news(self, call: Call) -> web.Response:
        """Tell a daemon's host what is new."""
        return await hosts.news(call, self.changes)

    async def host_identity(self, call: Call) -> web.Response:
        """Give a daemon's host its next identity."""
        return await self._for_host(call, hosts.identity)

    async def host_certificate(self, call: Call) -> web.Response:
        """Give a daemon its next certificate."""
        return await self._for_host(call, hosts.certificate)

    async def host_report(self, call: Call) -> web.Response:
        """Take what a daemon's host says."""
        return await hosts.report(call)

    async def _for_host(self, call: Call, give: Callable[[Call], Awaitable[web.Response]]) -> web.Response:
        """Give a host a certificate, as many as anybody needs."""
        who = f"host {hashlib.sha256(call.certificate()).hexdigest()}"
        if wait := self.renewed.wait(who, time.monotonic()):
            raise _wait(wait)
        given = await give(call)
        self.renewed.count(who, time.monotonic())
        return given

    async def cacerts(self, _call: Call) -> web.Response:
        """Give the authorities: those that vouch for servers, and those that vouch for people."""
        return answers.certificates(self.authorities, "application/pkcs7-mime")

    async def csrattrs(self, _call: Call) -> web.Response:
        """Say what a request should have."""
        return answers.in_base64(_ATTRIBUTES, "application/csrattrs")

    async def crl(self, call: Call) -> web.Response:
        """Give the newest list of revoked certificates."""
        newest = await call.read(lambda session: session.newest_anchors())
        return web.Response(body=newest.crl, content_type="application/x-pem-file")

    async def status(self, call: Call) -> web.Response:
        """Show a lead's browser the page of the status."""
        if self.commands is None:
            raise CallError(404, "there is nothing here", "path-unknown")
        return await self.commands.page(call)

    async def refuse(self, _call: Call) -> web.Response:
        """Refuse what of EST would have keys travel, or the authority do what it is told."""
        raise CallError(501, "keys are made where they are used, and requests are PKCS#10", "not-offered")

    async def healthy(self, _call: Call) -> web.Response:
        """Say that the process answers."""
        return web.Response(text="ok\n")

    async def ready(self, call: Call) -> web.Response:
        """Say that certificates can be issued: the ledger can be read, and the keys opened."""
        await call.read(_check)
        return web.Response(text="ok\n")

    async def _issued(self, call: Call, issued: Certified | _Identity, access: Access) -> web.Response:
        """Answer with a certificate, which can be shown here from then on, even if its authority is brand-new."""
        certificate = issued.certificate
        if isinstance(issued, Certified):
            call.actor, call.issued = issued.person, access if issued.is_new else None
            call.told["device"] = issued.device
        else:
            call.actor = hosts.actor(issued.daemon)
            call.told["daemon"] = issued.daemon
        call.told["serial"] = serial_text(certificate.serial_number)
        if self.refresh and all(each.subject != certificate.issuer for each in self.authorities):
            await self.refresh()
        return answers.certificates([certificate])

    def _failed(self, who: str) -> CallError | None:
        """Count a failure; return what is to be said if there were too many of late."""
        now = time.monotonic()
        wait = self.failures.wait(who, now)
        self.failures.count(who, now)
        return _wait(wait) if wait else None


def _check(session: Session) -> None:
    session.newest_anchors()
    session.issuing("client")
    server_identity.address(session)


async def _redeemed(call: Call, secret: bytes, request: bytes) -> Certified | _Identity:
    """Use a code: a person's together with those of others, a host's by itself."""
    use = redemption.Use(secret, request)
    try:
        made = await call.change(use, "code")
    except TakenError:  # with the same key perhaps
        made = await call.change(use, "code")
    if isinstance(made, Certified):
        return made
    code, daemon = made, made.daemon or ""
    redeem = functools.partial(host_codes.redeem, code=code, request=request)
    return _Identity(daemon, await call.do(redeem, name=hosts.actor(daemon), access="code"))


def _device(whose: Holder | Certified) -> str:
    return f"{whose.person}\n{whose.device}"


def _wait(seconds: int) -> CallError:
    return CallError(429, f"too many attempts failed; wait for {seconds} s", "too-many", {"Retry-After": str(seconds)})


def _command_in(path: str) -> str:
    """Return the name of the command that a path is for; empty if it is for none."""
    return path.removeprefix(f"{_COMMANDS}/").replace("/", " ") if path.startswith(f"{_COMMANDS}/") else ""


_Route = Callable[[Service, Call], Awaitable[web.Response]]
_ROUTES: Mapping[tuple[str, str], _Route] = {
    ("GET", f"{_EST}/cacerts"): Service.cacerts,
    ("GET", f"{_EST}/csrattrs"): Service.csrattrs,
    ("POST", f"{_EST}/simpleenroll"): Service.enroll,
    ("POST", f"{_EST}/simplereenroll"): Service.renew,
    ("POST", f"{_EST}/serverkeygen"): Service.refuse,
    ("POST", f"{_EST}/fullcmc"): Service.refuse,
    ("GET", f"{_OWN}/settings"): Service.settings,
    ("GET", f"{_OWN}/crl"): Service.crl,
    ("GET", f"{_OWN}/status"): Service.status,
    ("GET", f"{_OWN}/daemon"): Service.host_news,
    ("POST", f"{_OWN}/daemon/identity"): Service.host_identity,
    ("POST", f"{_OWN}/daemon/certificate"): Service.host_certificate,
    ("POST", f"{_OWN}/daemon/report"): Service.host_report,
    ("GET", "/healthz"): Service.healthy,
    ("GET", "/readyz"): Service.ready,
}
_PATHS: Mapping[str, str] = {path: method for method, path in _ROUTES}
