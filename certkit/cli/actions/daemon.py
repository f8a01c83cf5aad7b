"""What `certkit daemon …` does."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from certkit import deploy as deployment
from certkit.authority import daemon_check, daemons
from certkit.authority.daemon_verdict import CheckResult, Verdict
from certkit.authority.daemons import DaemonState
from certkit.authority.overview import DAEMON_NOTICE, Expiry
from certkit.cli.support import daemon_check_report, home_access, unresolved_names, wording
from certkit.cli.support.deployment_steps import say_deployment, say_update, site
from certkit.cli.support.output import say, say_json, say_table
from certkit.earthly.address import parse_shared


def add(home: Path | None, name: str, url: str, san: Sequence[str], *, as_json: bool) -> None:
    """Add a daemon and say how to bring it up."""
    address = parse_shared(url)
    with home_access.changing(home) as session:
        daemon = daemons.add(session, name, address, san)
        if as_json:
            say_json(daemons.state(session, daemon))
        else:
            say(f"Added the daemon {name} at {daemon.url}, for {', '.join(daemon.hosts)}", "", "Next")
            say_deployment(session, daemon)
    unresolved_names.tell_of(daemon.hosts)


def renew(home: Path | None, name: str, san: Sequence[str], *, as_json: bool) -> None:
    """Issue a daemon a new certificate and say how to install it."""
    with home_access.changing(home) as session:
        state = daemons.state(session, daemons.renew(session, name, san))
        if as_json:
            say_json(state)
            return
        expires = f", expires {state.expires.date()}" if state.expires else ""
        say(f"Renewed the daemon {name}, for {', '.join(state.hosts)}{expires}")
        say_update(session)


def list_daemons(home: Path | None, *, as_json: bool) -> None:
    """List the daemons."""
    with home_access.reading(home) as view:
        found = daemons.states(view)
    if as_json:
        say_json({"daemons": found})
        return
    rows = [
        (e.name, e.url, ", ".join(e.hosts), e.expires and e.expires.date(), e.behind and wording.of(e.behind))
        for e in found
    ]
    say_table(("daemon", "URL", "names", "expires", "attention"), rows)


def deploy(home: Path | None, name: str, kind: str, flavour: str, certs: str) -> None:
    """Print what a daemon's host needs."""
    with home_access.reading(home) as view:
        daemon = daemons.find(view, name)
    typer.echo(deployment.render(kind, site(daemon, flavour, certs)), nl=False)


def remove(home: Path | None, name: str) -> None:
    """Remove a daemon."""
    with home_access.changing(home) as session:
        daemons.remove(session, name)
    say(f"Removed the daemon {name}. Destroy its files on its host.")


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
    with home_access.reading(home) as view:
        names = [name] if name else [daemon.name for daemon in view.ledger.daemons()]
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
        say(f"{name} is not proven to hold its newest files: {said}.", f"Remedy: {checked.remedy}")
    if checked.renewal and checked.state.expires:
        say(f"! {name}'s certificate expires {checked.state.expires.date()}:  {checked.renewal}")
