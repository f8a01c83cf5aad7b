"""`certkit show`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from certkit.cli.support import completions, context
from certkit.cli.support.data import daemon_data, device_data
from certkit.cli.support.output import say, say_json, say_table, worded
from certkit.errors import MissingError

if TYPE_CHECKING:
    from certkit.authority.home import Home
    from certkit.ledger.interface import Revocation


def show(
    what: Annotated[
        str,
        typer.Argument(
            metavar="PERSON|SERIAL|DAEMON", help="Whom or what to show.", autocompletion=completions.people_and_daemons
        ),
    ],
    home: context.HomeOption = None,
    as_json: context.JsonOption = False,
) -> None:
    """Show all that is known of a person, certificate or daemon.

    \b
    certkit show alice@acme.example
    certkit show 5e:0c:…          as openssl, a browser or the probe print it
    certkit show build

    Exit codes: 0 shown, 1 failure or nothing of that name, 2 usage.
    """
    with context.opened(home) as team:
        data = _person(team, what) or _daemon(team, what) or _certificate(team, what)
        if data is None:
            raise MissingError(f"there is no person, certificate or daemon {what!r}", _alike(team, what))
    if as_json:
        say_json(data)
        return
    for key, value in data.items():
        if key == "devices":
            _say_devices(value)
        elif worded(value):
            say(f"{key:<10} {worded(value)}")


def _say_devices(devices: list[dict[str, Any]]) -> None:
    """Print a table of the devices, and one of their certificates."""
    certificates = [{"device": each["device"], **row} for each in devices for row in each.pop("certificates")]
    for rows in filter(None, (devices, certificates)):
        say("")
        say_table(list(rows[0]), [list(row.values()) for row in rows])


def _person(team: "Home", name: str) -> dict[str, Any] | None:
    from certkit.authority.overview import device_states

    person = team.ledger.person(name)
    if person is None:
        return None
    unexpired = team.ledger.certificates("device", person=name, unexpired_at=context.now())
    devices = [
        {
            **device_data(each),
            "certificates": [
                {"issued": one.created.date(), "expires": one.not_after.date(), "serial": one.serial}
                for one in unexpired
                if one.device == each.device.name
            ],
        }
        for each in device_states(team, context.now(), name)
    ]
    return {"person": name, "since": person.created.date(), **_revoked(person.revoked), "devices": devices}


def _revoked(why: "Revocation | None") -> dict[str, Any]:
    return {"revoked": why.at.date(), "reason": why.reason} if why else {}


def _daemon(team: "Home", name: str) -> dict[str, Any] | None:
    daemon = team.ledger.daemon(name)
    return None if daemon is None or daemon.removed else daemon_data(team, daemon)


def _certificate(team: "Home", serial: str) -> dict[str, Any] | None:
    from certkit.authority import lookup
    from certkit.authority.revocation import Subject, revocation
    from certkit.pki import certificates

    found = team.ledger.certificate(lookup.serial(serial))
    if found is None:
        return None
    holder = {"daemon": found.daemon} if found.kind == "daemon" else {"person": found.person, "device": found.device}
    why = None
    if found.person:
        owner = Subject(found.person, found.device)
        why = revocation(team, owner) or revocation(team, Subject(found.person))
    return {
        "serial": found.serial,
        "kind": found.kind,
        **holder,
        **_revoked(why),
        "from": found.not_before.date(),
        "expires": found.not_after.date(),
        "issuer": found.issuer,
        "sha256": certificates.fingerprint(certificates.load(found.der)),
    }


def _alike(team: "Home", name: str) -> str:
    from certkit.authority import lookup

    known = [each.name for each in team.ledger.people()] + [each.name for each in team.ledger.daemons()]
    return lookup.alike(name, known)
