"""Carry out a command that a lead has sent, in a process of its own: `python -m certkit.cli.remote.execution`.

The server starts it, tells it on standard input who wants what, secrets included, and reads the answer. What the
command prints goes to files, as do those that it makes; nothing of it meets the server's own terminal.
"""

import base64
import contextlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from certkit.authority import approvals, proposals
from certkit.cli.app import explain, main
from certkit.cli.remote import received
from certkit.cli.remote.offer import File, Offer, Options, offers, words
from certkit.cli.remote.received import Received
from certkit.cli.support import behalf, home_access
from certkit.cli.support.behalf import Behalf, QuestionError
from certkit.cli.support.output import say, say_json, short
from certkit.errors import CertkitError, MalformedError, RefusedError
from certkit.ledger.interface import Actor

_LONGEST = 200
"""Bytes of a file's name."""


@dataclass(frozen=True)
class Files:
    """The files of a call: those that came with it, and those that the command is to make, in a folder of their own.

    `folder` has a folder for each option that names a file. `typed` is how its caller wrote each name.
    """

    folder: Path
    kinds: Mapping[str, File]
    typed: Mapping[str, str]

    def place(self, option: str) -> Path:
        """Return where the file of an option lies here."""
        typed = self.typed[option]
        name = "standard input" if typed == "-" else Path(typed).name.encode()[-_LONGEST:].decode(errors="ignore")
        return self.folder / option / (name if name not in {"", ".."} else "file")

    def option(self, option: str) -> str:
        """Return what the command is told instead of the name that its caller wrote."""
        goes_out = self.kinds[option] is not File.READ and self.typed[option] == "-"
        return "-" if goes_out else str(self.place(option))

    def take(self, contents: Mapping[str, bytes]) -> None:
        """Write what came with a call."""
        for option in self.kinds:
            self.place(option).parent.mkdir(mode=0o700)
        for option, content in contents.items():
            self.place(option).write_bytes(content)

    def made(self) -> Iterator[dict[str, str]]:
        """Return what the command has made, as it travels."""
        for option, kind in self.kinds.items():
            place = self.place(option)
            found = sorted(place.iterdir()) if place.is_dir() else [place]
            for each in found if kind is not File.READ else ():
                if each.is_file():
                    yield {"option": option, "name": each.name, "content": base64.b64encode(each.read_bytes()).decode()}

    def named_as_typed(self, text: str) -> str:
        """Return a text with the files called what the caller calls them."""
        for option, typed in self.typed.items():
            place = self.place(option)
            for here in (str(place), short(place)):
                text = text.replace(here, typed if typed != "-" else place.name)
        return text


def execute(asked: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Carry out what is asked, with its files in a folder; return the answer.

    Raises MalformedError for a call that makes no sense.
    """
    wanted = received.read(offers()[asked["command"]], asked["call"])
    secret = asked["passphrase"]
    known = base64.b64decode(secret) if secret is not None else None
    actor = Actor(asked["person"], asked["host"], "certificate")
    behalf.act(Behalf(actor, known, wanted.columns, [*wanted.answers], is_attended=wanted.is_attended))
    os.environ["CERTKIT_HOME"] = asked["home"]
    return run(wanted, folder, instead=lambda: _refuse_or_propose(wanted, asked["call"]["files"]))


def run(wanted: Received, folder: Path, instead: Callable[[], bool] = lambda: False) -> dict[str, Any]:
    """Run a command, and return how it has ended; what it would ask first is returned as a question.

    If `instead` does something else in its place, it returns True.
    """
    offer, options = wanted.offer, wanted.options
    files, name, question, code = _files(offer, options, folder), offer.name.split(), "", 0
    with _printing_to(folder) as (output, messages):
        try:
            if not instead():
                files.take(wanted.files)
                told = {**options, **{option: files.option(option) for option in files.kinds}}
                code = main([*name, *words(offer, told)])
        except QuestionError as error:
            question = error.question
        except CertkitError as error:
            code = explain(error, [*name, *words(offer, options)])
    said, accompanying = (files.named_as_typed(each.read_text(errors="replace")) for each in (output, messages))
    result = _result(said) if options.get("json") and not question else None
    elsewhere = behalf.current()
    return {
        "code": code,
        "error": elsewhere.failed if elsewhere else "",
        "output": said if result is None else "",
        "messages": accompanying,
        "result": result,
        "files": [] if question else list(files.made()),
        "question": question,
    }


def makes_files(offer: Offer, options: Options) -> bool:
    """Tell whether a call makes files for whoever has sent it."""
    return any(each.file not in {File.NONE, File.READ} and each.name in options for each in offer.parameters())


def content(made: Mapping[str, str]) -> bytes:
    """Return the content of a file that a command has made."""
    return base64.b64decode(made["content"])


def _refuse_or_propose(wanted: Received, contents: Mapping[str, str]) -> bool:
    """Raise for what a server must not do; propose what several leads must want, and return True."""
    offer, options = wanted.offer, wanted.options
    if not offer.changes(options):
        return False
    verb, me = offer.name.split()[0], behalf.current()
    with home_access.reading_first(None) as view:
        if verb == "rotate" and view.home.shares_ledger:
            raise RefusedError(
                "the new authority's key would be on one of several servers", code="rotation-on-one-of-several"
            )
        needed = approvals.needed(verb, view.settings.approvals)
    if needed == 1 or me is None:
        return False
    kept = {"options": {key: value for key, value in options.items() if key != "json"}, "files": contents}
    with home_access.changing(None) as session:
        made = proposals.propose(session, me.actor.name, offer.name, kept, needed)
    if options.get("json"):
        say_json({"proposal": made})
        return True
    say(f"Proposed, and not done yet: {needed - 1} more must want it by {made.expires:%Y-%m-%d %H:%M} UTC.")
    say(f"  certkit lead agree {made.id}")
    return True


def _files(offer: Offer, options: Options, folder: Path) -> Files:
    kinds = {each.name: each.file for each in offer.parameters() if each.file and each.name in options}
    return Files(folder, kinds, {name: str(options[name]) for name in kinds})


def _result(said: str) -> Any:  # noqa: ANN401  JSON is of any kind
    with contextlib.suppress(ValueError):
        return json.loads(said)
    return None


@contextlib.contextmanager
def _printing_to(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Let standard output and standard error be two files for a block."""
    kept, places = [os.dup(1), os.dup(2)], (folder / "output", folder / "messages")
    try:
        for stream, number, place in zip((sys.stdout, sys.stderr), (1, 2), places, strict=True):
            stream.flush()
            made = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            os.dup2(made, number)
            os.close(made)
        yield places
    finally:
        for stream, number, former in zip((sys.stdout, sys.stderr), (1, 2), kept, strict=True):
            stream.flush()
            os.dup2(former, number)
            os.close(former)


def _answer_once() -> None:
    asked = json.load(sys.stdin)
    os.umask(0o077)
    folder = Path(asked["folder"])
    try:
        answer = execute(asked, folder)
    except MalformedError as error:
        answer = {"malformed": error.message}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    json.dump(answer, sys.stdout)
    sys.stdout.flush()


if __name__ == "__main__":
    _answer_once()
