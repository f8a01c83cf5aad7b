"""What the probe's report says about a daemon's files, as data: a verdict and reasons for each address, no words.

Pure: a report and what is expected go in, a result comes out. Only authenticated handshakes count.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from certkit.pki.certificates import serial_text
from certkit.probe import Check, Report, observed
from certkit.probe.alerts import DECRYPT_ERROR, REVOKED, UNKNOWN_CA
from certkit.probe.authorities import compare, words
from certkit.probe.credentials import read_certificate
from certkit.probe.observed import (
    CANARY,
    CLIENT,
    CONTROL,
    IMPOSTOR,
    NO_CERTIFICATE,
    Answer,
    Doubt,
    Exchange,
    ObservedAddress,
)
from certkit.trust.label import Label


class Verdict(StrEnum):
    """What was seen of a daemon; the gravest come first."""

    OPEN = "open"
    """It lets strangers in."""
    FOREIGN = "foreign"
    """It holds anchors of another home, or of another copy of this one."""
    FORMER = "former"
    """It holds former files: it needs the newest, and a restart."""
    OVERTRUSTING = "overtrusting"
    """It trusts more authorities than the team's."""
    NOT_DETERMINED = "not-determined"
    """It could not be told; the reasons say why."""
    UNREACHED = "unreached"
    """Nobody answered."""
    PROVEN = "proven"
    """It holds the newest anchors, and serves its newest certificate."""


_GRAVITY = tuple(Verdict)


class Why(StrEnum):
    """Reasons for a verdict, each with the fields that it is about."""

    STRANGER_SERVED = "stranger-served"
    IMPOSTOR_SERVED = "impostor-served"
    FOREIGN_LABEL = "foreign-label"
    """`team`, `number`: of a publication that this home did not make."""
    FORMER_LABEL = "former-label"
    """`number`, `until`: of a publication of this home, and when it was replaced."""
    CANARY_SERVED = "canary-served"
    AUTHORITY_UNKNOWN = "authority-unknown"
    """`alert`: it does not know the newest authority."""
    AUTHORITIES_MISSING = "authorities-missing"
    """`names`: it does not list what it should trust."""
    FORMER_CERTIFICATE = "former-certificate"
    """`expires`."""
    OTHER_CERTIFICATE = "other-certificate"
    """`daemon`: it serves a certificate that this daemon was never given, but perhaps another of the team's."""
    AUTHORITIES_EXTRA = "authorities-extra"
    """`names`: it lists what it should not trust."""
    AUTHORITIES_DUPLICATED = "authorities-duplicated"
    """`names`: it lists these more often than it should; one may be a stranger's of the same name."""
    AUTHORITIES_UNLISTED = "authorities-unlisted"
    """It lists no authority at all, as a proxy may."""
    CANARY_REFUSED_OTHERWISE = "canary-refused-otherwise"
    """`alert`: not one by which exclusion is told."""
    CONTROL_REFUSED = "control-refused"
    """`alert`: whoever is not excluded is refused too, so that the canary's refusal says nothing."""
    UNCLEAR = "unclear"
    """`caller`, `doubt`, `outcome`, `alert`: a caller got no answer that counts."""
    UNRESOLVED = "unresolved"
    """`error`: the name is not known."""
    NOBODY_ANSWERS = "nobody-answers"
    """`error`: why not, for each address."""
    CERTIFICATE_UNVERIFIED = "certificate-unverified"
    """`finding`, `error`, `newest`: what the probe finds of the certificate, and whether it is the newest one."""
    NEWEST_EXPIRED = "newest-expired"
    """`expires`: the certificate in the daemon's folder, so that no restart would help."""
    ADDRESS_UNREACHED = "address-unreached"
    """`error`."""
    ADDRESSES_LEFT_OUT = "addresses-left-out"
    """`count`: the name has more addresses than were looked at."""


_VERDICTS = {
    Why.STRANGER_SERVED: Verdict.OPEN,
    Why.IMPOSTOR_SERVED: Verdict.OPEN,
    Why.FOREIGN_LABEL: Verdict.FOREIGN,
    Why.FORMER_LABEL: Verdict.FORMER,
    Why.CANARY_SERVED: Verdict.FORMER,
    Why.AUTHORITY_UNKNOWN: Verdict.FORMER,
    Why.AUTHORITIES_MISSING: Verdict.FORMER,
    Why.FORMER_CERTIFICATE: Verdict.FORMER,
    Why.AUTHORITIES_EXTRA: Verdict.OVERTRUSTING,
    Why.AUTHORITIES_DUPLICATED: Verdict.OVERTRUSTING,
    Why.UNRESOLVED: Verdict.UNREACHED,
    Why.NOBODY_ANSWERS: Verdict.UNREACHED,
    Why.ADDRESS_UNREACHED: Verdict.UNREACHED,
}
"""The verdict that a reason makes; NOT_DETERMINED for all others."""


@dataclass(frozen=True)
class Reason:
    """Why a verdict is what it is."""

    why: Why
    fields: Mapping[str, object] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """The verdict that it makes by itself."""
        return _VERDICTS.get(self.why, Verdict.NOT_DETERMINED)


@dataclass(frozen=True)
class Expected:
    """What a daemon with the newest files shows."""

    anchors: int
    """The number of the newest publication."""
    authorities: tuple[bytes, ...]
    """The subjects of the trusted generations, DER."""
    certificate: bytes
    """The daemon's newest certificate, DER; empty if it has none."""
    serials: frozenset[str]
    """The serial numbers of all certificates that it was ever given."""
    daemon_given: Callable[[str], str | None] = lambda _: None
    """Whose the certificate of a serial number is that another daemon of the team was given; None if nobody's."""
    label: bytes | None = None
    """The subject of the newest label, DER; None if the publication has none."""
    read_label: Callable[[bytes], Label | None] = lambda _: None
    """Reads a label from a name (DER) that the daemon lists."""
    expired: datetime | None = None
    """When the newest certificate has expired; None if it has not."""
    replaced_at: Callable[[Label], datetime | None] = lambda _: None
    """When an older publication of this home was replaced; None for one that is not this home's."""

    @property
    def listed(self) -> tuple[bytes, ...]:
        """All that it lists as acceptable authorities."""
        return (*self.authorities, self.label) if self.label else self.authorities


@dataclass(frozen=True)
class AddressResult:
    """What was seen at one address."""

    address: str
    reasons: tuple[Reason, ...]
    """Why it is not proven, the gravest first; none if it is."""
    serial: str = ""
    """The serial number of the certificate that it serves; empty if it was not authenticated, or is another's."""

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict that its reasons make."""
        return _gravest(self.reasons)

    @property
    def holds_newest_anchors(self) -> bool:
        """Whether nothing but its own certificate is former."""
        return all(reason.why is Why.FORMER_CERTIFICATE for reason in self.reasons)


@dataclass(frozen=True)
class CheckResult:
    """What was seen of a daemon."""

    url: str
    anchors: int
    """The number of the publication that it was to hold."""
    addresses: tuple[AddressResult, ...] = ()
    reasons: tuple[Reason, ...] = ()
    """What concerns no address in particular."""

    @property
    def verdict(self) -> Verdict:
        """The gravest verdict of all addresses: one speaks for no other."""
        return _gravest((*self.reasons, *(reason for each in self.addresses for reason in each.reasons)))

    @property
    def may_change(self) -> bool:
        """Whether a restart may be all that is missing, so that it helps to wait for one."""
        return not any(_is_lasting(each) for each in (*self.reasons, *(r for a in self.addresses for r in a.reasons)))

    @property
    def differs(self) -> bool:
        """Whether its addresses were not seen to be alike."""
        return len({(each.verdict, each.serial) for each in self.addresses}) > 1


@dataclass(frozen=True)
class Proof:
    """What is proven of a daemon, for the ledger; what is not proven is nothing."""

    anchors: int = 0
    """The number of the publication that it holds at all its addresses; 0 if that is not proven."""
    serving: str = ""
    """The serial number of the certificate that it serves; one that is not the newest wins over one that is."""


def proof(result: CheckResult) -> Proof:
    """Return what a result proves: it replaces all that was proven before."""
    if result.reasons or not result.addresses:
        return Proof()
    holds = all(each.holds_newest_anchors for each in result.addresses)
    if not all(each.serial for each in result.addresses):
        return Proof()
    former = [each.serial for each in result.addresses if _is_former(each)]
    return Proof(result.anchors if holds else 0, former[0] if former else result.addresses[0].serial)


def judge(report: Report, expected: Expected) -> CheckResult:
    """Judge what was observed of a daemon, at every address."""
    found = report.addresses
    ended = (Reason(Why.NEWEST_EXPIRED, {"expires": expected.expired}),) if expected.expired else ()
    if not any(each.is_reached for each in found):
        error = "; ".join(f"{each.address}: {each.error}" for each in found)
        unresolved = Reason(Why.UNRESOLVED, {"error": report.unresolved})
        reason = unresolved if report.unresolved else Reason(Why.NOBODY_ANSWERS, {"error": error})
        return CheckResult(report.daemon, expected.anchors, reasons=(reason, *ended))
    findings = [each for each in report.findings if each.title == "TLS" and not each.is_warning]
    addresses = tuple(_judge_address(each, expected, findings) for each in found if observed.matters(each, found))
    count = report.addresses_left_out
    left_out = (Reason(Why.ADDRESSES_LEFT_OUT, {"count": count}),) if count else ()
    return CheckResult(report.daemon, expected.anchors, addresses, (*ended, *left_out))


def _judge_address(found: ObservedAddress, expected: Expected, findings: Sequence[Check]) -> AddressResult:
    if not found.is_reached:
        return AddressResult(found.address, (Reason(Why.ADDRESS_UNREACHED, {"error": found.error}),))
    exchanges = found.exchanges
    authenticated = [each for each in exchanges.values() if each.is_authenticated]
    reasons = [*_openness(exchanges)]
    if not reasons:  # else all callers are served, and what it lists and refuses says nothing
        unverified = _unverified(found, expected, findings)
        others = [*_exclusion(exchanges), *_files(authenticated, expected)]
        reasons += [*unverified, *(each for each in others if not unverified or each.why is not Why.UNCLEAR)]
    ordered = sorted(reasons, key=lambda each: _GRAVITY.index(each.verdict))
    return AddressResult(found.address, tuple(ordered), _serial(authenticated, expected))


def _openness(exchanges: Mapping[str, Exchange]) -> Iterator[Reason]:
    """Try strangers first: what a daemon that is open to everybody holds does not matter."""
    if exchanges[NO_CERTIFICATE].answer is Answer.SERVED:
        yield Reason(Why.STRANGER_SERVED)
    elif IMPOSTOR in exchanges and exchanges[IMPOSTOR].answer is Answer.SERVED:
        yield Reason(Why.IMPOSTOR_SERVED)


def _exclusion(exchanges: Mapping[str, Exchange]) -> Iterator[Reason]:
    """See whether strangers are refused, and the canary for nothing but its name."""
    for name in (NO_CERTIFICATE, IMPOSTOR):
        if name in exchanges and exchanges[name].answer is Answer.NOT_DETERMINED:
            yield _unclear(name, exchanges[name])
    canary, control = exchanges[CANARY], exchanges.get(CONTROL)
    if canary.answer is Answer.SERVED:
        yield Reason(Why.CANARY_SERVED)
    elif canary.answer is Answer.NOT_DETERMINED:
        yield _unclear(CANARY, canary)
    elif canary.alert in {UNKNOWN_CA, DECRYPT_ERROR}:
        yield Reason(Why.AUTHORITY_UNKNOWN, {"alert": canary.alert})
    elif canary.alert not in REVOKED:
        yield Reason(Why.CANARY_REFUSED_OTHERWISE, {"alert": canary.alert})
    elif control and control.answer is Answer.REFUSED:
        yield Reason(Why.CONTROL_REFUSED, {"alert": control.alert})
    elif control and control.answer is Answer.NOT_DETERMINED:
        yield _unclear(CONTROL, control)


def _unverified(found: ObservedAddress, expected: Expected, findings: Sequence[Check]) -> list[Reason]:
    """Say what is wrong with the certificate that is shown, where nobody gets any further for it."""
    shown = found.exchanges.get(CLIENT)
    if shown is None or shown.doubt is not Doubt.UNVERIFIED or not findings:
        return []
    there = f"at {found.address}: "  # what the probe has found at this address and not at the first
    cause = next((each for each in findings if each.seen.startswith(there)), findings[0])
    is_newest = shown.chain[:1] == (expected.certificate,)
    fields = {"finding": cause.id, "error": cause.seen.removeprefix(there), "newest": is_newest}
    return [Reason(Why.CERTIFICATE_UNVERIFIED, fields)]


def _is_lasting(reason: Reason) -> bool:
    """Tell whether a reason stays though the daemon is restarted with its newest files."""
    return reason.why in {Why.UNRESOLVED, Why.NEWEST_EXPIRED} or bool(reason.fields.get("newest"))


def _files(authenticated: list[Exchange], expected: Expected) -> Iterator[Reason]:
    """See which authorities are listed and which certificate is served, in every handshake that counts.

    Behind one address there may be several daemons: whichever answered, all must show the same.
    """
    for listed in dict.fromkeys(each.authorities for each in authenticated):
        yield from _listing(listed, expected)
    for shown in dict.fromkeys(each.chain[0] for each in authenticated if each.chain[0] != expected.certificate):
        certificate = read_certificate(shown)
        serial = serial_text(certificate.serial_number) if certificate else ""
        if certificate and serial in expected.serials:
            yield Reason(Why.FORMER_CERTIFICATE, {"expires": certificate.not_valid_after_utc})
        else:  # a certificate names a host and not a port, so another daemon of the team's can be put in its place
            yield Reason(Why.OTHER_CERTIFICATE, {"daemon": expected.daemon_given(serial)})


def _listing(listed: tuple[bytes, ...], expected: Expected) -> Iterator[Reason]:
    if not listed:
        yield Reason(Why.AUTHORITIES_UNLISTED)
        return
    found = compare(listed, expected.listed)
    # Beside the label that should be there, another is one name too many; instead of it, it names the publication.
    others = found.extra if expected.label in found.missing else ()
    labels = {name: label for name in others if (label := expected.read_label(name))}
    for label in labels.values():
        replaced = expected.replaced_at(label)
        if replaced:
            yield Reason(Why.FORMER_LABEL, {"number": label.number, "until": replaced})
        else:
            yield Reason(Why.FOREIGN_LABEL, {"team": label.team, "number": label.number})
    for why, names in (
        (Why.AUTHORITIES_MISSING, [each for each in found.missing if each != expected.label or not labels]),
        (Why.AUTHORITIES_EXTRA, [each for each in found.extra if each not in labels]),
        (Why.AUTHORITIES_DUPLICATED, found.duplicated),
    ):
        if names:
            yield Reason(why, {"names": [words(name) for name in names]})


def _unclear(caller: str, exchange: Exchange) -> Reason:
    fields = {
        "caller": caller,
        "doubt": exchange.doubt or Doubt.NO_ALERT,
        "outcome": exchange.outcome,
        "alert": exchange.alert,
    }
    return Reason(Why.UNCLEAR, fields)


def _serial(authenticated: list[Exchange], expected: Expected) -> str:
    """Return the serial of the certificate that is served; of several, that of one that is not the newest."""
    shown = sorted({each.chain[0] for each in authenticated}, key=lambda der: der == expected.certificate)
    certificate = read_certificate(shown[0]) if shown else None
    serial = serial_text(certificate.serial_number) if certificate else ""
    return serial if serial in expected.serials else ""


def _is_former(found: AddressResult) -> bool:
    return any(reason.why is Why.FORMER_CERTIFICATE for reason in found.reasons)


def _gravest(reasons: tuple[Reason, ...]) -> Verdict:
    return min((reason.verdict for reason in reasons), key=_GRAVITY.index, default=Verdict.PROVEN)
