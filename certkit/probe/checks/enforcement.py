"""Whether the daemon refuses everyone else, at each of its addresses: whoever gets in may run anything there."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from certkit.probe import alerts
from certkit.probe.alerts import describe
from certkit.probe.authorities import Comparison, compare, words
from certkit.probe.observed import CANARY, CONTROL, IMPOSTOR, NO_CERTIFICATE, Answer, Doubt, Exchange, Outcome, Who
from certkit.probe.stage import Found, Stage, finding

STRANGERS = (NO_CERTIFICATE, IMPOSTOR, CANARY)


class Enforcement(NamedTuple):
    """What came of each caller's handshake beside the client's own, by address."""

    addresses: Mapping[str, Mapping[str, Exchange]]
    listed: tuple[bytes, ...] | None = None
    """What the newest publication makes a daemon list; None where that is not known."""

    def served(self, caller: str) -> list[str]:
        """Return the addresses at which a caller was let in."""
        return [where for where, exchanges in self.addresses.items() if _is_served(exchanges, caller)]

    def each(self, caller: str) -> Iterator[tuple[str, Exchange]]:
        """Return what came of a caller at each address where it was tried."""
        for where, exchanges in self.addresses.items():
            if caller in exchanges:
                yield where, exchanges[caller]

    def at(self, addresses: list[str]) -> str:
        """Say at which addresses, where there are several: ` at 10.0.0.2:8372, not at 10.0.0.3:8372`."""
        if len(self.addresses) < 2:  # noqa: PLR2004  one address needs no name
            return ""
        others = [where for where in self.addresses if where not in addresses]
        return f" at {' and '.join(addresses)}" + (f", not at {' and '.join(others)}" if others else "")


def _summary(evidence: Enforcement) -> str:
    strangers = [name for name in STRANGERS if any(True for _ in evidence.each(name))]
    count = len(evidence.addresses)
    return (
        "refuses strangers: "
        + ", ".join(each.words for each in strangers)
        + (f", at {count} addresses" if count > 1 else "")
    )


@finding(
    "THE DAEMON IS OPEN TO EVERYBODY. Anyone who reaches this port can run anything there as root, read every build "
    "and its secrets, and poison the cache that everybody builds from."
)
def anyone_let_in(evidence: Enforcement) -> Found | None:
    where = evidence.served(NO_CERTIFICATE)
    if not where:
        return None
    return Found(f"the daemon serves somebody who shows no certificate at all{evidence.at(where)}")


@finding(
    "THE DAEMON IS OPEN TO EVERYBODY. It asks for a certificate and believes any: whoever makes one up, in anybody's "
    "name, can run anything there as root."
)
def impostor_let_in(evidence: Enforcement) -> Found | None:
    where = [each for each in evidence.served(IMPOSTOR) if each not in evidence.served(NO_CERTIFICATE)]
    if not where:
        return None
    return Found(f"the daemon serves somebody whose certificate was made up a moment ago{evidence.at(where)}")


@finding("The daemon does not hold the newest anchor: whoever was revoked since still gets in.")
def canary_let_in(evidence: Enforcement) -> Found | None:
    where = [each for each in evidence.served(CANARY) if each not in evidence.served(NO_CERTIFICATE)]
    if not where:
        return None
    return Found(f"the daemon serves a certificate that is revoked{evidence.at(where)}")


@finding(
    "The daemon holds other anchors than the newest ones: whoever was revoked since still gets in, or somebody of "
    "another team does."
)
def anchors_not_newest(evidence: Enforcement) -> Found | None:
    wrong = {
        where: found
        for where, exchanges in evidence.addresses.items()
        if not _is_served(exchanges, NO_CERTIFICATE) and (found := _differing(exchanges, evidence.listed))
    }
    if not wrong:
        return None
    seen = next(iter(wrong.values()))
    lacks = f"does not list {_names(seen.missing)}" if seen.missing else ""
    more = f"lists {_names((*seen.extra, *seen.duplicated))} beside it" if seen.extra or seen.duplicated else ""
    return Found(f"the daemon {' and '.join(filter(None, (lacks, more)))}{evidence.at(list(wrong))}")


@finding(
    "The daemon does not know the newest authority, or a clock is off: it may still let in whoever has been revoked."
)
def canary_unproven(evidence: Enforcement) -> Found | None:
    said = [(where, _why_unproven(evidence.addresses[where], each)) for where, each in evidence.each(CANARY)]
    where = [address for address, why in said if why]
    if not where:
        return None
    return Found(next(why for _, why in said if why) + evidence.at(where))


@finding("It could not be told whether the daemon refuses strangers, so do not take it for safe.")
def enforcement_unknown(evidence: Enforcement) -> Found | None:
    unclear = {
        where: exchanges
        for where, exchanges in evidence.addresses.items()
        if not is_clear(exchanges) and not _is_served(exchanges, NO_CERTIFICATE)
    }
    return Found(told(unclear, several=len(evidence.addresses) > 1)) if unclear else None


enforcement = Stage(
    "enforcement",
    "Strangers knock at every address, side by side with the rest: each must be refused.",
    _summary,
    findings=(
        anyone_let_in,
        impostor_let_in,
        canary_let_in,
        anchors_not_newest,
        canary_unproven,
        enforcement_unknown,
    ),
)


def is_clear(exchanges: Mapping[str, Exchange]) -> bool:
    """Tell whether every stranger was plainly let in or plainly refused at an address.

    That there is no certificate is no answer to one: it was not sent, where a server takes none of the impostor's kind.
    """
    impostor = exchanges.get(IMPOSTOR)
    if impostor and impostor.alert in (alerts.CERTIFICATE_REQUIRED, alerts.HANDSHAKE_FAILURE):
        return False
    return all(each.answer is not Answer.NOT_DETERMINED for name, each in exchanges.items() if name in STRANGERS)


def is_open(exchanges: Mapping[str, Exchange]) -> bool:
    """Tell whether any stranger was let in at an address."""
    return any(_is_served(exchanges, name) for name in STRANGERS)


def told(addresses: Mapping[str, Mapping[str, Exchange]], *, several: bool = False) -> str:
    """Say what came of each stranger, at each address where there are several."""
    return "; ".join(
        (f"at {where}: " if several else "") + f"{Who(name).words}: {_outcome(each)}"
        for where, exchanges in addresses.items()
        for name, each in exchanges.items()
        if name in STRANGERS
    )


def proves_exclusion(exchanges: Mapping[str, Exchange]) -> bool:
    """Tell whether the canary was refused for its excluded name: by its alert, and as the control was let in."""
    canary, control = exchanges.get(CANARY), exchanges.get(CONTROL)
    is_excluded = canary is not None and canary.answer is Answer.REFUSED and canary.alert in alerts.REVOKED
    return is_excluded and (control is None or control.answer is Answer.SERVED)


def _differing(exchanges: Mapping[str, Exchange], listed: tuple[bytes, ...] | None) -> Comparison | None:
    """Return how what a daemon lists differs from what it must list, None if it does not; only proven words count."""
    if listed is None:
        return None
    said = [each.authorities for each in exchanges.values() if each.is_authenticated and each.authorities]
    found = [compare(names, listed) for names in said]
    return next((each for each in found if not each.is_equal), None)


def _names(names: Iterable[bytes]) -> str:
    return " and ".join(map(words, names))


def _why_unproven(exchanges: Mapping[str, Exchange], canary: Exchange) -> str:
    """Say why the canary's refusal says nothing about its name; empty if it does, or if there was no refusal."""
    if canary.answer is not Answer.REFUSED or proves_exclusion(exchanges):
        return ""
    if canary.alert not in alerts.REVOKED:
        return f"the daemon refuses a certificate that is revoked, but for another reason: {describe(canary.alert)}"
    control = exchanges[CONTROL]
    return f"the daemon refuses a certificate like the revoked one whose name is not revoked, too: {_outcome(control)}"


def _is_served(exchanges: Mapping[str, Exchange], caller: str) -> bool:
    return caller in exchanges and exchanges[caller].answer is Answer.SERVED


def _outcome(exchange: Exchange) -> str:
    if exchange.outcome is not Outcome.REFUSED:
        return exchange.outcome.words
    return describe(exchange.alert) + (_DOUBTS.get(exchange.doubt, "") if exchange.doubt else "")


_DOUBTS = {
    Doubt.OLD_TLS: " in TLS 1.2, where anybody on the network can send it",
    Doubt.UNAUTHENTICATED: " before the daemon had proven that it is the daemon, as anybody on the network can send it",
}
