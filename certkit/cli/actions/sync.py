"""What `certkit daemon sync` does, and `certkit enroll` with the code of a daemon's host."""

import os
import shlex
import time
from dataclasses import dataclass

from certkit.cli.support import context, exit_codes, remedies
from certkit.cli.support.output import complain, flush, say, say_json, short
from certkit.enroll.codes import Code
from certkit.enroll.est import BusyError
from certkit.enroll.server_trust import UnreachableError
from certkit.errors import CertkitError, InvalidError, MalformedError, MissingError
from certkit.probe.activity import Activity
from certkit.sync import enrollment, place, rounds
from certkit.sync.news import News
from certkit.sync.place import Place
from certkit.sync.rounds import Outcome, Plan, Result

__all__ = ["Plan", "enroll", "sync"]

_PENDING = 1.0
"""Seconds between two looks at whether the builds have ended."""
_AGAIN = 5.0
"""Seconds after which what has failed is tried again."""
_WAITING = {
    Activity.BUILDING: "it is restarted when nobody builds, or at the deadline",
    Activity.UNKNOWN: "it does not say whether anybody builds, so it is restarted at the deadline (--deadline 0: now)",
}
_FINAL = {"host-revoked", "certificate-expired", "news-of-another"}
"""The codes of failures that no waiting ends."""


def enroll(code: Code, *, as_json: bool) -> None:
    """Make this machine the host of a daemon."""
    host, restart, is_new = enrollment.enroll(os.environ, code, context.now())
    if as_json:
        say_json({"team": host.team, "daemon": host.daemon, "url": host.url, "directory": host.directory})
        return
    say(
        f"This machine is the host of {host.daemon} of {host.team} {'now' if is_new else 'already'}",
        f"  its files go to {short(host.directory)}/; no key leaves this machine",
        "",
        "Next: fetch them, and have the daemon read them",
        f"  certkit daemon sync {host.daemon} --once --restart-command {shlex.quote(restart or 'COMMAND')}",
        "From then on, as a service, the same without --once: see docs/server.md",
    )


@dataclass
class _Following:
    """Follows the news of one daemon: what was heard last, and what was said of it."""

    where: Place
    plan: Plan
    as_json: bool
    news: News | None = None
    tag: str = ""
    shown: tuple[object, ...] = ()
    """What was said last on this terminal, and what to the server."""
    reported: tuple[object, ...] = ()

    def round(self, wait: float) -> Result:
        """Go through one round, whose question waits for up to `wait` seconds; raise CertkitError if it fails.

        A server that is down keeps nobody from finishing what was begun: it is told of at the end.
        """
        unheard = self._hear(wait)
        if self.news is None:
            raise unheard or MalformedError("the server has said nothing", code="server-answer")
        with self.where.alone():
            held = rounds.hold(self.where, self.news, context.now(), can_ask=unheard is None)
            result = rounds.settle(self.where, held, self.plan, context.now)
        self._say(result)
        if unheard:
            raise unheard
        return result

    def _hear(self, wait: float) -> CertkitError | None:
        try:
            heard = rounds.hear(self.where, self.tag, wait)
        except (UnreachableError, BusyError) as error:
            return error
        if heard:
            self.news, self.tag = heard
        return None

    def _say(self, result: Result) -> None:
        """Say what came of a round, here and to the server, unless that was said already."""
        reason = result.error.code if result.error else ""
        news = (result.held.mark, result.outcome, reason)
        if news != self.shown:
            _say(result, as_json=self.as_json)
            self.shown = news
        if news != self.reported:
            rounds.report(self.where, result.held, result.outcome, reason)
            self.reported = news


def sync(name: str | None, plan: Plan, interval: float | None, *, as_json: bool) -> int:
    """Sync once, or without an end if there is an interval; return the exit code."""
    following = _Following(place.place(os.environ, _daemon(name)), plan, as_json)
    following.where.load()
    return _once(following) if interval is None else _for_ever(following, interval)


def _once(following: _Following) -> int:
    result = following.round(0)
    while result.outcome is Outcome.WAITING:
        time.sleep(_PENDING)
        result = following.round(0)
    return _code(result)


def _for_ever(following: _Following, interval: float) -> int:
    """Follow the news until somebody ends this; what fails is told once, and tried again unless that is in vain."""
    wait, told = 0.0, ""
    while True:
        try:
            result = following.round(wait)
        except CertkitError as error:
            if error.code in _FINAL:
                raise
            if error.message != told:
                complain(error.message, remedies.of_error(error))
            told, wait = error.message, 0.0
            time.sleep(min(_AGAIN, interval))
            continue
        told = ""
        wait = min(_PENDING, interval) if result.outcome is Outcome.WAITING else interval


def _code(result: Result) -> int:
    if result.outcome is Outcome.FAILED and result.error:
        return exit_codes.FAILURE
    return exit_codes.FINE if result.outcome is Outcome.PROVEN else exit_codes.FINDINGS


def _daemon(name: str | None) -> str:
    """Return the daemon that is meant: the one whose host this is, unless there are several."""
    known = place.enrolled(os.environ)
    if name:
        return name
    if not known:
        raise MissingError("this machine is not enrolled as the host of a daemon", code="host-not-enrolled")
    if len(known) > 1:
        raise InvalidError("this machine is the host of several daemons", code="host-of-several", known=known)
    return known[0]


def _say(result: Result, *, as_json: bool) -> None:
    held = result.held
    if as_json:
        say_json(
            {
                "daemon": held.host.daemon,
                "outcome": result.outcome,
                "anchors": held.news.label.number,
                "serial": held.serial,
                "expires": held.certificate.not_valid_after_utc,
                "directory": held.host.directory,
                "activity": result.activity if result.outcome is Outcome.WAITING else None,
                "reason": result.error.code if result.error else None,
            }
        )
    elif result.error:
        complain(result.error.message, remedies.of_error(result.error))
    elif result.outcome is Outcome.WAITING:
        say(f"{held.host.daemon} has publication {held.news.label.number} on its host; {_WAITING[result.activity]}")
    else:
        say(f"{held.host.daemon} holds publication {held.news.label.number}, proven")
    flush()
