"""What `certkit enroll` says: what is to be compared, what would be done, what was done, and what is left to do."""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from certkit import files
from certkit.cli.support import probe_report, work_trees
from certkit.cli.support.comparison import fingerprints
from certkit.cli.support.output import say, short, tell
from certkit.earthly import engines, flag_clients
from certkit.earthly.clients import HOST_VARIABLE, find, variable
from certkit.earthly.edit import KEYS
from certkit.enroll import flag_files, renewal_time
from certkit.enroll.bundle import Bundle
from certkit.enroll.config_clients import Step
from certkit.enroll.enrollment import Enrollment

if TYPE_CHECKING:  # what a report consists of is imported with the probe
    from certkit.enroll.timers import Keeper
    from certkit.probe import Report

_FILES = "ca.pem  cert.pem  key.pem"


def _title(enrollment: Enrollment) -> str:
    """Name the team, and as whom."""
    return f"{enrollment.bundle.team} as {enrollment.bundle.person}"


def say_what_to_compare(bundle: Bundle) -> None:
    """Show whom the laptop will trust and where it will build, where no passphrase vouches for the bundle."""
    tell("This file was not encrypted. Compare with whoever runs certkit for your team,", "by phone or in person:")
    tell(*fingerprints(bundle.server_authorities))
    tell(*(f"  daemon {daemon.name}   {daemon.url}" for daemon in bundle.daemons))


def as_data(enrollment: Enrollment, reports: "Sequence[Report]", *, changed: bool) -> dict[str, object]:
    """Return an enrollment, and the probes that followed it, as JSON takes them."""
    bundle = enrollment.bundle
    return {
        "team": bundle.team,
        "person": bundle.person,
        "device": bundle.device,
        "changed": changed,
        "renews": enrollment.renews,
        "daemons": [{"name": daemon.name, "url": daemon.url} for daemon in bundle.daemons],
        "configurations": [_configuration(step) for step in enrollment.steps],
        "commands": [
            {
                "client": name,
                "daemon": daemon.name,
                "folder": flag_clients.folder(enrollment.user, bundle.team, daemon.name),
                "command": flag_files.command(name, enrollment.user, bundle.team, daemon),
            }
            for name in enrollment.others
            for daemon in enrollment.daemons
        ],
        "probes": [probe_report.as_data(report) for report in reports],
    }


def _configuration(step: Step) -> dict[str, object]:
    return {
        "client": step.client.name,
        "path": step.config.path,
        "folder": step.folder,
        "edits": step.edits,
        "backup": step.backup,
        "to_paste": step.to_paste,
        "faults": [{"line": fault.line, "problem": fault.problem, "remedy": fault.remedy} for fault in step.faults],
    }


def say_outcome(enrollment: Enrollment, *, is_done: bool, changed: bool) -> None:
    """Say what was done, or would be, unless all was done before."""
    if is_done:
        say(f"Already enrolled in {_title(enrollment)}; nothing changed.", "(--force enrolls again)")
    elif changed:
        _say_done(enrollment)
    else:
        _say_plan(enrollment)


def _say_plan(enrollment: Enrollment) -> None:
    """Say what would be done."""
    say(f"Would {'renew' if enrollment.renews else 'enroll'} in {_title(enrollment)}; nothing is done")
    say(*_lines(enrollment, "write ", "edit  "))
    _say_configurations(enrollment)


def _say_done(enrollment: Enrollment) -> None:
    """Say what was done, and what the flag clients need to be told."""
    if enrollment.is_assumed:
        tell("Neither Earthly nor EarthBuild was found here: enrolled for Earthly.", "(--for chooses)")
    say(f"{'Renewed' if enrollment.renews else 'Enrolled'} in {_title(enrollment)}")
    say(*_lines(enrollment, "wrote ", "edited"))
    _say_how_long(enrollment.bundle)
    _say_configurations(enrollment)
    for name in () if enrollment.is_kept else enrollment.others:  # else they were told so before
        say("", f"To build with {name}")
        for daemon in enrollment.daemons:
            say(f"  {flag_files.command(name, enrollment.user, enrollment.bundle.team, daemon)}")
    more = [daemon.name for daemon in enrollment.bundle.daemons[1:]]
    if more and enrollment.steps:
        say(f"The team's other daemons: {', '.join(more)}. (certkit use NAME switches)")


def _say_how_long(bundle: Bundle) -> None:
    """Say until when a certificate lasts, and what comes then: a timer's work, or a question for somebody."""
    until = f"  lasts   until {bundle.certificate.not_valid_after_utc.date()}"
    if bundle.voucher:
        say(f"{until}; to be renewed from {renewal_time.due(bundle.certificate).date()} on")
    else:
        say(f"{until}; ask for a new one from {bundle.renewal_due.date()} on")


def tell_of_work_trees(enrollment: Enrollment) -> None:
    """Warn where the keys, or the copy of a configuration, lie in a repository or behind a link."""
    with files.acting_as(enrollment.user.owner):
        for step in enrollment.steps:
            work_trees.tell_of_folder(step.folder, *([step.backup] if step.backup else []))
        for daemon in enrollment.daemons if enrollment.others else ():
            work_trees.tell_of_folder(flag_clients.folder(enrollment.user, enrollment.bundle.team, daemon.name))


def say_timer(keeper: "Keeper | None") -> None:
    """Say who renews the certificate from now on."""
    if keeper:
        say(f"  timer   {keeper} renews the certificate when it is time (--no-timer sets none)")
    else:
        tell(
            "Neither systemd, launchd nor cron works here for you. Have this run each day:",
            "  certkit renew --if-needed",
        )


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
        say("", "Neither Docker nor Podman works here, and without one the daemon in the file", "is ignored. Set")
        say(f"  export {HOST_VARIABLE}={enrollment.daemon.url}")


def _say_configurations(enrollment: Enrollment) -> None:
    """Say what is to be pasted where a configuration cannot be written, and what the client stops at in one."""
    for step in enrollment.steps:
        path = short(step.config.path)
        if step.to_paste:
            say("", f"{path} leads to a read-only file. Add this to what it is made from:")
            say(*(f"  {line}" for line in step.to_paste))
        if step.client.blanked_by:
            tell(f"{step.client.title} does not read it as long as {step.client.blanked_by} is set to nothing.")
        for fault in step.faults:
            tell(f"{step.client.title} stops at {path}: {fault.message}", f"  {fault.remedy}")


def _lines(enrollment: Enrollment, wrote: str, edited: str) -> Iterator[str]:
    for step in enrollment.steps:
        if step.contents:
            yield f"  {wrote}  {short(step.folder)}/  {_FILES}"
        if step.edits:
            yield from _edit(step, wrote, edited)
    for daemon in enrollment.daemons if enrollment.others else ():
        place = flag_clients.folder(enrollment.user, enrollment.bundle.team, daemon.name)
        yield f"  {wrote}  {short(place)}/  {_FILES}"


def _edit(step: Step, wrote: str, edited: str) -> tuple[str, str]:
    verb = wrote if step.config.content is None else edited
    backup = f"   (former file: {step.backup.name})" if step.backup else ""
    return f"  {verb}  {short(step.config.path)}{backup}", f"          {', '.join(KEYS)}"
