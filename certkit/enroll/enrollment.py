"""Everything that a bundle sets up on this machine: for which clients, and what is to be done for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from certkit.earthly.clients import Client, locate
from certkit.enroll import flag_clients, laptop, record, request, selection
from certkit.enroll.bundle import Bundle, Daemon
from certkit.errors import InvalidError


@dataclass(frozen=True)
class Enrollment:
    """A bundle, and what it comes to here.

    `steps` are those for Earthly and EarthBuild, which use the first of the bundle's daemons. `others` are the
    other clients; each of `daemons` is set up for them. `is_assumed` says that no client was found, `renews` that a
    certificate takes the place of one of the same holder that ends earlier.
    """

    bundle: Bundle
    steps: Sequence[laptop.Step]
    others: Sequence[str]
    daemons: Sequence[Daemon]
    is_assumed: bool
    renews: bool

    @property
    def daemon(self) -> Daemon:
        """The daemon that is used."""
        return self.bundle.daemons[0]

    @property
    def writes_others(self) -> bool:
        """Whether files of the other clients are to be written."""
        return bool(self.others) and not flag_clients.is_written(self.bundle, self.daemons)

    @property
    def is_done(self) -> bool:
        """Whether all is as it should be already."""
        return all(step.is_done for step in self.steps) and not self.writes_others

    def apply(self) -> None:
        """Do what is to be done; a key that waited for its certificate waits no longer."""
        laptop.apply(self.steps)
        if self.others:
            flag_clients.write(self.bundle, self.daemons)
        request.forget(self.bundle)


def plan(
    bundle: Bundle,
    environ: Mapping[str, str],
    names: Sequence[str] = (),
    *,
    config: Path | None = None,
    daemon: str | None = None,
    force: bool = False,
) -> Enrollment:
    """Say what a bundle, or the answer to a request made here, comes to on this machine, and write nothing.

    `names` are the clients to enroll, else those found here, else Earthly. Raises InvalidError for what cannot be
    meant, and what `request.complete` and `laptop.plan` raise.
    """
    chosen = _with_first(bundle, daemon) if daemon else bundle
    others = [name for name in flag_clients.NAMES if name in names]
    configured, is_assumed = _configured(environ, names, config)
    daemons = chosen.daemons[:1] if daemon else chosen.daemons
    places = [(record.folder_of(client, bundle.team), client.owner) for client in configured]
    places += [(flag_clients.folder(bundle.team, daemon.name), None) for daemon in (daemons if others else ())]
    complete = request.complete(chosen, [(place / "key.pem", owner) for place, owner in places])
    renews = bool(others) and not force and flag_clients.renews(complete, daemons)
    steps = laptop.plan(complete, configured, force=force)
    renews = renews or any(step.renews for step in steps)
    return Enrollment(complete, steps, others, daemons, is_assumed, renews)


def _configured(environ: Mapping[str, str], names: Sequence[str], config: Path | None) -> tuple[list[Client], bool]:
    """Give the clients that have a configuration, and whether that is only an assumption."""
    found = selection.configured(environ, names, config)
    if config and len(found) > 1:
        raise InvalidError("--config is one client's file, and there are two clients here", "Choose one with --for.")
    if config and names and not found:
        raise InvalidError("--config is Earthly's or EarthBuild's file", "Add --for earthly or --for earthbuild.")
    is_assumed = not found and not names
    return [locate("earthly", environ, config)] if is_assumed else found, is_assumed


def _with_first(bundle: Bundle, name: str) -> Bundle:
    first = [daemon for daemon in bundle.daemons if daemon.name == name]
    if not first:
        known = ", ".join(daemon.name for daemon in bundle.daemons)
        raise InvalidError(f"the bundle has no daemon {name!r}", f"It has: {known}.")
    return replace(bundle, daemons=(*first, *(daemon for daemon in bundle.daemons if daemon.name != name)))
