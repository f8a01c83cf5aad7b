"""What `certkit renew` does: for each team it gets the next certificate, has it proven, and puts it into its place."""

import os
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from certkit.cli.support import context, exit_codes, remedies, targets
from certkit.cli.support.output import complain, say, say_json
from certkit.enroll import renewal
from certkit.enroll.enrollment import Enrollment
from certkit.errors import CertkitError
from certkit.pki.certificates import serial_text
from certkit.probe import run


class Outcome(StrEnum):
    """What has become of a renewal."""

    RENEWED = "renewed"
    NOT_NEEDED = "not-needed"
    WAITING = "waiting"
    """The daemon was not seen to accept the new certificate yet; the former one stays in use."""
    FAILED = "failed"


@dataclass(frozen=True)
class Renewed:
    """A team, what has become of its renewal, and the certificate that is in use now."""

    team: str
    outcome: Outcome
    serial: str
    expires: datetime
    reason: str | None = None
    """The code of what has failed."""


_CODES = {Outcome.FAILED: exit_codes.FAILURE, Outcome.WAITING: exit_codes.FINDINGS}


def renew(*, if_needed: bool, force: bool, as_json: bool) -> int:
    """Renew in every team; return the exit code. Raises MissingError where nothing is enrolled."""
    teams = [each.team for each in renewal.present(os.environ)]
    if not teams:
        raise renewal.nothing_enrolled()
    done = [_renew(team, if_needed=if_needed, force=force, quiet=as_json) for team in teams]
    if as_json:
        say_json({"enrollments": done})
    outcomes = {each.outcome for each in done}
    return next((code for outcome, code in _CODES.items() if outcome in outcomes), exit_codes.FINE)


def _renew(team: str, *, if_needed: bool, force: bool, quiet: bool) -> Renewed:
    now = context.now()
    with renewal.alone(os.environ, team):
        found = next(each for each in renewal.present(os.environ) if each.team == team)  # another may just have renewed
        try:
            if if_needed and now < found.due and not renewal.is_wanted(os.environ, found):
                done = _done(found, Outcome.NOT_NEEDED)
            else:
                done = _fetched(found, now, force=force)
        except CertkitError as error:
            complain(f"{team}: {error.message}", remedies.of_error(error))
            return _done(found, Outcome.FAILED, error.code)
    if not quiet:
        say(_in_words(done, found))
    return done


def _fetched(found: renewal.Present, now: datetime, *, force: bool) -> Renewed:
    planned = renewal.fetch(os.environ, found)
    if not (force or _is_accepted(planned, now) or now >= found.last):
        return _done(found, Outcome.WAITING)
    renewal.finish(planned, os.environ)
    return _done(replace(found, certificate=planned.bundle.certificate), Outcome.RENEWED)


def _is_accepted(planned: Enrollment, now: datetime) -> bool:
    """Tell whether the daemon that is used serves whoever shows the new certificate, at every address that answers."""
    target = targets.of_bundle(planned.bundle)
    answers = [each.answer for each in run(target, os.environ, now).of_client]
    return bool(answers) and all(each == "served" for each in answers)


def _done(found: renewal.Present, outcome: Outcome, reason: str | None = None) -> Renewed:
    serial, end = serial_text(found.certificate.serial_number), found.certificate.not_valid_after_utc
    return Renewed(found.team, outcome, serial, end, reason)


def _in_words(done: Renewed, found: renewal.Present) -> str:
    match done.outcome:
        case Outcome.RENEWED:
            return f"Renewed in {done.team}: the new certificate ends on {done.expires:%Y-%m-%d}"
        case Outcome.WAITING:
            return (
                f"{done.team}: the daemon was not seen to accept the new certificate, so the present one stays until "
                f"{found.last:%Y-%m-%d}; the next certkit renew tries again"
            )
    return f"{done.team}: no renewal is needed before {found.due:%Y-%m-%d}"
