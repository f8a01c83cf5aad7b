"""From where a lead's commands are sent: an enrollment of this machine, and the server of its team."""

from collections.abc import Mapping
from typing import NamedTuple

from certkit.enroll import codes, renewal
from certkit.enroll.codes import Server
from certkit.enroll.renewal import Present
from certkit.errors import InvalidError, MissingError


class Seat(NamedTuple):
    """What a lead's machine has: an enrollment, and where the server is."""

    enrolled: Present
    server: Server


def find(environ: Mapping[str, str], url: str | None) -> Seat:
    """Return what a call to the server at a URL is made with; without one, to that which enrolled this machine.

    Raises InvalidError if it is not clear which is meant, MissingError if this machine is enrolled in no team.
    """
    enrolled = renewal.present(environ)
    if not enrolled:
        raise MissingError("this machine is enrolled in no team", code="lead-not-enrolled")
    if url is None:
        return _only([Seat(each, each.renewable.server) for each in enrolled if each.renewable])
    wanted = codes.parse_server(url)
    known = [each for each in enrolled if each.renewable and each.renewable.server == wanted]
    return _only([Seat(each, wanted) for each in known or enrolled])


def _only(found: list[Seat]) -> Seat:
    if not found:
        raise MissingError("no server enrolled this machine", code="lead-without-server")
    if len(found) > 1:
        teams = ", ".join(f"{each.enrolled.team} at {each.server.url}" for each in found)
        raise InvalidError(f"this machine is enrolled in several teams: {teams}", code="lead-server-ambiguous")
    return found[0]
