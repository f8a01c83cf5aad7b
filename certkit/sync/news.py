"""What the server tells a daemon's host, and why it is believed. Pure.

The connection has proven already that it is the server. What it says must still be about this daemon, fit together,
and not be older than what was seen here: a copy of the home, or a backup, may be all that the server has.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

from certkit.enroll import codes
from certkit.enroll.codes import Server
from certkit.errors import CertkitError, MalformedError, RefusedError
from certkit.pki import certificates, der, extensions, keys
from certkit.sync.place import Host
from certkit.trust import label
from certkit.trust.label import Label

_END_OF_CRL = "-----END X509 CRL-----"
_LONGEST = 300


@dataclass(frozen=True)
class News:
    """What the server has told, read."""

    team: str
    daemon: str
    url: str
    directory: Path
    server: Server
    authorities: tuple[x509.Certificate, ...]
    label: Label
    anchors: bytes
    crl: bytes
    listed: tuple[bytes, ...]
    """What a daemon with these anchors lists: the subject of each, DER."""
    renew: bool
    spares_builds: bool
    restart: str
    """The command by which the lead would have the daemon restarted, to be shown: it is never run unasked."""


def read(content: bytes) -> News:
    """Read what a server has told; raise MalformedError for what does not fit together."""
    try:
        found = json.loads(content)
        texts = {each: _text(found[each]) for each in ("team", "daemon", "url", "directory", "server")}
        renew, spares_builds = found["renew"] is True, found["spares_builds"] is True
        restart = _text(found["restart"]) if found["restart"] else ""
        authorities = tuple(certificates.load_all(_text(found["authorities"], None).encode()))
        anchors, crl = _text(found["anchors"], None).encode(), _text(found["crl"], None).encode()
        *trusted, last = certificates.load_all(anchors)
        named = label.parse(last.subject)
        server = codes.parse_server(texts["server"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, CertkitError):
        raise MalformedError("the server's answer is not for a daemon's host", code="server-answer") from None
    if named is None or named.team != texts["team"] or named.digest != label.digest(trusted) or not trusted:
        raise MalformedError("the label of the anchors that the server gives is not theirs", code="server-answer")
    if not Path(texts["directory"]).is_absolute():
        raise MalformedError("the server names no folder for the daemon's files", code="server-answer")
    if not all(map(extensions.is_authority, (*trusted, *authorities))) or not _are_signed(crl.decode(), trusted):
        raise MalformedError("the anchors and the list that the server gives do not fit together", code="server-answer")
    return News(
        team=texts["team"],
        daemon=texts["daemon"],
        url=texts["url"],
        directory=Path(texts["directory"]),
        server=server,
        authorities=authorities,
        label=named,
        anchors=anchors,
        crl=crl,
        listed=tuple(map(der.subject, (*trusted, last))),
        renew=renew,
        spares_builds=spares_builds,
        restart=restart,
    )


def check(news: News, host: Host) -> None:
    """Raise RefusedError for news that are another team's or daemon's, or older than what was seen here."""
    if (news.team, news.daemon) != (host.team, host.daemon):
        raise RefusedError(
            f"the server speaks of the daemon {news.daemon} of {news.team}, and this is the host of {host.daemon} of "
            f"{host.team}",
            code="news-of-another",
        )
    check_authorities(news, host.authorities)
    if news.label.number < host.number:
        raise RefusedError(
            f"the server has publication {news.label.number} only, and {host.number} was here already",
            code="anchors-older",
            daemon=host.daemon,
        )
    if news.label.number == host.number and news.label.digest != host.digest:
        raise RefusedError(
            f"the server has another publication {host.number} than the one that was here already",
            code="anchors-older",
            daemon=host.daemon,
        )


def check_authorities(news: News, known: Sequence[x509.Certificate]) -> None:
    """Raise RefusedError unless one of the authorities that are known is among those that the server names."""
    pins = {keys.public_pin(keys.public_of(each)) for each in known}
    if not any(keys.public_pin(keys.public_of(each)) in pins for each in news.authorities):
        raise RefusedError("the server names none of the authorities that are known here", code="news-of-another")


def _text(value: object, limit: int | None = _LONGEST) -> str:
    if not isinstance(value, str) or not value or (limit and len(value) > limit):
        raise TypeError(value)
    return value


def _are_signed(crl: str, trusted: Sequence[x509.Certificate]) -> bool:
    """Tell whether there is a list in a file, and each is one of an anchor's."""
    try:
        found = list(_lists(crl))
    except ValueError:
        return False
    return bool(found) and all(any(_has_signed(anchor, each) for anchor in trusted) for each in found)


def _lists(crl: str) -> Iterator[x509.CertificateRevocationList]:
    for each in crl.split(_END_OF_CRL)[:-1]:
        yield x509.load_pem_x509_crl(f"{each.lstrip()}{_END_OF_CRL}\n".encode())


def _has_signed(anchor: x509.Certificate, found: x509.CertificateRevocationList) -> bool:
    try:
        return found.issuer == anchor.subject and found.is_signature_valid(keys.public_of(anchor))
    except (TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
