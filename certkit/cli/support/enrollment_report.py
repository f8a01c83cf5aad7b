"""What `certkit enroll` says: what is to be compared, what would be done, what was done, and what is left to do."""

import os
from collections.abc import Iterator

from certkit.cli.support.comparison import fingerprints
from certkit.cli.support.output import say, short, tell
from certkit.earthly import engines, flag_clients
from certkit.earthly.clients import HOST_VARIABLE, find, variable
from certkit.earthly.edit import KEYS
from certkit.enroll import flag_files
from certkit.enroll.bundle import Bundle
from certkit.enroll.config_clients import Step
from certkit.enroll.enrollment import Enrollment

_FILES = "ca.pem  cert.pem  key.pem"


def title(enrollment: Enrollment) -> str:
    """Name the team, and as whom."""
    return f"{enrollment.bundle.team} as {enrollment.bundle.person}"


def say_what_to_compare(bundle: Bundle) -> None:
    """Show whom the laptop will trust and where it will build, where no passphrase vouches for the bundle."""
    tell("This file was not encrypted. Compare with whoever runs certkit for your team, by phone or in person:")
    tell(*fingerprints(bundle.server_authorities))
    tell(*(f"  daemon {daemon.name}   {daemon.url}" for daemon in bundle.daemons))


def say_plan(enrollment: Enrollment) -> None:
    """Say what would be done."""
    say(f"Would {'renew' if enrollment.renews else 'enroll'} in {title(enrollment)}; nothing is done")
    say(*_lines(enrollment, "write ", "edit  "))
    _say_configurations(enrollment)


def say_done(enrollment: Enrollment) -> None:
    """Say what was done, and what the flag clients need to be told."""
    if enrollment.is_assumed:
        tell("Neither Earthly nor EarthBuild was found here: enrolled for Earthly. (--for chooses)")
    say(f"{'Renewed' if enrollment.renews else 'Enrolled'} in {title(enrollment)}")
    say(*_lines(enrollment, "wrote ", "edited"))
    end, due = enrollment.bundle.certificate.not_valid_after_utc, enrollment.bundle.renewal_due
    say(f"  lasts   until {end.date()}; ask for a new one from {due.date()}")
    _say_configurations(enrollment)
    for name in () if enrollment.is_kept else enrollment.others:  # else they were told so before
        say("", f"To build with {name}")
        for daemon in enrollment.daemons:
            say(f"  {flag_files.command(name, enrollment.user, enrollment.bundle.team, daemon)}")
    more = [daemon.name for daemon in enrollment.bundle.daemons[1:]]
    if more and enrollment.steps:
        say(f"The team's other daemons: {', '.join(more)}. (--daemon chooses)")


def tell_left_out(enrollment: Enrollment) -> None:
    """Name the clients that are here and stay as they are, where those that were enrolled are kept."""
    enrolled = {step.client.name for step in enrollment.steps}
    for client in find(os.environ) if enrollment.is_kept else ():
        if client.name not in enrolled:
            tell(
                f"{client.title} is here, too, and is not enrolled. To add it:  certkit enroll FILE --for {client.name}"
            )


def say_variables(enrollment: Enrollment) -> None:
    """Name the environment variable that is needed where there is neither Docker nor Podman."""
    unset = [step.client for step in enrollment.steps if not variable(step.client.kind, os.environ, "BUILDKIT_HOST")[0]]
    if any(not engines.of_client(client, os.environ).program for client in unset):
        say("", "Neither Docker nor Podman works here, and without one the daemon in the file is ignored. Set")
        say(f"  export {HOST_VARIABLE}={enrollment.daemon.url}")


def _say_configurations(enrollment: Enrollment) -> None:
    """Say what is to be pasted where a configuration cannot be written, and what the client stops at in one."""
    for step in enrollment.steps:
        path = short(step.config.path)
        if step.to_paste:
            say("", f"{path} leads to a read-only file. Add this to what it is made from:")
            say(*(f"  {line}" for line in step.to_paste))
        for fault in step.faults:
            tell(f"{step.client.title} stops at {path}: {fault.message}", f"  {fault.remedy}")


def _lines(enrollment: Enrollment, wrote: str, edited: str) -> Iterator[str]:
    for step in enrollment.steps:
        if step.contents:
            yield f"  {wrote}  {short(step.folder)}/  {_FILES}"
        if step.edits:
            yield _edit(step, wrote, edited)
    for daemon in enrollment.daemons if enrollment.others else ():
        place = flag_clients.folder(enrollment.user, enrollment.bundle.team, daemon.name)
        yield f"  {wrote}  {short(place)}/  {_FILES}"


def _edit(step: Step, wrote: str, edited: str) -> str:
    verb = wrote if step.config.content is None else edited
    backup = f"   (former file: {step.backup.name})" if step.backup else ""
    return f"  {verb}  {short(step.config.path)}   {', '.join(KEYS)}{backup}"
