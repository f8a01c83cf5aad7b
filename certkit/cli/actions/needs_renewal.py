"""What `certkit needs-renewal` does."""

import os

from certkit.cli.support import context, remedies
from certkit.cli.support.output import complain, say, say_json
from certkit.enroll import renewal
from certkit.errors import CertkitError
from certkit.pki.certificates import serial_text

NEEDED, NOT_NEEDED, NOTHING_THERE, CANNOT_TELL = range(4)


def needs_renewal(*, as_json: bool) -> int:
    """Say of each team whether its certificate is to be renewed; return the exit code."""
    try:
        found = renewal.present(os.environ)
    except CertkitError as error:
        complain(error.message, remedies.of_error(error))
        return CANNOT_TELL
    now = context.now()
    if as_json:
        say_json({"enrollments": [_as_data(each, needed=each.due <= now) for each in found]})
    for each in () if as_json else found:
        when = "should be renewed now" if each.due <= now else f"is to be renewed from {each.due:%Y-%m-%d} on"
        say(f"{each.team}: the certificate ends on {each.certificate.not_valid_after_utc:%Y-%m-%d} and {when}")
    if not found:
        nothing = renewal.nothing_enrolled()
        complain(nothing.message, remedies.of_error(nothing))
        return NOTHING_THERE
    return NEEDED if any(each.due <= now for each in found) else NOT_NEEDED


def _as_data(each: renewal.Present, *, needed: bool) -> dict[str, object]:
    certificate, known = each.certificate, each.renewable
    return {
        "team": each.team,
        "serial": serial_text(certificate.serial_number),
        "expires": certificate.not_valid_after_utc,
        "due": each.due,
        "needed": needed,
        "server": known.server.url if known else None,
    }
