"""Everything that a bundle sets up on this machine: for which clients, and what is to be done for each."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from certkit import files
from certkit.earthly import flag_clients, selection
from certkit.earthly.clients import KINDS, Client, locate
from certkit.earthly.user import User, user_of
from certkit.enroll import config_clients, flag_files, record, request
from certkit.enroll.bundle import Bundle, Daemon
from certkit.enroll.replacement import Warrant
from certkit.errors import InvalidError

_PROGRAMS = {"buildctl": "buildctl", "buildx": "docker"}


class Enrollment(NamedTuple):
    """A bundle, and what it comes to here.

    `steps` are those for Earthly and EarthBuild, which use the first of the bundle's daemons. `others` are the
    flag clients; each of `daemons` is set up for them. `is_assumed` says that no client was found, `renews` that a
    certificate takes the place of one of the same holder that ends earlier, `is_kept` that the clients are those that
    were enrolled before.
    """

    user: User
    bundle: Bundle
    steps: Sequence[config_clients.Step]
    others: Sequence[str]
    daemons: Sequence[Daemon]
    is_assumed: bool
    renews: bool
    is_kept: bool = False

    @property
    def daemon(self) -> Daemon:
        """The daemon that is used."""
        return self.bundle.daemons[0]

    @property
    def writes_others(self) -> bool:
        """Whether files of the flag clients are to be written."""
        return bool(self.others) and not flag_files.is_written(self.bundle, self.user, self.daemons)

    @property
    def is_done(self) -> bool:
        """Whether all is as it should be already."""
        return all(step.is_done for step in self.steps) and not self.writes_others

    def apply(self) -> None:
        """Do what is to be done; a key that waited for its certificate waits no longer."""
        config_clients.apply(self.steps)
        if self.others:
            flag_files.write(self.bundle, self.user, self.daemons)
        request.forget(self.user, self.bundle)


def plan(
    bundle: Bundle,
    environ: Mapping[str, str],
    names: Sequence[str] = (),
    *,
    config: Path | None = None,
    daemon: str | None = None,
    force: bool = False,
    is_sealed: bool = False,
) -> Enrollment:
    """Find out what a bundle, or the answer to a request made here, comes to on this machine, and write nothing.

    Args:
        bundle: As it was opened.
        environ: The variables by which the clients find their files.
        names: The clients to enroll, else those that are enrolled in the team, else those found here, else Earthly.
        config: Another configuration than the client's own.
        daemon: Which of the bundle's daemons; by default the one in use if it is renewed, else the first.
        force: Whether it is to replace whatever is there.
        is_sealed: Whether it came under a passphrase.

    Raises:
        InvalidError: It makes no sense.
        CertkitError: As `request.complete`, `flag_files.renews` and `config_clients.plan` raise.

    """
    user = user_of(environ)
    with files.acting_as(user.owner):  # who may have planted links in their own folders
        names, is_kept = (names, False) if names or config else _enrolled(environ, user, bundle.team)
        others = [name for name in flag_clients.NAMES if name in names]
        configured, is_assumed = _configured(environ, names, config)
        chosen = _with_first(bundle, daemon) if daemon else _as_before(bundle, configured)
        daemons = chosen.daemons[:1] if daemon else chosen.daemons
        places = [record.folder_of(client, bundle.team) for client in configured]
        places += [flag_clients.folder(user, bundle.team, daemon.name) for daemon in (daemons if others else ())]
        complete = request.complete(user, chosen, [place / "key.pem" for place in places])
        warrant = _warrant(bundle, force=force, is_sealed=is_sealed)
        renews = bool(others) and flag_files.renews(complete, user, daemons, warrant)
        steps = config_clients.plan(complete, configured, warrant)
    renews = renews or any(step.renews for step in steps)
    return Enrollment(user, complete, steps, others, daemons, is_assumed, renews, is_kept)


def _enrolled(environ: Mapping[str, str], user: User, team: str) -> tuple[list[str], bool]:
    """Return the clients that are enrolled in a team here, and whether there are any: these are kept."""
    clients = [client.name for client in selection.configured(environ, list(KINDS), None)]
    found = [name for name in clients if record.load(record.folder_of(locate(name, environ), team))]
    if flag_clients.places(user, team):  # which of them use the files is not recorded
        found += [each for each in flag_clients.NAMES if shutil.which(_PROGRAMS[each], path=environ.get("PATH"))]
        found += [] if set(found) & set(flag_clients.NAMES) else flag_clients.NAMES
    return found, bool(found)


def _warrant(bundle: Bundle, *, force: bool, is_sealed: bool) -> Warrant:
    if force:
        return Warrant.FORCE
    if bundle.voucher:
        return Warrant.SERVER
    if is_sealed:
        return Warrant.PASSPHRASE
    return Warrant.OWN_KEY if bundle.key is None else Warrant.NOTHING


def _configured(environ: Mapping[str, str], names: Sequence[str], config: Path | None) -> tuple[list[Client], bool]:
    """Return the clients that have a configuration, and whether that is only an assumption."""
    found = selection.configured(environ, names, config)
    if config and len(found) > 1:
        raise InvalidError(
            "a configuration is one client's file, and there are two clients here",
            code="client-config-of-two",
            clients=tuple(client.name for client in found),
        )
    if config and names and not found:
        raise InvalidError("a configuration is Earthly's or EarthBuild's file", code="client-config-of-flag-clients")
    is_assumed = not found and not names
    return [locate("earthly", environ, config)] if is_assumed else found, is_assumed


def _as_before(bundle: Bundle, clients: Sequence[Client]) -> Bundle:
    """Return the bundle with the daemon first that is in use in its team already, if there is one of that name."""
    known = {daemon.name for daemon in bundle.daemons}
    for client in clients:
        present = record.load(record.folder_of(client, bundle.team))
        if present and present.daemons[0][0] in known:
            return _with_first(bundle, present.daemons[0][0])
    return bundle


def _with_first(bundle: Bundle, name: str) -> Bundle:
    first = [daemon for daemon in bundle.daemons if daemon.name == name]
    if not first:
        known = ", ".join(daemon.name for daemon in bundle.daemons)
        raise InvalidError(
            f"the bundle has no daemon {name!r}", f"It has: {known}.", code="bundle-daemon-unknown", daemon=name
        )
    return replace(bundle, daemons=(*first, *(daemon for daemon in bundle.daemons if daemon.name != name)))
