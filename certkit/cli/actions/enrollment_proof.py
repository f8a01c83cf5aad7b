"""The probe that closes `certkit enroll`."""

import os

from certkit.cli.support import context, targets
from certkit.cli.support.output import say
from certkit.cli.support.probe_report import show
from certkit.earthly.address import parse
from certkit.enroll.enrollment import Enrollment
from certkit.probe import Check, Report, run


def reports(enrollment: Enrollment) -> list[Report]:
    """Probe the daemon as each client would reach it."""
    return [run(target, os.environ, context.now()) for target in targets.of_enrollment(enrollment)]


def prove(enrollment: Enrollment) -> bool:
    """Probe the daemon as each client would reach it, show what was found, and tell whether all is well."""
    all_well, told = True, list[Check]()
    for target in targets.of_enrollment(enrollment):
        say("", *targets.heading(target))
        report = run(target, os.environ, context.now())
        show(report, told)
        told += report.findings
        all_well = all_well and report.ok
    if all_well and enrollment.steps:
        titles = " and ".join(step.client.title for step in enrollment.steps)
        say(f"{titles} builds now run on {parse(enrollment.daemon.url).host}.")
    return all_well
