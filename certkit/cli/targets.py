"""Which daemon is probed: that of a client's configuration, that of the files for buildctl and buildx, or one named."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from certkit.errors import Missing, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certkit.enrol.bundle import Daemon
    from certkit.enrol.enrolment import Enrolment
    from certkit.probe.target import Given, Target


def chosen(given: "Given", name: str | None, config: Path | None) -> "Target":
    """Give what is to be probed, for the client called `name`, else for one that is enrolled here.

    Raises UsageError for a client that is not known or two daemons that are meant, Missing where there is none.
    """
    from certkit.enrol import clients, other
    from certkit.probe.target import choose_client, names_a_daemon, resolve

    configured = clients.configured(os.environ, [name] if name else [], config)
    is_for_others = name in other.NAMES
    if given.is_complete:
        return replace(resolve(given, None, os.environ), needs_alpn=name == "buildctl" and _enforces_alpn())
    if not name and not config and not any(names_a_daemon(client, os.environ) for client in configured):
        is_for_others = bool(other.enrolled())
    return (
        _of_others(given, name) if is_for_others else resolve(given, choose_client(configured, os.environ), os.environ)
    )


def of_enrolment(enrolment: "Enrolment") -> "Iterator[Target]":
    """Give what is to be probed after an enrolment: as each client would reach it."""
    from certkit.probe.target import Given, resolve

    for step in enrolment.steps:
        yield resolve(Given(), step.client, os.environ)
    for daemon in enrolment.daemons if not enrolment.steps else ():
        yield _other(enrolment.bundle.team, daemon, with_buildctl="buildctl" in enrolment.others)


def heading(target: "Target") -> str:
    """Say which daemon is probed, and why this one."""
    if target.client and not target.url:
        return f"Found no daemon in {target.client.config}"
    return f"Probing {target.url} ({target.origin})"


def _of_others(given: "Given", name: str | None) -> "Target":
    from certkit.enrol import other

    enrolled = other.enrolled()
    if not enrolled:
        raise Missing(
            "buildctl and buildx are not enrolled here", "certkit enroll FILE --for buildctl enrols with a bundle."
        )
    meant = [(team, daemon) for team, daemon in enrolled if daemon.url == given.daemon] or enrolled
    urls = sorted({daemon.url for _, daemon in meant})
    if len(urls) > 1:
        raise UsageError("buildctl and buildx are enrolled for more than one daemon", f"Add --daemon {urls[0]}")
    with_buildctl = name == "buildctl" or (name is None and bool(shutil.which("buildctl")))
    return given.over(_other(*meant[0], with_buildctl=with_buildctl))


def _other(team: str, daemon: "Daemon", *, with_buildctl: bool) -> "Target":
    from certkit.enrol import other
    from certkit.probe.target import Target

    place = other.folder(team, daemon.name)
    return Target(
        daemon.url,
        f"enrolled in {team} for buildctl and buildx",
        place / "ca.pem",
        place / "cert.pem",
        place / "key.pem",
        needs_alpn=with_buildctl and _enforces_alpn(),
    )


def _enforces_alpn() -> bool:
    from certkit.probe.target import ALPN_VARIABLE

    return os.environ.get(ALPN_VARIABLE, "").lower() != "false"
