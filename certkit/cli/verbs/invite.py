"""`certkit invite`."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.remote.offer import File, offered
from certkit.cli.support import completions, numbers, options
from certkit.errors import InvalidError

_HOUR = timedelta(hours=1)
_HELP = "See certkit invite --help, for example: certkit invite alice@acme.example"
_DRAWN = "--qr draws for a camera, and --json is for programs"


@offered("invite", lambda options: options.get("person") != "list", people=File.READ, out_dir=File.FILLED)
def invite(
    person: Annotated[
        str | None,
        typer.Argument(
            metavar="[PERSON|list|cancel]",
            help="The person to invite, such as alice@acme.example.",
            autocompletion=completions.people,
        ),
    ] = None,
    which: Annotated[
        str | None, typer.Argument(metavar="ID|PERSON", help="With cancel: the code, or whose open codes.")
    ] = None,
    device: options.NewDeviceOption = None,
    ttl: Annotated[
        timedelta,
        typer.Option(
            "--ttl",
            metavar="<duration>",
            parser=numbers.duration,
            show_default="1h",
            help="How long it is good: 30m, 12h, 7d.",
        ),
    ] = _HOUR,
    uses: Annotated[
        int,
        typer.Option(
            "--uses", metavar="<number>", parser=numbers.count(1), help="How many devices it enrolls, each with a key."
        ),
    ] = 1,
    client: Annotated[
        str | None,
        typer.Option(
            "--for",
            help="earthly, earthbuild, buildctl or buildx; by default, what is found there.",
            autocompletion=completions.clients,
        ),
    ] = None,
    qr: Annotated[bool, typer.Option("--qr", help="Draw the code as a QR code, too.")] = False,
    people: Annotated[
        Path | None,
        typer.Option("--from", help="Invite everybody in this CSV file: person,device,client. - reads standard input."),
    ] = None,
    out_dir: Annotated[
        Path | None, typer.Option("--out-dir", help="The folder for many codes: a file to send to each, and a table.")
    ] = None,
    daemon: Annotated[
        str | None,
        typer.Option(
            "--daemon",
            help="Invite no person, but the host of this daemon: it makes the daemon's key, and fetches its files.",
            autocompletion=completions.daemons,
        ),
    ] = None,
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
    if daemon:
        _refuse(
            (person or which or device or client or uses != 1 or people or out_dir)
            and "a daemon's host is invited alone, with --ttl and --qr at most",
            qr and as_json and _DRAWN,
        )
        actions.invite.invite_host(home, daemon, ttl, qr=qr, as_json=as_json)
    elif people:
        _refuse(
            person and f"{person!r} is one person, and --from means many",
            device and "--device is for one code; --from takes devices from its file",
            uses != 1 and "--uses is for one code; --from makes one for each line",
            qr and as_json and _DRAWN,
        )
        many = actions.invite_many.Many(people, ttl, client, out_dir, qr=qr, as_json=as_json)
        actions.invite_many.invite(home, many)
    elif person in {"list", "cancel"}:
        if device or client or uses != 1 or ttl != _HOUR or qr or out_dir:
            raise InvalidError(f"invite {person} makes no code", "Leave the code's options out.", code="usage")
        _manage(home, person, which, as_json=as_json)
    elif person is None:
        raise InvalidError("nobody is named", _HELP, code="usage")
    else:
        _refuse(
            out_dir and "--out-dir is for many at once",
            which is not None and f"one person is invited at a time, and {which!r} is another",
            qr and as_json and _DRAWN,
        )
        choices = actions.invite.Choices(device, ttl, uses, client, qr)
        actions.invite.invite(home, person, choices, as_json=as_json)


def _manage(home: Path | None, what: str, which: str | None, *, as_json: bool) -> None:
    """List the codes, or cancel some."""
    if what == "list" and which is None:
        actions.invite.list_codes(home, as_json=as_json)
    elif what == "cancel" and which is not None:
        actions.invite.cancel(home, which, as_json=as_json)
    else:
        raise InvalidError(
            f"invite {what} {'takes no name' if which else 'wants the code that is to be cancelled'}",
            "certkit invite list shows all; certkit invite cancel ID cancels one.",
            code="usage",
        )


def _refuse(*problems: object) -> None:
    for problem in filter(None, problems):
        raise InvalidError(str(problem), _HELP, code="usage")
