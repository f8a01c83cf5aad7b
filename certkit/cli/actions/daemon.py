"""What `certkit daemon …` does."""

import shlex
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from certkit import deploy as deployment
from certkit.authority import daemon_check, daemons, deployments, moves
from certkit.authority.daemon_verdict import CheckResult, Verdict
from certkit.authority.daemons import DaemonState, Removal, Said
from certkit.authority.moves import Moved
from certkit.authority.overview import DAEMON_NOTICE, Expiry
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.cli.support import daemon_check_report, home_access, unresolved_names, wording
from certkit.cli.support.deployment_steps import say_deployment, say_update
from certkit.cli.support.output import say, say_json, say_table, short, tell
from certkit.cli.support.questions import can_ask, confirmed
from certkit.earthly.address import parse_shared
from certkit.errors import InvalidError, RefusedError
from certkit.pki import names

__all__ = ["Said", "add", "check", "deploy", "list_daemons", "remove", "renew"]


def add(home: Path | None, name: str, url: str, san: Sequence[str], said: Said, *, as_json: bool) -> None:
    """Add a daemon and say how to bring it up."""
    address = parse_shared(url)
    with home_access.changing(home) as session:
        daemon = daemons.add(session, name, address, san, said)
        if as_json:
            say_json(daemons.state(session, daemon))
        else:
            say(f"Added the daemon {name} at {daemon.url}", f"  for {', '.join(daemon.hosts)}", "", "Next")
            say_deployment(session, daemon)
    unresolved_names.tell_of(daemon.hosts)


def renew(home: Path | None, name: str, san: Sequence[str], without: Sequence[str], *, as_json: bool) -> None:
    """Issue a daemon a new certificate and say how to install it."""
    with home_access.changing(home) as session:
        renewed = daemons.renew(session, name, san, lambda known: moves.without(session, known, without))
        state = daemons.state(session, renewed)
        if as_json:
            say_json(state)
            return
        if state.sync:
            say(f"The host of {name} makes the next key of {name}, and fetches its certificate by itself.")
            return
        expires = f", expires {state.expires.date()}" if state.expires else ""
        say(f"Renewed the daemon {name}, for {', '.join(state.hosts)}{expires}")
        say_update(session)


def move(home: Path | None, name: str, url: str, san: Sequence[str], *, as_json: bool) -> None:
    """Give a daemon another address, and say who must enroll again and when."""
    address = parse_shared(url)
    with home_access.changing(home) as session:
        moved = moves.move(session, name, address, san)
        if as_json:
            state = daemons.state(session, moved.daemon)
            found = {"former_url": moved.former_url, "must_enroll_again": moved.must_enroll_again}
            say_json({"daemon": state, **found})
            return
        if moved.former_url:
            say(f"Moved the daemon {name} to {moved.daemon.url}, for {', '.join(moved.daemon.hosts)}")
        else:
            say(f"The daemon {name} is at {moved.daemon.url} already: no laptop notices a new host behind that.")
        say_update(session)
        say(f"To start it on a new host:  {home_access.command(session, f'daemon deploy {name}')}")
        _say_who_enrolls_again(session, moved)


def _say_who_enrolls_again(view: View, moved: Moved) -> None:
    if not moved.must_enroll_again:
        say("", "Nobody has to enroll again.")
        return
    again = moved.must_enroll_again
    for url in dict.fromkeys(each.url for each in again):
        former = parse_shared(url)
        say("", f"Nobody has to enroll again as long as port {former.port} of {former.host} leads to this daemon.")
        say("Once it does not, these do:", *(f"  {e.person}, device {e.device}" for e in again if e.url == url))
    if any(each.renews for each in again):
        say("Those that the server enrolled get the new URL within hours, by their timer; at once with certkit renew.")
    bundled = [each for each in again if not each.renews]
    if bundled:
        first = bundled[0]
        one = ["issue", first.person, "--device", first.device, "--out", f"{names.label(first.device)}.certkit"]
        words = shlex.join(one) if len(bundled) == 1 else "issue --moved --out-dir moved"
        say("With new bundles:", f"  {home_access.command(view, words)}")


def list_daemons(home: Path | None, *, as_json: bool) -> None:
    """List the daemons."""
    with home_access.reading(home) as view:
        found = daemons.states(view)
    if as_json:
        say_json({"daemons": found})
        return
    rows = [
        (_name(e, found), e.url, ", ".join(e.hosts), e.expires and e.expires.date(), e.behind and wording.of(e.behind))
        for e in found
    ]
    say_table(("daemon", "URL", "names", "expires", "attention"), rows)


def _name(state: DaemonState, beside: Sequence[DaemonState]) -> str:
    return f"{state.name} (default)" if state.default and len(beside) > 1 else state.name


def make_default(home: Path | None, name: str, *, as_json: bool) -> None:
    """Choose the daemon that laptops use by default."""
    with home_access.changing(home) as session:
        changed = daemons.make_default(session, name)
        state = daemons.state(session, daemons.find(session, name))
    if as_json:
        say_json(state)
    elif changed:
        say(f"{name} is the default now: new bundles have it first.")
        say(f"Whoever is enrolled stays where they are. To switch, on their laptop:  certkit use {name}")
    else:
        say(f"{name} is the default already; nothing changed.")


def deploy(home: Path | None, name: str, said: Said) -> None:
    """Print what a daemon's host needs, and remember what was said of how it runs."""
    with home_access.reading(home) as view:
        daemon = daemons.find(view, name)
        known = deployments.of(view, daemon)
        kind, site = known.kind, deployments.site(view, daemon)
    if said.of(known) != known:
        with home_access.changing(home) as session:
            daemon = daemons.deploy(session, name, said)
            kind, site = deployments.of(session, daemon).kind, deployments.site(session, daemon)
    typer.echo(deployment.render(kind, site), nl=False)


def remove(home: Path | None, name: str, *, yes: bool, dry_run: bool, as_json: bool) -> None:
    """Remove a daemon, once it is confirmed if a key goes with it; or say what would go."""
    with home_access.reading(home) if dry_run else home_access.changing(home) as view:
        found = daemons.removal(view, name)
        if isinstance(view, Session):
            if found.has_key and not yes:
                _confirm(found)
            daemons.remove(view, name)
    if as_json:
        say_json({"daemon": found.daemon, "removed": not dry_run, "default_daemon": found.default_daemon})
    elif dry_run:
        say(f"Would remove the daemon {name}; nothing is done", *_what_goes(found))
    else:
        say(f"Removed the daemon {name}. Destroy its files on its host.", *_what_follows(found))
        if found.default_daemon is None:
            say("  " + home_access.command(view, "daemon add --help"))


def _confirm(found: Removal) -> None:
    """Ask whether a key may go; raise InvalidError where nobody can be asked, RefusedError unless the answer is yes."""
    name = found.daemon.name
    if not can_ask():
        raise InvalidError(
            f"with the daemon {name} its key would go, and there is nobody to ask", code="removal-unasked", daemon=name
        )
    tell(f"This removes the daemon {name}", *_what_goes(found))
    if not confirmed("Remove it?"):
        raise RefusedError(f"the daemon {name} stays", "Nothing was changed.", code="removal-not-confirmed")


def _what_goes(found: Removal) -> Iterator[str]:
    what = "certificate and key" if found.has_key else "no key is there any more"
    yield f"  {short(found.daemon.directory)}/   {what}"
    yield from (f"  {line}" for line in _what_follows(found))


def _what_follows(found: Removal) -> Iterator[str]:
    if found.default_daemon is None:
        yield "No daemon is left: no bundle can be issued before another is added."
    elif found.daemon.default:
        yield f"New bundles make {found.default_daemon} the default."


@dataclass(frozen=True)
class Checked:
    """What a check came to, and the daemon after it."""

    result: CheckResult
    state: DaemonState
    remedy: str
    renewal: str
    """The command for the next certificate, if this one ends soon; else empty."""

    @property
    def is_proven(self) -> bool:
        """Whether the daemon is proven to hold its newest files."""
        return self.result.verdict is Verdict.PROVEN


def check(home: Path | None, name: str | None, wait: float, timeout: float, *, as_json: bool) -> tuple[bool, bool]:
    """Check a daemon, or all, for up to `wait` seconds; return whether they are proven, and whether any is due."""
    end = time.monotonic() + wait
    with home_access.reading_first(home) as view:
        names = [name] if name else [daemon.name for daemon in view.ledger.daemons()]
    if not (names or as_json):
        say("No daemons. Add one: certkit daemon add --help")
    found = []
    for each in names:
        found.append(_check(home, each, end - time.monotonic(), timeout))
        if not as_json:
            _say_checked(found[-1])
    if as_json:
        data = [_as_data(each) for each in found]
        say_json(data[0] if name else {"ok": all(each.is_proven for each in found), "checks": data})
    return all(each.is_proven for each in found), any(each.renewal for each in found)


def _check(home: Path | None, name: str, wait: float, timeout: float) -> Checked:
    def look() -> CheckResult:
        with home_access.changing(home) as session:
            return daemon_check.check(session, daemons.find(session, name), timeout)

    result = daemon_check.check_until(look, wait)
    with home_access.reading(home) as view:
        state = daemons.state(view, daemons.find(view, name))
        renew = home_access.command(view, f"daemon renew {name}")
        is_due = state.expires is not None and view.now < state.expires < view.now + DAEMON_NOTICE
    return Checked(result, state, daemon_check_report.remedy(result, renew), renew if is_due else "")


def _as_data(checked: Checked) -> dict[str, object]:
    warnings = [Expiry.EXPIRES_SOON] if checked.renewal else []
    return {**daemon_check_report.as_data(checked.result), "daemon": checked.state, "warnings": warnings}


def _say_checked(checked: Checked) -> None:
    name, said = checked.state.name, daemon_check_report.said(checked.result)
    if checked.is_proven:
        say(f"{name} holds its newest files: {said}.")
    else:
        remedy = f"Remedy: {checked.remedy}".split("\n")
        say(f"{name} is not proven to hold its newest files: {said}.", *remedy)
    if checked.renewal and checked.state.expires:
        say(f"! {name}'s certificate expires {checked.state.expires.date()}:  {checked.renewal}")
