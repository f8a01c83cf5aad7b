"""The TLS stage: the client's own handshake, both sides of it."""

from certkit.pki import certificates
from certkit.probe.checks import admission, server
from certkit.probe.checks.handshake_evidence import Tls
from certkit.probe.stage import Stage

__all__ = ["Tls", "tls"]

_WITHOUT_TICKETS = (
    "in TLS 1.3 the daemon hangs up on this client, most likely because many names are excluded and its session ticket "
    "is too large; Earthly's clients ask for none and are served"
)


def _summary(evidence: Tls) -> str:
    negotiated = evidence.handshake.negotiated
    issuer = certificates.words(negotiated.chain[0].issuer) if negotiated.chain else ""
    alpn = f"ALPN {negotiated.alpn}" if negotiated.alpn else "no ALPN"
    parts = [
        negotiated.version.removeprefix("TLSv"),
        evidence.server_name,
        f"vouched for by {issuer}",
        f"{negotiated.cipher}, {alpn}",
        f"accepts {' and '.join(negotiated.accepted_names)}"
        if negotiated.accepted_names
        else "names no client authority",
    ]
    if evidence.handshake.without_tickets:
        parts.append(_WITHOUT_TICKETS)
    return ", ".join(parts)


tls = Stage(
    "TLS",
    "The handshake, and the daemon's first words: with TLS 1.3 only they say that it took the certificate.",
    _summary,
    findings=(*server.FINDINGS, *admission.FINDINGS),
)
