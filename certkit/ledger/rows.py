"""Between rows of a database and the ledger's records; times are ISO 8601 in UTC, lists are JSON."""

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, get_args

from certkit.ledger.interface import (
    Actor,
    Anchors,
    Applicant,
    Certificate,
    Code,
    CodeUse,
    Daemon,
    Deployment,
    Device,
    Enrolled,
    Event,
    KeyHolder,
    Kind,
    LeadRole,
    Newest,
    Person,
    Proposal,
    Revocation,
    RevokedCertificate,
    Sync,
)
from certkit.pki import names
from certkit.results import time_text

Row = Sequence[Any]

MOST_GENERATIONS = 10_000
"""More of an authority would be made in no life; a crafted number would take one to count to."""
_FIRST_YEAR, _LAST_YEAR = 1900, 9000
_DEPLOYED = r"[A-Za-z0-9_.+@=~:\[\]/ -]+"
"""What says how a daemon runs: it becomes a part of commands to paste, so nothing in it means anything to a shell."""
_SERIAL = re.compile(r"(?!0+\Z)([0-7]?[0-9a-f]{39}|[0-9a-f]{1,39})", re.ASCII)
"""A positive number in 20 bytes at most, the first bit of which is its sign (RFC 5280, section 4.1.2.2)."""
_WORD = r"[a-z0-9-]{1,64}"
"""The code of an outcome or of an error, as a daemon's host has sent it."""
_SYNC_TIMES = ("since", "renew", "said")


def time_of(text: str) -> datetime:
    """Read a time; raises ValueError for one without a zone, or so far away that nothing can be added to it."""
    time = datetime.fromisoformat(text)
    if time.tzinfo is None or not _FIRST_YEAR <= time.year <= _LAST_YEAR:
        raise ValueError(text)
    return time


def revocation_values(revoked: Revocation | None) -> dict[str, str | None]:
    """Return the two columns of a revocation."""
    return {"at": time_text(revoked.at) if revoked else None, "reason": revoked.reason if revoked else None}


def revocation(at: str | None, reason: str) -> Revocation | None:
    """Read the two columns of a revocation."""
    return Revocation(time_of(at), _text(reason)) if at else None


def person(row: Row) -> Person:
    """Read a row of people."""
    name, label, created, at, reason = row
    return Person(_text(name), _text(label), time_of(created), revocation(at, reason))


def lead(row: Row) -> LeadRole:
    """Read a row of leads."""
    person, since = row
    return LeadRole(_text(person), time_of(since))


def proposal_values(proposal: Proposal) -> dict[str, object]:
    """Return the columns of a proposal."""
    return proposal._asdict() | {
        "created": time_text(proposal.created),
        "expires": time_text(proposal.expires),
        "call": json.dumps(proposal.call),
        "agreed": json.dumps(proposal.agreed),
        "ended": time_text(proposal.ended) if proposal.ended else None,
    }


def proposal(row: Row) -> Proposal:
    """Read a row of proposals; raises ValueError or TypeError for what certkit has not written."""
    known, person, created, expires, command, call, needed, agreed, ended = row
    found = json.loads(_text(call))
    if not isinstance(found, dict):
        raise TypeError(call)
    return Proposal(
        _text(known),
        _text(person),
        time_of(created),
        time_of(expires),
        _text(command),
        found,
        _number(needed),
        _texts(agreed),
        time_of(ended) if ended else None,
    )


def device(row: Row) -> Device:
    """Read a row of devices."""
    person, name, label, created, at, reason, came, shown = row
    known = _text(person), _text(name), _text(label), time_of(created), revocation(at, reason)
    return Device(*known, time_of(came) if came else None, _text(shown))


def applicant(row: Row) -> Applicant:
    """Read a row of people joined with a device and a certificate, each of which may not be there."""
    own, joined, (*holder, is_held) = row[:5], row[5:13], row[13:]
    known, enrolled = person(own) if own[0] else None, device(joined) if joined[0] else None
    return Applicant(known, enrolled, (KeyHolder(*map(_text_or_none, holder)),) if is_held else ())


def enrolled(row: Row) -> Enrolled:
    """Read a row of devices joined with its person and its newest certificate."""
    *own, person_at, serial, not_before, not_after, created = row
    person_revoked = time_of(person_at) if person_at else None
    if serial is None:
        return Enrolled(device(own), person_revoked, None)
    newest = Newest(_serial(serial), time_of(not_before), time_of(not_after), time_of(created))
    return Enrolled(device(own), person_revoked, newest)


def daemon(row: Row) -> Daemon:
    """Read a row of daemons."""
    name, url, hosts, created, proven, serving, removed, place, deployed, synced, seen = row
    gone = _time_or_none(removed)
    # Whoever crafted a backup wrote these: a name becomes a folder's, and a host part of a command to paste.
    known = tuple(str(names.parse_host(host).value) for host in _texts(hosts))
    name, serving = names.slug(_text(name), "daemon"), _text(serving)
    found = (name, _text(url), known, time_of(created), _number(proven), serving, gone, _number(place))
    return Daemon(*found, deployment=deployment(deployed), sync=sync(synced), proven_at=_time_or_none(seen))


def deployment(text: str | None) -> Deployment | None:
    """Read how a daemon runs."""
    if text is None:
        return None
    values = mapping(text)
    if not all(each is None or re.fullmatch(_DEPLOYED, _text(each)) for each in values.values()):
        raise ValueError(text)
    return Deployment(**values)


def sync_text(known: Sync | None) -> str | None:
    """Write what is known of a host that syncs."""
    if known is None:
        return None
    times = {name: time_text(at) for name in _SYNC_TIMES if (at := getattr(known, name))}
    return json.dumps({**times, "outcome": known.outcome, "reason": known.reason})


def sync(text: str | None) -> Sync | None:
    """Read what is known of a host that syncs."""
    if text is None:
        return None
    found = mapping(text)
    times = {name: time_of(_text(found[name])) for name in _SYNC_TIMES if name in found}
    words = {name: _text(found.get(name)) for name in ("outcome", "reason")}
    if not all(not each or re.fullmatch(_WORD, each) for each in words.values()):
        raise ValueError(text)
    return Sync(**times, **words)  # type: ignore[arg-type]  # the names are the fields'


def certificate(row: Row) -> Certificate:
    """Read a row of certificates."""
    serial, kind, issuer, not_before, not_after, der, created, person, device, daemon, trusts, pin, urls = row
    if kind not in get_args(Kind):
        raise ValueError(kind)
    return Certificate(
        serial=_serial(serial),
        kind=kind,
        issuer=_text(issuer),
        not_before=time_of(not_before),
        not_after=time_of(not_after),
        der=_bytes(der),
        created=time_of(created),
        person=_text_or_none(person),
        device=_text_or_none(device),
        daemon=_text_or_none(daemon),
        trusts=_numbers(trusts),
        pin=_text(pin),
        urls=tuple((_text(name), _text(url)) for name, url in map(_pair, _list(urls))),
    )


def revoked_certificate(row: Row) -> RevokedCertificate:
    """Read a certificate joined with its person and device."""
    serial, issuer, person, device, not_after, person_at, person_reason, device_at, device_reason, _ = row
    by_person, by_device = revocation(person_at, person_reason), revocation(device_at, device_reason)
    known = _serial(serial), _text(issuer), _text(person), _text(device)
    return RevokedCertificate(*known, time_of(not_after), by_person, by_device)


def code(row: Row) -> Code:
    """Read a row of codes joined with the numbers of its uses."""
    digest, person, device, client, created, expires, cancelled, daemon, uses, left = row
    if (person is None) == (daemon is None):
        raise ValueError(digest)
    known = _text(digest), _text_or_none(person), _text_or_none(device), _text(client)
    numbers = _number(uses), _number(left)
    return Code(
        *known, time_of(created), time_of(expires), *numbers, _time_or_none(cancelled), daemon=_text_or_none(daemon)
    )


def code_use(row: Row) -> CodeUse:
    """Read a row of a code's uses that was made."""
    used, pin, serial = row
    return CodeUse(time_of(used), _text(pin), _serial(serial))


def anchors(row: Row) -> Anchors:
    """Read a row of anchors."""
    number, created, ca, crl, generations, excluded = row
    known = _number(number), time_of(created), _bytes(ca), _bytes(crl)
    return Anchors(*known, generations_of(generations), _texts(excluded))


def event(row: Row) -> Event:
    """Read a row of events."""
    at, *texts, detail = row
    actor, host, access, action, subject = map(_text, texts)
    return Event(time_of(at), Actor(actor, host, access), action, subject, mapping(detail))


def name(row: Row) -> str:
    """Read a row of one name."""
    return _text(row[0])


def mapping(text: str) -> dict[str, Any]:
    """Read what was kept as JSON under a name; raises ValueError if it is none."""
    found = json.loads(text)
    if not isinstance(found, dict):
        raise TypeError(text)
    return found


def generations_of(text: str) -> tuple[int, ...]:
    """Read the generations of a publication, of which there is one at the least; they are parts of folders' names."""
    found = _numbers(text)
    if not found or not all(0 < each <= MOST_GENERATIONS for each in found):
        raise ValueError(text)
    return found


def _text(value: object) -> str:
    """Return a text: a column of SQLite's may hold anything, whatever its type is said to be."""
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _text_or_none(value: object) -> str | None:
    return None if value is None else _text(value)


def _time_or_none(text: str | None) -> datetime | None:
    return time_of(text) if text else None


def _number(value: object) -> int:
    if type(value) is not int or value < 0:
        raise TypeError(value)
    return value


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes | memoryview):
        raise TypeError(value)
    return bytes(value)


def _serial(value: object) -> str:
    serial = _text(value)
    if not _SERIAL.fullmatch(serial):
        raise ValueError(serial)
    return serial


def _texts(text: str) -> tuple[str, ...]:
    return tuple(_text(each) for each in _list(text))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(_number(each) for each in _list(text))


def _pair(found: object) -> tuple[object, object]:
    if not isinstance(found, list):
        raise TypeError(found)
    first, second = found
    return first, second


def _list(text: str) -> list[object]:
    found = json.loads(text)
    if not isinstance(found, list):
        raise TypeError(text)
    return found
