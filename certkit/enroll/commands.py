"""Commands for the team's server, sent by a lead, who is known by the certificate of the laptop."""

import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from certkit.enroll import est
from certkit.errors import MalformedError

PATH = "/.well-known/certkit/commands"
LIMIT = 64 * 1024 * 1024
"""Bytes of an answer: a hundred thousand people, listed."""
PATIENCE = 600.0
"""Seconds for an answer: some commands check daemons, or issue for many."""


class File(NamedTuple):
    """A file that a command has made: for which option, and what it is called."""

    option: str
    name: str
    content: str
    """In base64."""


class Ended(NamedTuple):
    """How a command has ended on the server, or what somebody must be asked before it begins."""

    code: int
    output: str
    messages: str
    """What accompanies the output."""
    result: Any
    """The result, if it was wanted as JSON."""
    files: tuple[File, ...]
    question: str


def send(connection: http.client.HTTPSConnection, command: str, call: Mapping[str, Any]) -> Ended:
    """Send a command on a connection that shows a certificate; raise as `est.answer` does."""
    connection.sock.settimeout(PATIENCE)
    body = json.dumps(call).encode()
    connection.request("POST", f"{PATH}/{command.replace(' ', '/')}", body, {"Content-Type": "application/json"})
    return _ended(est.body_of(connection.getresponse(), LIMIT))


def _ended(body: bytes) -> Ended:
    try:
        found = json.loads(body)
        files = tuple(File(str(each["option"]), str(each["name"]), str(each["content"])) for each in found["files"])
        texts = (str(found["output"]), str(found["messages"]))
        return Ended(int(found["code"]), *texts, found["result"], files, str(found["question"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        raise MalformedError("the server's answer is none that a command has", code="server-answer") from None
