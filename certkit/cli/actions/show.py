"""What `certkit show` does."""

from collections.abc import Sequence
from pathlib import Path

from certkit.authority import daemons
from certkit.authority.daemons import DaemonState
from certkit.authority.details import (
    CertificateDetails,
    DeviceDetails,
    PersonDetails,
    certificate_details,
    person_details,
)
from certkit.authority.lookup import UnknownNameError
from certkit.authority.view import View
from certkit.cli.support import home_access, wording
from certkit.cli.support.comparison import halves
from certkit.cli.support.output import say, say_json, say_table
from certkit.ledger.interface import Revocation


def show(home: Path | None, what: str, *, as_json: bool) -> None:
    """Show a person, a certificate or a daemon."""
    with home_access.reading(home) as view:
        found = _find(view, what)
    if as_json:
        say_json(found)
    elif isinstance(found, PersonDetails):
        _say_person(found)
    elif isinstance(found, DaemonState):
        _say_daemon(found)
    else:
        _say_certificate(found)


def _find(view: View, what: str) -> PersonDetails | DaemonState | CertificateDetails:
    if person := person_details(view, what):
        return person
    daemon = view.ledger.daemon(what)
    if daemon and not daemon.removed:
        return daemons.state(view, daemon)
    if certificate := certificate_details(view, what):
        return certificate
    known = view.ledger.names() + [each.name for each in view.ledger.daemons()]
    raise UnknownNameError(f"there is no person, certificate or daemon {what!r}", what, known)


def _say_person(found: PersonDetails) -> None:
    _say_lines([("person", found.person), ("since", found.since.date()), *_revoked(found.revoked)])
    if not found.devices:
        return
    say("")
    titles = ("device", "state", "expires", "serial", *(["came"] if any(each.came for each in found.devices) else []))
    say_table(titles, [_device_row(each)[: len(titles)] for each in found.devices])
    issued = [(each.device, one) for each in found.devices for one in each.certificates]
    if issued:
        say("")
        rows = [(device, one.issued.date(), one.expires.date(), one.serial) for device, one in issued]
        say_table(("device", "issued", "expires", "serial"), rows)


def _device_row(each: DeviceDetails) -> tuple[object, ...]:
    expires, came = each.expires and each.expires.date(), each.came and f"{each.came:%Y-%m-%d %H:%M}"
    return each.device, wording.of(each.state), expires, each.serial, came


def _say_daemon(found: DaemonState) -> None:
    _say_lines(
        [
            ("name", found.name),
            ("URL", found.url),
            ("names", ", ".join(found.hosts)),
            ("default", "yes" if found.default else None),
            ("directory", found.directory),
            ("serial", found.serial),
            ("expires", found.expires and found.expires.date()),
            ("anchors", found.anchors),
            ("proven", found.proven),
            ("attention", found.behind and wording.of(found.behind)),
        ]
    )


def _say_certificate(found: CertificateDetails) -> None:
    _say_lines(
        [
            ("serial", found.serial),
            ("kind", found.kind),
            ("person", found.person),
            ("device", found.device),
            ("daemon", found.daemon),
            *_revoked(found.revoked),
            ("from", found.not_before.date()),
            ("expires", found.expires.date()),
            *zip(("issuer", ""), halves(found.issuer), strict=True),
            *zip(("sha256", ""), halves(found.sha256), strict=True),
        ]
    )


def _revoked(why: Revocation | None) -> list[tuple[str, object]]:
    return [("revoked", why.at.date()), ("reason", why.reason)] if why else []


def _say_lines(lines: Sequence[tuple[str, object]]) -> None:
    say(*(f"{title:<10} {value}" for title, value in lines if value is not None))
