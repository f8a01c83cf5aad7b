"""Which daemon is probed: that of a client's configuration, that of the files for buildctl and buildx, or one named."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from certkit.errors import InvalidError, MissingError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from certkit.earthly.flag_clients import EnrolledDaemon
    from certkit.enroll.enrollment import Enrollment
    from certkit.probe.target import Given, Target


def chosen(given: "Given", name: str | None, config: Path | None) -> "Target":
    """Give what is to be probed, for the client called `name`, else for one that is enrolled here.

    Raises InvalidError for a client that is not known or two daemons that are meant, MissingError where there is none.
    """
    from certkit.earthly import flag_clients, selection
    from certkit.earthly.user import user_of
    from certkit.probe.target import choose_client, names_a_daemon, resolve

    configured = selection.configured(os.environ, [name] if name else [], config)
    is_for_others = name in flag_clients.NAMES
    if given.is_complete:
        return replace(resolve(given, None, os.environ), needs_alpn=name == "buildctl" and _enforces_alpn())
    if not name and not config and not any(names_a_daemon(client, os.environ) for client in configured):
        is_for_others = bool(flag_clients.enrolled(user_of(os.environ)))
    return (
        _of_others(given, name) if is_for_others else resolve(given, choose_client(configured, os.environ), os.environ)
    )


def of_enrollment(enrollment: "Enrollment") -> "Iterator[Target]":
    """Give what is to be probed after an enrollment: as each client would reach it."""
    from certkit.earthly import flag_clients
    from certkit.probe.target import Given, resolve

    for step in enrollment.steps:
        yield resolve(Given(), step.client, os.environ)
    names = [daemon.name for daemon in enrollment.daemons if not enrollment.steps]
    for daemon in flag_clients.enrolled(enrollment.user) if names else ():
        if daemon.team == enrollment.bundle.team and daemon.name in names:
            yield _other(daemon, with_buildctl="buildctl" in enrollment.others)


def heading(target: "Target") -> str:
    """Say which daemon is probed, and why this one."""
    if target.client and not target.url:
        return f"Found no daemon in {target.client.config}"
    return f"Probing {target.url} ({target.origin})"


def _of_others(given: "Given", name: str | None) -> "Target":
    from certkit.earthly import flag_clients
    from certkit.earthly.user import user_of

    enrolled = flag_clients.enrolled(user_of(os.environ))
    if not enrolled:
        raise MissingError(
            "buildctl and buildx are not enrolled here", "certkit enroll FILE --for buildctl enrolls with a bundle."
        )
    meant = [daemon for daemon in enrolled if daemon.url == given.daemon] or enrolled
    urls = sorted({daemon.url for daemon in meant})
    if len(urls) > 1:
        raise InvalidError("buildctl and buildx are enrolled for more than one daemon", f"Add --daemon {urls[0]}")
    with_buildctl = name == "buildctl" or (name is None and bool(shutil.which("buildctl")))
    return given.over(_other(meant[0], with_buildctl=with_buildctl))


def _other(daemon: "EnrolledDaemon", *, with_buildctl: bool) -> "Target":
    from certkit.earthly.user import user_of
    from certkit.probe.target import Target

    return Target(
        daemon.url,
        f"enrolled in {daemon.team} for buildctl and buildx",
        daemon.folder / "ca.pem",
        daemon.folder / "cert.pem",
        daemon.folder / "key.pem",
        needs_alpn=with_buildctl and _enforces_alpn(),
        owner=user_of(os.environ).owner,
    )


def _enforces_alpn() -> bool:
    from certkit.probe.target import ALPN_VARIABLE

    return os.environ.get(ALPN_VARIABLE, "").lower() != "false"
