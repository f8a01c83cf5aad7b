"""Send a command to the team's server, answer what it asks, and let what it says and makes arrive here."""

import base64
import binascii
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from certkit import files
from certkit.cli import actions
from certkit.cli.remote.offer import File, Offer, options_of
from certkit.cli.support import destination, input_files
from certkit.cli.support.output import plain, say_json, tell
from certkit.cli.support.questions import can_ask, confirmed
from certkit.earthly.user import user_of
from certkit.enroll import commands, seat, server_trust
from certkit.enroll.commands import Ended
from certkit.enroll.seat import Seat
from certkit.errors import CertkitError, MalformedError, RefusedError
from certkit.pki import certificates

MOST_SENT = 8 * 1024 * 1024
"""Bytes of a file: a roster of a hundred thousand people."""


def send(offer: Offer, given: Mapping[str, Any], url: str | None) -> None:
    """Let the server carry a command out; end as it ends there."""
    options, named = options_of(offer, given), {each.name: each for each in offer.parameters()}
    places = {name: Path(str(options[name])) for name, each in named.items() if each.file and name in options}
    for name, path in places.items():
        _check(named[name].file, path, as_json="json" in options)
    read = {name: path for name, path in places.items() if named[name].file is File.READ}
    call = {"options": options, "files": {name: _content(path) for name, path in read.items()}}
    ended = _ended(seat.find(os.environ, url), offer, call, input_taken=any(str(path) == "-" for path in read.values()))
    _receive(ended, {name: (named[name].file, path) for name, path in places.items() if name not in read})
    if ended.result is not None:
        say_json(ended.result)
    elif ended.output:
        sys.stdout.write("".join(f"{plain(line)}\n" for line in ended.output.splitlines()))
    if ended.code:
        raise typer.Exit(ended.code)


def _ended(place: Seat, offer: Offer, call: Mapping[str, Any], *, input_taken: bool) -> Ended:
    """Send a command until everything that it asks is answered; each message is shown once."""
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    attended = can_ask(input_taken=input_taken) and "json" not in call["options"]
    answers, shown = list[bool](), ""
    while True:
        ended = _sent(place, offer, {**call, "columns": columns, "attended": attended, "answers": answers})
        tell(*ended.messages.removeprefix(shown).splitlines())
        if not ended.question:
            return ended
        shown = ended.messages
        answers.append(confirmed(ended.question, input_taken=input_taken))


def _sent(place: Seat, offer: Offer, call: Mapping[str, Any]) -> Ended:
    with files.acting_as(user_of(os.environ).owner):
        authorities = certificates.load_all(files.read(place.enrolled.place / "ca.pem"))
        with server_trust.connection(place.server, authorities, place.enrolled.pair) as connection:
            return commands.send(connection, offer.name, call)


def _check(kind: File, path: Path, *, as_json: bool) -> None:
    """Raise if nothing could be put where a command's file is to go, before anything is done."""
    if kind is File.WRITTEN:
        destination.check(path, as_json=as_json)
    elif kind is File.FILLED and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise RefusedError(f"{path} is not empty", "Name a new folder.", code="file-in-the-way", path=path)
    elif kind is File.REPLACED:
        actions.status_page.check_former(path)


def _content(path: Path) -> str:
    content = files.read(input_files.path_of(path), limit=MOST_SENT, pipes=True)
    return base64.b64encode(content).decode()


def _receive(ended: Ended, places: Mapping[str, tuple[File, Path]]) -> None:
    """Write what a command has made; raise CertkitError if that fails, with what is lost by it."""
    try:
        made = [(*places[each.option], each.name, _decoded(each.content)) for each in ended.files]
    except (KeyError, binascii.Error):
        raise MalformedError("the server's answer holds files that nobody asked for", code="server-answer") from None
    inside = {_inside(path, name): content for kind, path, name, content in made if kind is File.FILLED}
    try:
        for folder in {path.parent for path in inside}:
            files.make_private_directory(folder)
        files.write_all(inside)
        for kind, path, _, content in made:
            if kind is not File.FILLED:
                files.write(path, content, replace=kind is File.REPLACED)
    except CertkitError as error:
        raise CertkitError(
            f"it is done, and what it has made is lost: {error.message}", code="answer-unwritable"
        ) from None


def _decoded(content: str) -> bytes:
    return base64.b64decode(content, validate=True)


def _inside(folder: Path, name: str) -> Path:
    """Return where a file of a folder goes; raise MalformedError for a name that leads elsewhere."""
    if name in {"", ".", ".."} or "/" in name or "\0" in name:
        raise MalformedError("the server's answer names a file that is in no folder", code="server-answer")
    return folder / name
