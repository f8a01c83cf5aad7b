"""`certkit invite`."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from certkit.cli import actions
from certkit.cli.remote.offer import File, offered
from certkit.cli.support import completions, numbers, options
from certkit.errors import InvalidError

_HOUR = timedelta(hours=1)
_HELP = "See certkit invite --help, for example: certkit invite alice@acme.example"
_DRAWN = "--qr draws for a camera, and --json is for programs"


PersonArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="[PERSON|list|cancel]",
        help="The person to invite, such as alice@acme.example.",
        autocompletion=completions.people,
    ),
]
WhichArgument = Annotated[
    str | None, typer.Argument(metavar="ID|PERSON", help="With cancel: the code, or whose open codes.")
]
TtlOption = Annotated[
    timedelta,
    typer.Option(
        "--ttl",
        metavar="<duration>",
        parser=numbers.duration,
        show_default="1h",
        help="How long it is good: 30m, 12h, 7d.",
    ),
]
UsesOption = Annotated[
    int,
    typer.Option(
        "--uses", metavar="<number>", parser=numbers.count(1), help="How many devices it enrolls, each with a key."
    ),
]
ClientOption = Annotated[
    str | None,
    typer.Option(
        "--for",
        help="earthly, earthbuild, buildctl or buildx; by default, what is found there.",
        autocompletion=completions.clients,
    ),
]
QrOption = Annotated[bool, typer.Option("--qr", help="Draw the code as a QR code, too.")]
PeopleOption = Annotated[
    Path | None,
    typer.Option("--from", help="Invite everybody in this CSV file: person,device,client. - reads standard input."),
]
OutDirOption = Annotated[
    Path | None, typer.Option("--out-dir", help="The folder for many codes: a file to send to each, and a table.")
]
DaemonOption = Annotated[
    str | None,
    typer.Option(
        "--daemon",
        help="Invite no person, but the host of this daemon: it makes the daemon's key, and fetches its files.",
        autocompletion=completions.daemons,
    ),
]


class _Asked(NamedTuple):
    """What was typed, whether it goes together or not."""

    person: str | None
    which: str | None
    device: str | None
    ttl: timedelta
    uses: int
    client: str | None
    qr: bool
    people: Path | None
    out_dir: Path | None
    daemon: str | None
    as_json: bool


@offered("invite", lambda options: options.get("person") != "list", people=File.READ, out_dir=File.FILLED)
def invite(
    person: PersonArgument = None,
    which: WhichArgument = None,
    device: options.NewDeviceOption = None,
    ttl: TtlOption = _HOUR,
    uses: UsesOption = 1,
    client: ClientOption = None,
    qr: QrOption = False,
    people: PeopleOption = None,
    out_dir: OutDirOption = None,
    daemon: DaemonOption = None,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Invite a developer, or a daemon's host: make a code to enroll with.

    \b
    certkit invite alice@acme.example
    certkit invite ci --uses 20 --ttl 7d --for buildctl
    certkit invite --from people.csv --ttl 3d --out-dir codes
    certkit invite --daemon build
    certkit invite list
    certkit invite cancel 5e0c71a9

    A code is one line for certkit enroll, and good once. The developer's key is made on their machine and never leaves
    it. The code is shown once: send it by a way that nobody else reads. The server must be running: certkit serve.

    For many at once: people.csv has a line for each code, person,device,client, of which the last two may be left out;
    its first line may name the columns. Either every line is good, or no code is made. Who has a certificate already is
    skipped, so the same command takes a longer file.

    Exit codes: 0 invited, 1 failure, 2 usage.
    """
    asked = _Asked(person, which, device, ttl, uses, client, qr, people, out_dir, daemon, as_json)
    if daemon:
        _invite_host(home, asked, daemon)
    elif people:
        _invite_many(home, asked, people)
    elif person in {"list", "cancel"}:
        _manage(home, asked, person)
    elif person is None:
        raise InvalidError("nobody is named", _HELP, code="usage")
    else:
        _invite_one(home, asked, person)


def _invite_host(home: Path | None, asked: _Asked, daemon: str) -> None:
    others = (asked.person, asked.which, asked.device, asked.client, asked.uses != 1, asked.people, asked.out_dir)
    _refuse(
        asked,
        any(others) and "a daemon's host is invited alone, with --ttl and --qr at most",
    )
    actions.invite.invite_host(home, daemon, asked.ttl, qr=asked.qr, as_json=asked.as_json)


def _invite_many(home: Path | None, asked: _Asked, people: Path) -> None:
    _refuse(
        asked,
        asked.person and f"{asked.person!r} is one person, and --from means many",
        asked.device and "--device is for one code; --from takes devices from its file",
        asked.uses != 1 and "--uses is for one code; --from makes one for each line",
    )
    many = actions.invite_many.Many(people, asked.ttl, asked.client, asked.out_dir, asked.qr, asked.as_json)
    actions.invite_many.invite(home, many)


def _invite_one(home: Path | None, asked: _Asked, person: str) -> None:
    _refuse(
        asked,
        asked.out_dir and "--out-dir is for many at once",
        asked.which is not None and f"one person is invited at a time, and {asked.which!r} is another",
    )
    choices = actions.invite.Choices(asked.device, asked.ttl, asked.uses, asked.client, asked.qr)
    actions.invite.invite(home, person, choices, as_json=asked.as_json)


def _manage(home: Path | None, asked: _Asked, what: str) -> None:
    """List the codes, or cancel some."""
    if asked.device or asked.client or asked.uses != 1 or asked.ttl != _HOUR or asked.qr or asked.out_dir:
        raise InvalidError(f"invite {what} makes no code", "Leave the code's options out.", code="usage")
    if what == "list" and asked.which is None:
        actions.invite.list_codes(home, as_json=asked.as_json)
    elif what == "cancel" and asked.which is not None:
        actions.invite.cancel(home, asked.which, as_json=asked.as_json)
    else:
        raise InvalidError(
            f"invite {what} {'takes no name' if asked.which else 'wants the code that is to be cancelled'}",
            "certkit invite list shows all; certkit invite cancel ID cancels one.",
            code="usage",
        )


def _refuse(asked: _Asked, *problems: object) -> None:
    """Raise InvalidError for the first problem that there is, of these and that of --qr beside --json."""
    for problem in filter(None, (*problems, asked.qr and asked.as_json and _DRAWN)):
        raise InvalidError(str(problem), _HELP, code="usage")
