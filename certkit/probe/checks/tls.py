"""Whether somebody speaks TLS there, and is the team's daemon."""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime

from OpenSSL.SSL import X509VerificationCodes as Code

from certkit.pki import certificates
from certkit.probe import hostnames
from certkit.probe.credentials import Chain, Pair
from certkit.probe.handshake import Handshake, Outcome, is_http1, is_http2
from certkit.probe.stage import Found, Stage
from certkit.probe.target import ALPN_VARIABLE
from certkit.probe.transport import MISNAMED
from certkit.probe.validity import is_near_end, until

TELL = "tell who runs the team's certkit; they renew it with\n  certkit daemon renew NAME"
MUTUAL = "--tlscert cert.pem --tlskey key.pem --tlscacert ca.pem"

_UNKNOWN_AUTHORITY = frozenset(
    {
        Code.ERR_UNABLE_TO_GET_ISSUER_CERT,
        Code.ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
        Code.ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
        Code.ERR_SELF_SIGNED_CERT_IN_CHAIN,
        Code.ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
        Code.ERR_CERT_SIGNATURE_FAILURE,
        Code.ERR_CERT_UNTRUSTED,
    }
)
_TOLD_APART = _UNKNOWN_AUTHORITY | {
    MISNAMED,
    Code.ERR_CERT_HAS_EXPIRED,
    Code.ERR_CERT_NOT_YET_VALID,
    Code.ERR_INVALID_PURPOSE,
}


@dataclass(frozen=True)
class Tls:
    """One handshake with the daemon, and what is needed to judge it."""

    server_name: str
    authorities: Chain
    pair: Pair | None
    """What was shown to the daemon."""
    fault: str
    """The finding about that certificate for which every daemon refuses it; empty if there is none."""
    handshake: Handshake
    plain: bytes
    """What the daemon answers to plaintext, if it was asked because TLS came to nothing."""
    now: datetime
    needs_alpn: bool = False
    """Whether the client may refuse a daemon that negotiates no ALPN."""

    @property
    def outcome(self) -> Outcome:
        """How far the handshake came."""
        return self.handshake.outcome

    @property
    def words(self) -> bytes:
        """What the daemon says that is not TLS with HTTP/2 in it."""
        strange = self.outcome in (Outcome.NOT_TLS, Outcome.STRANGE)
        return self.handshake.first if strange else self.plain


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
    return ", ".join(parts)


tls = Stage("TLS", _summary)


@tls.finding
def plaintext_daemon(evidence: Tls) -> Found | None:
    """Anyone who reaches this port can run anything there as root, and read what goes over the network."""
    if evidence.outcome is Outcome.STRANGE or not is_http2(evidence.words):
        return None
    return Found(
        "the daemon speaks HTTP/2 in plaintext, without any TLS",
        f"stop it now, and start it with its three files:\n  buildkitd --addr tcp://0.0.0.0:8372 {MUTUAL}\n"
        "  docker run -e BUILDKIT_TLS_ENABLED=true ...",
    )


@tls.finding
def web_server(evidence: Tls) -> Found | None:
    """Something listens on this port, but it is no BuildKit daemon."""
    if not is_http1(evidence.words):
        return None
    return Found(f"a web server answers: {_first_line(evidence.words)}", "check host and port of buildkit_host")


@tls.finding
def not_tls(evidence: Tls) -> Found | None:
    """Something listens on this port, but it is no BuildKit daemon."""
    words = evidence.words
    if not words or is_http1(words) or (is_http2(words) and evidence.outcome is not Outcome.STRANGE):
        return None
    return Found(f"something else answers: {_first_line(words)}", "check host and port of buildkit_host")


@tls.finding
def silent_listener(evidence: Tls) -> Found | None:
    """Another service listens there, or a proxy with nothing behind it, or the daemon hangs."""
    if evidence.outcome is not Outcome.SILENT or evidence.words:
        return None
    seconds = evidence.handshake.ms / 1000
    return Found(
        f"the connection was taken, and nothing useful came within {seconds:.1f} s",
        "check the port; on the daemon's host:\n  docker ps",
    )


@tls.finding
def connection_closed(evidence: Tls) -> Found | None:
    """Something between here and the daemon ends the connection, a proxy or a firewall, or it is no daemon."""
    if evidence.outcome is not Outcome.CLOSED or evidence.words:
        return None
    return Found("the connection was ended without a word", "check the port, and proxies and firewalls in between")


@tls.finding
def tls_failed(evidence: Tls) -> Found | None:
    """The two sides found no common way of TLS 1.2 or 1.3, or the other side does not keep to it."""
    if evidence.outcome is not Outcome.FAILED:
        return None
    return Found("what the daemon sent is not valid TLS 1.2 or 1.3", "check the port; update the daemon")


@tls.finding
def daemon_of_another_authority(evidence: Tls) -> Found | None:
    """The daemon and this laptop are of different set-ups, or somebody poses as the daemon.

    Earthly refuses to speak with it. Nothing was told to it.
    """
    if is_of_known_authority(evidence.handshake):
        return None
    return Found(
        f"the daemon's certificate was issued by {_other_issuer(evidence)}",
        "ask who runs the team's certkit whether the authority has changed; if so, enroll again:\n"
        "  certkit enroll FILE --force",
    )


@tls.finding
def daemon_misnamed(evidence: Tls) -> Found | None:
    """Earthly refuses a certificate that does not name the host in the URL, so that no other can pose as it."""
    if not _unverified(evidence, {MISNAMED}) or not is_of_known_authority(evidence.handshake):
        return None
    chain = evidence.handshake.negotiated.chain
    known = ", ".join(hostnames.hosts(chain[0])) if chain else ""
    return Found(
        f"the certificate does not name {evidence.server_name}; it names {known or 'no host at all'}",
        "use one of these names in buildkit_host, or ask who runs the team's certkit for\n"
        f"  certkit daemon renew NAME --san {evidence.server_name}",
    )


@tls.finding
def daemon_expired(evidence: Tls) -> Found | None:
    """Every client refuses an expired certificate: nobody can build on this daemon until it has a new one."""
    if not _unverified(evidence, {Code.ERR_CERT_HAS_EXPIRED}):
        return None
    end = min((c.not_valid_after_utc for c in evidence.handshake.negotiated.chain), default=evidence.now)
    return Found(f"the daemon's certificate expired on {until(end, evidence.now)}", TELL)


@tls.finding
def daemon_not_yet_valid(evidence: Tls) -> Found | None:
    """Nobody makes a certificate for the future: the likely cause is a clock, here or where it was made."""
    if not _unverified(evidence, {Code.ERR_CERT_NOT_YET_VALID}):
        return None
    start = max((c.not_valid_before_utc for c in evidence.handshake.negotiated.chain), default=evidence.now)
    return Found(
        f"the daemon's certificate becomes valid on {until(start, evidence.now)}",
        f"it is {evidence.now:%Y-%m-%d %H:%M} UTC by this machine's clock; compare it with the true time:\n  date -u",
    )


@tls.finding
def daemon_not_for_servers(evidence: Tls) -> Found | None:
    """The certificate may not be used by a server: a client's key poses as the daemon, by mistake or not."""
    if not _unverified(evidence, {Code.ERR_INVALID_PURPOSE}):
        return None
    return Found("the daemon's certificate lacks serverAuth", TELL)


@tls.finding
def daemon_unverified(evidence: Tls) -> Found | None:
    """Earthly does not believe a certificate that does not verify. Nothing was told to this daemon."""
    others = sorted({code for code, _ in evidence.handshake.verify_errors} - _TOLD_APART)
    if not others:
        return None
    return Found(f"OpenSSL does not verify the daemon's certificate: {', '.join(map(_code, others))}", TELL)


@tls.finding
def daemon_near_end(evidence: Tls) -> Found | None:
    """It still works. When it has expired nobody can build on this daemon."""
    chain = evidence.handshake.negotiated.chain
    if evidence.outcome is Outcome.UNVERIFIED or not chain or not is_near_end(chain[0], evidence.now):
        return None
    return Found(f"the daemon's certificate expires on {until(chain[0].not_valid_after_utc, evidence.now)}", TELL)


@tls.finding
def no_alpn(evidence: Tls) -> Found | None:
    """Earthly, EarthBuild and buildx do not mind, but buildctl since v0.19 refuses such a daemon.

    It is built with grpc-go 1.67 or later and says "missing selected ALPN property".
    """
    if not evidence.needs_alpn or evidence.outcome is not Outcome.SERVED or evidence.handshake.negotiated.alpn:
        return None
    return Found(
        "the daemon negotiates no ALPN, as all of Earthly's and EarthBuild's",
        f"where buildctl runs:\n  export {ALPN_VARIABLE}=false\n"
        "or ask who runs the team's certkit for HAProxy in front of it, or for the plain image:\n"
        "  certkit daemon deploy NAME --as haproxy\n  certkit daemon deploy NAME --flavour buildkit",
    )


def is_of_known_authority(handshake: Handshake) -> bool:
    """Tell whether nothing speaks against it that an authority of the team has vouched for the daemon, some time."""
    return not any(code in _UNKNOWN_AUTHORITY for code, _ in handshake.verify_errors)


def _other_issuer(evidence: Tls) -> str:
    """Say who has issued the daemon's certificate, and how that differs from whom this client trusts."""
    chain = evidence.handshake.negotiated.chain
    if not chain:
        return "nobody"
    issuer, seen = certificates.words(chain[0].issuer), hostnames.key_of_issuer(chain[0])
    alike = [known for known in evidence.authorities if known.subject == chain[0].issuer]
    keys = [hostnames.key_of(known) for known in alike]
    if alike and seen not in keys:
        return f"an authority that is also called {issuer}, but has another key (seen {seen}, trusted here {keys[0]})"
    trusted = " or ".join(certificates.words(authority.subject) for authority in evidence.authorities)
    return f"{issuer}; trusted here is {trusted}, by its key"


def _unverified(evidence: Tls, codes: Container[int]) -> bool:
    return any(code in codes for code, _ in evidence.handshake.verify_errors)


def _code(number: int) -> str:
    found = [name for name, value in vars(Code).items() if value == number]
    return found[0] if found else f"error {number}"


def _first_line(words: bytes) -> str:
    return repr(words.split(b"\n")[0][:60].decode("ascii", "replace").strip())
