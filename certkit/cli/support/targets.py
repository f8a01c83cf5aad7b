"""Which daemon is probed on this machine: what the client's files and the command line say, for `probe.target`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certkit.enroll.enrollment import Enrollment
    from certkit.probe import Given, Target
    from certkit.probe.target import FlagFiles


def chosen(given: "Given", name: str | None, config: Path | None) -> "Target":
    """Return what is to be probed, for the client called `name`, else for one that is enrolled here.

    Raises InvalidError for a client that is not known or two daemons that are meant, MissingError where there is none.
    """
    from certkit.enroll import flag_clients, selection
    from certkit.probe import target

    configured = selection.configured(os.environ, [name] if name else [], config)
    found = [] if given.is_complete else flag_clients.enrolled()
    enrolled = [_flag_files(team, daemon.name, daemon.url) for team, daemon in found]
    return target.choose(given, name, configured, enrolled, os.environ, is_named=config is not None)


def of_enrollment(enrollment: "Enrollment") -> "Iterator[Target]":
    """Return what is to be probed after an enrollment: as each client would reach it."""
    from certkit.probe import target

    for step in enrollment.steps:
        yield target.resolve(target.Given(), step.client, os.environ)
    for daemon in enrollment.daemons if not enrollment.steps else ():
        files = _flag_files(enrollment.bundle.team, daemon.name, daemon.url)
        yield target.of_flag_files(files, os.environ, with_buildctl=target.BUILDCTL in enrollment.others)


def heading(target: "Target") -> str:
    """Say which daemon is probed, and why this one."""
    if target.client and not target.url:
        return f"Found no daemon in {target.client.config}"
    return f"Probing {target.url} ({target.origin})"


def _flag_files(team: str, daemon: str, url: str) -> "FlagFiles":
    from certkit.enroll import flag_clients
    from certkit.probe.target import FlagFiles

    return FlagFiles(team, url, flag_clients.folder(team, daemon))
