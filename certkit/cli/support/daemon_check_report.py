"""What a check of a daemon came to, in words and as JSON."""

import shlex
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from certkit.authority.daemon_verdict import CheckResult, Reason, Verdict, Why
from certkit.cli.support.remedies import machine
from certkit.earthly.address import parse
from certkit.probe.alerts import describe
from certkit.probe.observed import Doubt
from certkit.results import as_json

_START = "start it, or look at its log."
_PROBE = "see what an enrolled laptop's certkit probe says of it."
_RESTART = "copy its new files to its host, and restart it: it reads them only then."
_CLOSE = "close its port now, and restart it with --tlscacert and the team's ca.pem."
_REMEDIES = {
    "open": _CLOSE,
    "foreign": "find out which copy of the home is the team's, and give the daemon that one's files.",
    "former": _RESTART,
    "overtrusting": f"find out who put the others into its ca.pem; {_RESTART}",
    "not-determined": _PROBE,
    "unreached": _START,
    "proven": "",
}

_WHO = f"find out what answers there; if it is this daemon, {_RESTART}"
_CLOCKS = "compare both clocks with the true time, here and on its host:\n  date -u"

PROVEN = "it serves its newest certificate, and refuses the canary"


def said(result: CheckResult) -> str:
    """Say why a daemon is or is not proven, the gravest reason first; may hold text of the daemon's."""
    if not result.reasons and all(not each.reasons for each in result.addresses):
        count = len(result.addresses)
        return PROVEN + (f", at each of its {count} addresses" if count > 1 else "")
    return "; ".join(_lines(result))


def remedy(result: CheckResult, renew: str) -> str:
    """Say what to do about it, indented lines being commands; `renew` is the command for a new certificate."""
    reasons = [*result.reasons, *(reason for each in result.addresses for reason in each.reasons)]
    worst = next((each for each in reasons if each.verdict is result.verdict), None)
    if any(each.why is Why.NEWEST_EXPIRED for each in reasons) and result.verdict is Verdict.NOT_DETERMINED:
        return f"{renew} gives it a new certificate; {_RESTART}"
    if worst and worst.why is Why.UNRESOLVED:
        look_up = machine.commands(shlex.quote(_host(result.url)))["resolve"]
        return f"check the name, the VPN and the name server:\n  {look_up}"
    if worst and worst.why is Why.CERTIFICATE_UNVERIFIED:
        return _about_certificate(worst.fields, renew, _host(result.url))
    return _REMEDIES[result.verdict]


def _about_certificate(fields: Mapping[str, object], renew: str, host: str) -> str:
    """Say what to do about a certificate that is not believed: a former one may be all that is wrong."""
    finding = fields["finding"]
    if finding == "daemon-expired":
        return _RESTART  # the newest one has not expired: that was told before
    if finding == "daemon-not-yet-valid":
        return _CLOCKS
    if not fields["newest"]:
        return _WHO
    if finding == "daemon-misnamed":
        return f"{renew} --san {shlex.quote(host)} gives it one that names {host}; {_RESTART}"
    return f"{renew} gives it a new certificate; {_RESTART}"


def _host(url: str) -> str:
    return parse(url).host


def as_data(result: CheckResult) -> dict[str, Any]:
    """Return a result as JSON shows it; `seen` is for people."""
    data = {
        "verdict": result.verdict,
        "seen": said(result),
        "reasons": [_reason_data(each) for each in result.reasons],
        "addresses": [
            {
                "address": each.address,
                "verdict": each.verdict,
                "reasons": [_reason_data(reason) for reason in each.reasons],
                "serial": each.serial or None,
            }
            for each in result.addresses
        ],
    }
    return dict(as_json(data))


def _reason_data(reason: Reason) -> dict[str, object]:
    return {"reason": reason.why, **reason.fields}


def _lines(result: CheckResult) -> Iterator[str]:
    several = len(result.addresses) > 1
    for reason in result.reasons:
        yield _words(reason, result.url)
    ordered = sorted(result.addresses, key=lambda each: list(Verdict).index(each.verdict))
    for each in ordered:
        where = f"at {each.address}: " if several else ""
        if each.reasons:
            but = "it refuses the canary, but " if each.holds_newest_anchors else ""
            words = ", and ".join(_words(reason, result.url) for reason in each.reasons)
            yield where + but + (words.removeprefix("it ") if but else words)
        elif several:
            yield where + PROVEN


def _words(reason: Reason, url: str) -> str:
    return _WORDS[reason.why]({**reason.fields, "url": url})


def _names(fields: dict[str, Any]) -> str:
    return " and ".join(fields["names"])


def _alert(fields: dict[str, Any]) -> str:
    return describe(fields["alert"])


def _unclear(fields: dict[str, Any]) -> str:
    caller, alert = _CALLERS[fields["caller"]], _alert(fields)
    match fields["doubt"]:
        case Doubt.OLD_TLS:
            return f"{caller} got {alert} in TLS 1.2, where anybody on the network can send it"
        case Doubt.UNAUTHENTICATED:
            return f"{caller} got {alert} before the daemon had proven that it is the daemon, as anybody can send it"
        case Doubt.OTHER_ALERT:
            return f"{caller} got {alert}, which says nothing about certificates"
    return f"{caller} got no answer: {fields['outcome'].words}"


_CALLERS = {
    "no-certificate": "a stranger without a certificate",
    "impostor": "a stranger with a made-up certificate",
    "canary": "the canary",
    "control": "the canary's like that is not excluded",
}
_WORDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "stranger-served": lambda _: (
        "THE DAEMON IS OPEN TO EVERYBODY: it serves a stranger who shows no certificate at all"
    ),
    "impostor-served": lambda _: "THE DAEMON IS OPEN TO EVERYBODY: it serves a stranger whose certificate is made up",
    "foreign-label": lambda f: (
        f"its anchors are not of this home: they are publication {f['number']} of another copy, team {f['team']}"
    ),
    "former-label": lambda f: f"it still holds publication {f['number']}, out of date since {f['until'].date()}",
    "canary-served": lambda _: "it lets the canary in, so it still holds former anchors",
    "authority-unknown": lambda _: "it does not know the newest authority, so it still holds former anchors",
    "authorities-missing": lambda f: f"it does not list {_names(f)}, so it still holds former anchors",
    "former-certificate": lambda f: f"it serves a former certificate, which expires {f['expires'].date()}",
    "other-certificate": lambda f: (
        f"it serves the certificate of the daemon {f['daemon']}: that one answers here, or its files lie there"
        if f["daemon"]
        else "it serves a certificate that this daemon was never given"
    ),
    "authorities-extra": lambda f: f"it trusts {_names(f)}, too, which is not the team's to trust",
    "authorities-duplicated": lambda f: f"it lists {_names(f)} more than once: one of them may be a stranger's",
    "authorities-unlisted": lambda _: "it does not say which authorities it trusts",
    "canary-refused-otherwise": lambda f: f"it refuses the canary for another reason: {_alert(f)}",
    "control-refused": lambda f: (
        f"it refuses the canary's like that is not excluded, too, so it refuses both for another reason: {_alert(f)}"
    ),
    "unclear": _unclear,
    "unresolved": lambda f: f"the name {_host(f['url'])} has no address here ({f['error']})",
    "nobody-answers": lambda f: (
        f"nobody answers at {f['url']} ({f['error'].removeprefix(f['url'].removeprefix('tcp://') + ': ')})"
    ),
    "certificate-unverified": lambda f: f["error"],
    "newest-expired": lambda f: f"its newest certificate, in this home, expired {f['expires'].date()}",
    "address-unreached": lambda f: f["error"],
    "addresses-left-out": lambda f: f"{f['count']} of its addresses were not looked at",
}
