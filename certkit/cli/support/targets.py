"""Which daemon is probed on this machine: what the client's files and the command line say, for `probe.target`."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from certkit.earthly import flag_clients, selection
from certkit.earthly.user import user_of
from certkit.probe import Given, Pair, Target, target

if TYPE_CHECKING:  # a probe needs no certificates before the network answers
    from certkit.enroll.bundle import Bundle
    from certkit.enroll.enrollment import Enrollment


def chosen(given: Given, name: str | None, config: Path | None) -> Target:
    """Return what is to be probed, for the client called `name`, else for one that is enrolled here.

    Raises InvalidError for a client that is not known or two daemons that are meant, MissingError where there is none.
    """
    user = user_of(os.environ)
    configured = selection.configured(os.environ, [name] if name else [], config, folder=Path())
    enrolled = [] if given.is_complete else flag_clients.enrolled(user)
    return target.choose(given, name, configured, enrolled, os.environ, owner=user.owner, is_named=config is not None)


def of_enrollment(enrollment: "Enrollment") -> Iterator[Target]:
    """Return what is to be probed after an enrollment: as each client would reach it."""
    for step in enrollment.steps:
        yield target.of_client(step.client, os.environ)
    names = [daemon.name for daemon in enrollment.daemons if not enrollment.steps]
    with_buildctl = target.BUILDCTL in enrollment.others
    for daemon in flag_clients.enrolled(enrollment.user) if names else ():
        if daemon.team == enrollment.bundle.team and daemon.name in names:
            owner = enrollment.user.owner
            yield target.of_flag_files(daemon, os.environ, owner=owner, with_buildctl=with_buildctl)


def of_bundle(bundle: "Bundle") -> Target:
    """Return the daemon that a bundle is used with, to be probed with its pair before that is in any file."""
    pair = Pair((bundle.certificate,), bundle.key) if bundle.key else None
    url = bundle.daemons[0].url
    return Target(url, target.EXPLICIT, authorities=bundle.server_authorities, pair=pair)


def heading(target: Target) -> list[str]:
    """Say which daemon is probed, and why this one; in two lines where the terminal has no room for one."""
    if target.client and not target.url:
        blank = target.client.blanked_by
        return [
            f"Found no daemon: {blank} is set to nothing" if blank else f"Found no daemon in {target.client.config}"
        ]
    what, why = f"Probing {target.url}", f"({target.origin})"
    fits = len(f"{what} {why}") <= shutil.get_terminal_size().columns
    return [f"{what} {why}"] if fits else [what, f"  {why}"]
