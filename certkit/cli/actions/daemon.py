"""What `certkit daemon …` does."""

from collections.abc import Sequence
from pathlib import Path

import typer

from certkit import deploy as deployment
from certkit.authority import daemon_check, daemons, deployments
from certkit.authority.daemon_verdict import CheckResult, Verdict
from certkit.authority.daemons import Said
from certkit.cli.support import daemon_check_report, home_access, wording
from certkit.cli.support.deployment_steps import say_deployment, say_update
from certkit.cli.support.output import say, say_json, say_table
from certkit.earthly.address import parse_shared

__all__ = ["Said", "add", "check", "deploy", "list_daemons", "remove", "renew"]


def add(home: Path | None, name: str, url: str, san: Sequence[str], said: Said, *, as_json: bool) -> None:
    """Add a daemon and say how to bring it up."""
    address = parse_shared(url)
    with home_access.changing(home) as session:
        daemon = daemons.add(session, name, address, san, said)
        if as_json:
            say_json(daemons.state(session, daemon))
            return
        say(f"Added the daemon {name} at {daemon.url}, for {', '.join(daemon.hosts)}", "", "Next")
        say_deployment(session, daemon)


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


def remove(home: Path | None, name: str) -> None:
    """Remove a daemon."""
    with home_access.changing(home) as session:
        daemons.remove(session, name)
        is_last = not session.ledger.daemons()
        say(f"Removed the daemon {name}. Destroy its files on its host.")
        if is_last:
            adding = home_access.command(session, "daemon add --help")
            say(f"It was the team's last: nobody can be enrolled until there is another.  {adding}")


def check(home: Path | None, name: str, wait: float, timeout: float, *, as_json: bool) -> bool:
    """Check a daemon for up to `wait` seconds; return whether it is proven to hold its newest files."""

    def look() -> CheckResult:
        with home_access.changing(home) as session:
            return daemon_check.check(session, daemons.find(session, name), timeout)

    result = daemon_check.check_until(look, wait)
    with home_access.reading(home) as view:
        state = daemons.state(view, daemons.find(view, name))
    if as_json:
        say_json({**daemon_check_report.as_data(result), "daemon": state})
    elif result.verdict is Verdict.PROVEN:
        say(f"{name} holds its newest files: {daemon_check_report.said(result)}.")
    else:
        why = daemon_check_report.said(result)
        say(f"{name} is not proven to hold its newest files: {why}.", f"Remedy: {daemon_check_report.remedy(result)}")
    return result.verdict is Verdict.PROVEN
