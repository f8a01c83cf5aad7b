"""`certkit revoke` and `certkit reinstate`."""

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from certkit.cli.support import completions, context
from certkit.cli.support.deployment_steps import say_handover
from certkit.cli.support.output import say, say_json

if TYPE_CHECKING:
    from certkit.authority.revocation import Subject
    from certkit.authority.view import View

PersonArgument = Annotated[
    str | None,
    typer.Argument(metavar="[PERSON]", help="Who, with all devices.", autocompletion=completions.people),
]
DeviceOption = Annotated[
    str | None,
    typer.Option("--device", help="Only this device, through all its renewals.", autocompletion=completions.devices),
]


def revoke(
    person: PersonArgument = None,
    device: DeviceOption = None,
    serial: Annotated[
        str | None, typer.Option("--serial", help="The device that holds the certificate of this serial number.")
    ] = None,
    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            help="As RFC 5280 names them: keyCompromise, affiliationChanged, …",
            autocompletion=completions.reasons,
        ),
    ] = "unspecified",
    dry_run: context.DryRunOption = False,
    home: context.HomeOption = None,
    as_json: context.JsonOption = False,
) -> None:
    """Shut a person, or one device, out of every daemon.

    \b
    certkit revoke alice@acme.example --reason affiliationChanged
    certkit revoke --device laptop-k3f9 --reason keyCompromise
    certkit revoke --serial 5e0c…

    A daemon refuses them once it has been restarted with its new ca.pem: certkit says how, and proves it afterwards
    with certkit daemon check. Exit codes: 0 revoked, 1 failure or nobody of that name, 2 usage.
    """
    from certkit.authority import revocation
    from certkit.authority.session import Session

    revocation.check_reason(reason)
    with context.reading(home) if dry_run else context.changing(home) as view:
        subject = revocation.find(view, person, device, serial)
        changed = isinstance(view, Session) and revocation.revoke(view, subject, reason)
        _report(view, subject, "revoke", changed=changed, dry_run=dry_run, as_json=as_json)


def reinstate(
    person: PersonArgument = None,
    device: DeviceOption = None,
    dry_run: context.DryRunOption = False,
    home: context.HomeOption = None,
    as_json: context.JsonOption = False,
) -> None:
    """Let a person, or one device, in again.

    \b
    certkit reinstate alice@acme.example
    certkit reinstate --device laptop-k3f9

    A person's devices that were revoked one by one stay out. Exit codes: 0 let in, 1 failure or nobody of that name,
    2 usage.
    """
    from certkit.authority import revocation
    from certkit.authority.session import Session

    with context.reading(home) if dry_run else context.changing(home) as view:
        subject = revocation.find(view, person, device, None)
        changed = isinstance(view, Session) and revocation.reinstate(view, subject)
        _report(view, subject, "reinstate", changed=changed, dry_run=dry_run, as_json=as_json)


def _report(team: "View", subject: "Subject", action: str, *, changed: bool, dry_run: bool, as_json: bool) -> None:
    from certkit.authority.overview import device_states

    states = device_states(team, subject.person)
    devices = [each for each in states if subject.device in {None, each.device}]
    if as_json:
        say_json(
            {
                "person": subject.person,
                "device": subject.device,
                "changed": changed,
                "name": subject.dns_name(team.team),
                "anchors": team.newest_anchors().number,
                "devices": devices,
            }
        )
        return
    if dry_run:
        names = ", ".join(each.device for each in devices) or "no device"
        _say_intent(team, subject, action, f"  devices: {names}", f"  by the name {subject.dns_name(team.team)}")
    elif changed:
        say(f"{action.capitalize().removesuffix('e')}ed {subject}")
    else:
        say(_already(subject, action))
    if action == "reinstate":
        _say_still_out(team, subject)
    if not dry_run:
        say_handover(team)


def _say_intent(team: "View", subject: "Subject", action: str, *how: str) -> None:
    from certkit.authority.revocation import revocation

    if (revocation(team, subject) is not None) == (action == "revoke"):
        say(_already(subject, action))
    else:
        say(f"Would {action} {subject}", *how, "Nothing changed.")


def _already(subject: "Subject", action: str) -> str:
    return f"{subject} is {'revoked already' if action == 'revoke' else 'not revoked'}; nothing changed."


def _say_still_out(team: "View", subject: "Subject") -> None:
    """Say what stays out for another reason than the one that is taken back."""
    person = team.ledger.person(subject.person)
    if subject.device and person and person.revoked:
        say(f"Still revoked, with all devices: {subject.person} (certkit reinstate {shlex.quote(subject.person)})")
    elif not subject.device:
        out = ", ".join(each.name for each in team.ledger.devices(subject.person) if each.revoked)
        say(f"Still revoked, as devices of their own: {out}") if out else None
