"""What `certkit issue` and `certkit sign` share: the bundle that they write, and what they say of it."""

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path

from certkit.authority.issuance import Issued
from certkit.authority.view import View
from certkit.cli.support import destination, home_access
from certkit.cli.support.comparison import fingerprints
from certkit.cli.support.output import say
from certkit.enroll.bundle import Bundle
from certkit.errors import CertkitError
from certkit.pki.certificates import serial_text


def in_words(issued: Issued) -> str:
    """Say for whom something was issued, and until when."""
    return f"{issued.person}, device {issued.device}, expires {issued.certificate.not_valid_after_utc.date()}"


@contextlib.contextmanager
def naming_device(issued: Issued) -> Iterator[None]:
    """Let an error in writing what was issued name the device, which is recorded already."""
    try:
        yield
    except CertkitError as error:
        again = f"Its device is recorded: then run the same with --device {shlex.quote(issued.device)}"
        error.hint = f"{error.hint.removesuffix('.')}. {again}"
        raise


def as_data(issued: Issued, out: Path) -> dict[str, object]:
    """Return what was issued, and where its bundle lies, as JSON takes it."""
    return {
        "person": issued.person,
        "device": issued.device,
        "serial": serial_text(issued.certificate.serial_number),
        "expires": issued.certificate.not_valid_after_utc,
        "bundle": out,
        "daemon": issued.bundle.daemons[0].name,
        "also_valid": issued.also_valid,
    }


def say_default(bundle: Bundle, title: str) -> None:
    """Say which of several daemons a bundle makes the default."""
    first, *others = (daemon.name for daemon in bundle.daemons)
    if others:
        say(f"{title}{first} by default, or {', '.join(others)}: certkit daemon default changes it")


def say_also_valid(issued: Issued) -> None:
    """Say that the device's former certificates are good, too, until they end."""
    for each in issued.also_valid:
        say(f"Also good   {each.serial}, a former certificate of {issued.device}, until {each.expires.date()}")


def about_other_devices(view: View, issued: Issued) -> list[str]:
    """Say what else somebody has, where a new device got a made-up name: it may take the place of one of them."""
    if len(view.ledger.devices(issued.person)) == 1:
        return []
    from certkit.authority.overview import State, device_states  # which somebody new does not need

    others = [
        each
        for each in device_states(view, issued.person)
        if each.state in (State.VALID, State.NOT_YET_VALID, State.EXPIRED) and each.device != issued.device
    ]
    if not others:
        return []
    shown = ", ".join(f"{each.device} (issued {each.issued:%Y-%m-%d})" for each in others if each.issued)
    device = shlex.quote(others[-1].device)
    renew, revoke = (
        home_access.command(view, f"{verb} {shlex.quote(issued.person)} --device {device}")
        for verb in ("issue", "revoke")
    )
    return [
        "",
        f"{issued.person} has had a device before: {shown}. {issued.device} is a further one.",
        f"To renew the former instead:  {renew} --out FILE",
        f"If it was lost:               {revoke}",
    ]


def say_how_to_enroll(issued: Issued, out: Path, they_run: str, *, encrypted: bool) -> None:
    """Say what the developer is to run, and to compare if no passphrase vouches for the file."""
    where = ", with that line on standard input" if out == destination.STDOUT else ""
    say("", they_run + where, f"  certkit enroll {shlex.quote(out.name)}")
    if not encrypted:
        say("and compare with you, by phone or in person", *fingerprints(issued.bundle.server_authorities))
