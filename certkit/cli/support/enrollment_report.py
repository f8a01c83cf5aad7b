"""What `certkit enroll` says: what would be done, what was done, and what is left to do."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

from certkit.cli.support import context, targets
from certkit.cli.support.output import say, short, tell

if TYPE_CHECKING:
    from certkit.enroll.bundle import Bundle
    from certkit.enroll.enrollment import Enrollment
    from certkit.enroll.laptop import Step

_FILES = "ca.pem  cert.pem  key.pem"


def title(enrollment: "Enrollment") -> str:
    """Say which team, and as whom."""
    return f"{enrollment.bundle.team} as {enrollment.bundle.person}"


def say_authorities(bundle: "Bundle") -> None:
    """Show whom the laptop will trust, where no passphrase vouches for the bundle."""
    from certkit.pki import certificates

    tell("This file was not encrypted. Compare with whoever runs your team's certkit, by another way:")
    tell(*context.fingerprints(map(certificates.load, bundle.server_authorities)))


def say_plan(enrollment: "Enrollment") -> None:
    """Say what would be done."""
    say(f"Would {'renew' if enrollment.renews else 'enroll'} in {title(enrollment)}; nothing is done")
    say(*_lines(enrollment, "write ", "edit  "))


def say_done(enrollment: "Enrollment") -> None:
    """Say what was done, and what the other clients need to be told."""
    from certkit.enroll import flag_clients

    if enrollment.is_assumed:
        tell("Neither Earthly nor EarthBuild was found here: enrolled for Earthly. (--for chooses)")
    say(f"{'Renewed' if enrollment.renews else 'Enrolled'} in {title(enrollment)}")
    say(*_lines(enrollment, "wrote ", "edited"))
    for name in enrollment.others:
        say("", f"To build with {name}")
        say(*(f"  {flag_clients.command(name, enrollment.bundle.team, daemon)}" for daemon in enrollment.daemons))
    more = [daemon.name for daemon in enrollment.bundle.daemons[1:]]
    if more and enrollment.steps:
        say(f"The team's other daemons: {', '.join(more)}. (--daemon chooses)")


def say_variables(enrollment: "Enrollment") -> None:
    """Name the environment variable that is needed where there is neither Docker nor Podman."""
    from certkit.earthly.clients import docker_or_podman_works, variable

    unset = [step.client for step in enrollment.steps if not variable(step.client.kind, os.environ, "BUILDKIT_HOST")[0]]
    if unset and not docker_or_podman_works(os.environ):
        say("", "Neither Docker nor Podman works here, and without one the daemon in the file is ignored. Set")
        say(*(f"  export {client.host_variable}={enrollment.daemon.url}" for client in unset))


def prove(enrollment: "Enrollment") -> bool:
    """Probe the daemon as each client would reach it, and tell whether all is well."""
    from certkit.cli.support.probe_report import show
    from certkit.earthly.address import parse
    from certkit.probe import run

    all_well = True
    for target in targets.of_enrollment(enrollment):
        say("", targets.heading(target))
        report = run(target, os.environ, context.now())
        show(report)
        all_well = all_well and report.ok
    if all_well and enrollment.steps:
        titles = " and ".join(step.client.title for step in enrollment.steps)
        say(f"{titles} builds now run on {parse(enrollment.daemon.url).host}.")
    return all_well


def _lines(enrollment: "Enrollment", wrote: str, edited: str) -> Iterator[str]:
    from certkit.enroll import flag_clients

    for step in enrollment.steps:
        if step.contents:
            yield f"  {wrote}  {short(step.folder)}/  {_FILES}"
        if step.edits:
            yield _edit(step, wrote, edited)
    for daemon in enrollment.daemons if enrollment.others else ():
        yield f"  {wrote}  {short(flag_clients.folder(enrollment.bundle.team, daemon.name))}/  {_FILES}"


def _edit(step: "Step", wrote: str, edited: str) -> str:
    from certkit.earthly.edit import KEYS

    verb = wrote if step.config.content is None else edited
    backup = f"   (former file: {step.backup.name})" if step.backup else ""
    return f"  {verb}  {short(step.config.path)}   {', '.join(KEYS)}{backup}"
