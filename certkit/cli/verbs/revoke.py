"""`certkit revoke` and `certkit reinstate`."""

from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.remote.offer import offered
from certkit.cli.support import completions, options
from certkit.errors import InvalidError

PersonArgument = Annotated[
    str | None,
    typer.Argument(metavar="[PERSON]", help="The person, with all devices.", autocompletion=completions.people),
]
DeviceOption = Annotated[
    str | None,
    typer.Option("--device", help="Only this device, through all its renewals.", autocompletion=completions.devices),
]


@offered("revoke", lambda options: not options.get("dry_run"))
def revoke(
    person: PersonArgument = None,
    device: DeviceOption = None,
    serial: Annotated[
        str | None, typer.Option("--serial", help="The device that holds the certificate of this serial number.")
    ] = None,
    daemon: Annotated[
        str | None,
        typer.Option(
            "--daemon",
            help="No person: the host of this daemon, which is to fetch its files no more.",
            autocompletion=completions.daemons,
        ),
    ] = None,
    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            help="Why: lost, stolen, leaked, left, moved, replaced, retired, suspended or misused; or as in RFC 5280.",
            autocompletion=completions.reasons,
        ),
    ] = "unspecified",
    dry_run: options.DryRunOption = False,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Lock a person, or one device, out of every daemon.

    \b
    certkit revoke alice@acme.example --reason left
    certkit revoke --device laptop-k3f9 --reason stolen
    certkit revoke --serial 5e0c…
    certkit revoke --daemon build           # its host's right to fetch files

    A daemon refuses them once it has been restarted with its new ca.pem: certkit says how, and proves it afterwards
    with certkit daemon check. Exit codes: 0 revoked, 1 failure or nobody of that name, 2 usage.
    """
    if daemon:
        if person or device or serial:
            raise InvalidError("a daemon's host is no person", "Name the daemon alone.", code="usage")
        actions.revoke.revoke_host(home, daemon, dry_run=dry_run, as_json=as_json)
        return
    actions.revoke.revoke(home, actions.revoke.Named(person, device, serial), reason, dry_run=dry_run, as_json=as_json)


@offered("reinstate", lambda options: not options.get("dry_run"))
def reinstate(
    person: PersonArgument = None,
    device: DeviceOption = None,
    without_devices: Annotated[
        bool, typer.Option("--without-devices", help="Only the person: all devices that they had stay out.")
    ] = False,
    dry_run: options.DryRunOption = False,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Let a person, or one device, back in.

    \b
    certkit reinstate alice@acme.example
    certkit reinstate alice@acme.example --without-devices   # with a new laptop
    certkit reinstate --device laptop-k3f9

    A person's devices that were revoked one by one stay out. Exit codes: 0 let in, 1 failure or nobody of that name,
    2 usage.
    """
    actions.revoke.reinstate(
        home,
        actions.revoke.Named(person, device, None),
        without_devices=without_devices,
        dry_run=dry_run,
        as_json=as_json,
    )
