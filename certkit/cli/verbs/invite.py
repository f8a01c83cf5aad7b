"""`certkit invite`."""

from datetime import timedelta
from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.support import completions, numbers, options
from certkit.errors import InvalidError

_HOUR = timedelta(hours=1)


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
    certkit invite --daemon build
    certkit invite list
    certkit invite cancel 5e0c71a9

    A code is one line for certkit enroll, and good once. The developer's key is made on their machine and never leaves
    it. The code is shown once: send it by a way that nobody else reads. The server must be running: certkit serve.
    Exit codes: 0 invited, 1 failure, 2 usage.
    """
    if daemon:
        if person or which or device or client or uses != 1:
            raise InvalidError("a daemon's host is invited alone", "Name the daemon, and at most --ttl.", code="usage")
        actions.invite.invite_host(home, daemon, ttl, as_json=as_json)
        return
    if person is None:
        raise InvalidError("nobody is named", "certkit invite PERSON, or certkit invite --daemon NAME", code="usage")
    if person not in {"list", "cancel"}:
        if which is not None:
            raise InvalidError(
                f"one person is invited at a time, and {which!r} is another", "Invite them one by one.", code="usage"
            )
        choices = actions.invite.Choices(device, ttl, uses, client)
        actions.invite.invite(home, person, choices, as_json=as_json)
        return
    if device or client or uses != 1 or ttl != _HOUR:
        raise InvalidError(f"invite {person} makes no code", "Leave the code's options out.", code="usage")
    if person == "list" and which is None:
        actions.invite.list_codes(home, as_json=as_json)
    elif person == "cancel" and which is not None:
        actions.invite.cancel(home, which, as_json=as_json)
    else:
        raise InvalidError(
            f"invite {person} {'takes no name' if which else 'wants the code that is to be cancelled'}",
            "certkit invite list shows all; certkit invite cancel ID cancels one.",
            code="usage",
        )
