"""What leads ask: commands, each carried out by a process of its own, on behalf of whoever has shown a certificate."""

import asyncio
import base64
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from certkit.authority import leads
from certkit.authority.home import Home
from certkit.authority.renewals import Holder
from certkit.errors import MalformedError
from certkit.server.answers import CallError
from certkit.server.calls import Call

LARGEST = 16 * 1024 * 1024
"""Bytes of a call: a roster of a hundred thousand people."""
_SLOWEST = 60.0
"""Seconds in which it must be here."""
LONGEST = 600.0
"""Seconds that a command may take."""
_AT_ONCE = 4
"""Commands that are carried out at once in a process; others wait."""
_JSON = "application/json"
_POLICY = "frame-ancestors 'none'"
"""For a browser, beside what the page says itself."""


@dataclass(frozen=True)
class Program:
    """What carries commands out: how it is started, and which it knows."""

    start: Sequence[str]
    commands: frozenset[str]


@dataclass
class Commands:
    """Carries out leads' commands at a home."""

    home: Home
    program: Program
    _turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    async def answer(self, call: Call, name: str) -> web.Response:
        """Carry out the command that is called `name`, such as `daemon add`."""
        if call.request.method != "POST":
            raise CallError(405, "not by this method", "method-not-allowed", {"Allow": "POST"})
        if call.request.content_type != _JSON:  # so no page in a lead's browser can send one: it would have to ask
            raise CallError(415, f"send it as {_JSON}", "content-type-unsupported")
        await self._lead(call)
        if name not in self.program.commands:
            raise CallError(404, "there is no such command", "command-unknown")
        call.told["command"] = name
        call.may_last(LONGEST + _SLOWEST)
        wanted = _wanted(await call.body(LARGEST, _SLOWEST))
        async with self._turns:
            shown = await self._lead(call)  # which may have changed while they waited
            ended = await carried_out(self.program, {"command": name, "call": wanted, **self._who(call, shown)})
        call.told["exit"] = ended["code"]
        return web.Response(body=json.dumps(ended).encode(), content_type=_JSON)

    async def page(self, call: Call) -> web.Response:
        """Show a lead's browser the page of the status; nothing in it is loaded from elsewhere."""
        shown = await self._lead(call)
        call.may_last(LONGEST)
        wanted = {"options": {"html": "status.html"}, "files": {}}
        async with self._turns:
            ended = await carried_out(self.program, {"command": "status", "call": wanted, **self._who(call, shown)})
        [made] = ended["files"]
        headers = {"Content-Security-Policy": _POLICY}
        body = base64.b64decode(made["content"])
        return web.Response(body=body, content_type="text/html", charset="utf-8", headers=headers)

    async def _lead(self, call: Call) -> Holder:
        shown = call.certificate()
        found = await call.read(lambda session: leads.holder(session, shown))
        call.actor, call.told["device"] = found.person, found.device
        return found

    def _who(self, call: Call, shown: Holder) -> dict[str, Any]:
        known = self.home.passphrase.known
        return {
            "person": shown.person,
            "host": call.host,
            "home": str(self.home.path),
            "passphrase": base64.b64encode(known).decode() if known is not None else None,
        }


async def carried_out(program: Program, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Carry a command out to its end, whoever waits for it; raise CallError if it does not come to one."""
    folder = tempfile.mkdtemp(prefix="certkit-")  # first: without one nothing is started
    process = await asyncio.create_subprocess_exec(
        *program.start,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,  # no terminal of the server's may be asked anything
    )
    try:
        async with asyncio.timeout(LONGEST):
            answer, _ = await process.communicate(json.dumps({**asked, "folder": folder}).encode())
    except TimeoutError:
        process.kill()
        await process.wait()
        raise CallError(504, f"the command took more than {LONGEST:.0f} s, and was ended", "command-slow") from None
    finally:
        if process.returncode is not None:  # else it goes on, and removes it itself; who is killed does not
            shutil.rmtree(folder, ignore_errors=True)
    try:
        found = json.loads(answer)
    except ValueError:
        found = None
    if process.returncode or not isinstance(found, dict):
        raise CallError(500, "the command has failed on the server, whose log says why", "command-failed")
    if "malformed" in found:
        raise MalformedError(str(found["malformed"]), code="call-malformed")
    return found


def _wanted(body: bytes) -> dict[str, Any]:
    """Read a call; raise MalformedError for what is none."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("options"), dict):
        raise MalformedError("that is no call of a command", code="call-malformed")
    files = found.setdefault("files", {})
    if not isinstance(files, dict) or not all(isinstance(each, str) for each in files.values()):
        raise MalformedError("files are texts, in base64", code="call-malformed")
    return found
