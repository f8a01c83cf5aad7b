"""The TLS stage, the server's side: whether somebody speaks TLS there, and is the team's daemon."""

from collections.abc import Container

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID
from OpenSSL.SSL import X509VerificationCodes as Code

from certkit.errors import MalformedError
from certkit.pki import certificates, extensions, go_certificate
from certkit.pki.certificates import has_signed
from certkit.probe import hostnames, weak_signatures, web_trust
from certkit.probe.checks.handshake_evidence import Tls
from certkit.probe.handshake import UNKNOWN_AUTHORITY, is_http1, is_http2
from certkit.probe.observed import Outcome
from certkit.probe.stage import Found, finding
from certkit.probe.transport import MISNAMED, WEAKLY_SIGNED
from certkit.probe.validity import is_near_end, until

_UNFIT_AUTHORITY = frozenset({Code.ERR_INVALID_PURPOSE, Code.ERR_INVALID_CA, Code.ERR_KEYUSAGE_NO_CERTSIGN})
"""OpenSSL's errors of verification that, above the daemon's own certificate, are an authority's lack."""

_TOLD_APART = UNKNOWN_AUTHORITY | {
    MISNAMED,
    WEAKLY_SIGNED,
    Code.ERR_CERT_HAS_EXPIRED,
    Code.ERR_CERT_NOT_YET_VALID,
}


@finding("Anyone who reaches this port can run anything there as root, and read what goes over the network.")
def plaintext_daemon(evidence: Tls) -> Found | None:
    if evidence.outcome is Outcome.STRANGE or not is_http2(evidence.first_words):
        return None
    return Found("the daemon speaks HTTP/2 in plaintext, without any TLS")


@finding("Something listens on this port, but it is no BuildKit daemon.")
def web_server(evidence: Tls) -> Found | None:
    if not is_http1(evidence.first_words):
        return None
    return Found(f"a web server answers: {_first_line(evidence.first_words)}")


@finding("Something listens on this port, but it is no BuildKit daemon.")
def not_tls(evidence: Tls) -> Found | None:
    said = evidence.first_words
    if not said or is_http1(said) or (is_http2(said) and evidence.outcome is not Outcome.STRANGE):
        return None
    return Found(f"something else answers: {_first_line(said)}")


@finding("Another service listens there, or a proxy with nothing behind it, or the daemon hangs.")
def silent_listener(evidence: Tls) -> Found | None:
    if evidence.outcome is not Outcome.SILENT or evidence.first_words:
        return None
    seconds = evidence.handshake.ms / 1000
    return Found(f"the connection was taken, and nothing useful came within {seconds:.1f} s")


@finding("Something between here and the daemon ends the connection, a proxy or a firewall, or it is no daemon.")
def connection_closed(evidence: Tls) -> Found | None:
    if evidence.outcome is not Outcome.CLOSED or evidence.first_words or is_hung_up(evidence):
        return None
    return Found("the connection was ended without a word")


@finding(
    "The daemon itself ended the connection after the handshake, and TLS 1.2 did not help. Its log says why: it may "
    "be stopping, or it may exclude so many names that its TLS library cannot answer this client."
)
def daemon_hung_up(evidence: Tls) -> Found | None:
    if not is_hung_up(evidence):
        return None
    return Found("the daemon proved that it is the daemon, and ended the connection without a word")


@finding("The two sides found no common way of TLS 1.2 or 1.3, or the other side does not keep to it.")
def tls_failed(evidence: Tls) -> Found | None:
    if evidence.outcome is not Outcome.FAILED:
        return None
    return Found("what the daemon sent is not valid TLS 1.2 or 1.3")


@finding(
    "This certificate names the host and comes from an authority for the web, not from your team: a proxy that "
    "inspects TLS opens the connection, as company networks and virus scanners do, or a web proxy stands before the "
    "daemon. Nothing was told to it. Enrolling anew does not help."
)
def tls_inspected(evidence: Tls) -> Found | None:
    if not _is_inspected(evidence):
        return None
    return Found(f"the daemon's certificate was issued by {_other_issuer(evidence)}", host=evidence.server_name)


@finding(
    "The daemon and this laptop are of different set-ups, or somebody poses as the daemon. Earthly refuses to speak "
    "with it. Nothing was told to it."
)
def daemon_of_another_authority(evidence: Tls) -> Found | None:
    if evidence.handshake.is_of_known_authority or _unfit_authority(evidence) or _is_inspected(evidence):
        return None
    return Found(f"the daemon's certificate was issued by {_other_issuer(evidence)}")


@finding("Earthly refuses a certificate that does not name the host in the URL, so that no other can pose as it.")
def daemon_misnamed(evidence: Tls) -> Found | None:
    if not _unverified(evidence, {MISNAMED}) or not evidence.handshake.is_of_known_authority:
        return None
    chain = evidence.handshake.negotiated.chain
    return Found(
        f"the certificate does not name {evidence.server_name}; {_named(chain[0], evidence.server_name)}"
        if chain
        else f"the certificate does not name {evidence.server_name}; it names what cannot be read",
        server_name=evidence.server_name,
    )


@finding("Every client refuses an expired certificate: nobody can build on this daemon until it has a new one.")
def daemon_expired(evidence: Tls) -> Found | None:
    if not _unverified(evidence, {Code.ERR_CERT_HAS_EXPIRED}):
        return None
    end = min((c.not_valid_after_utc for c in evidence.handshake.negotiated.chain), default=evidence.now)
    return Found(f"the daemon's certificate expired on {until(end, evidence.now)}", expired=end)


@finding("Nobody makes a certificate for the future: the likely cause is a clock, here or where it was made.")
def daemon_not_yet_valid(evidence: Tls) -> Found | None:
    if not _unverified(evidence, {Code.ERR_CERT_NOT_YET_VALID}):
        return None
    start = max((c.not_valid_before_utc for c in evidence.handshake.negotiated.chain), default=evidence.now)
    return Found(
        f"the daemon's certificate becomes valid on {until(start, evidence.now)}; "
        f"it is {evidence.now:%Y-%m-%d %H:%M} UTC by this machine's clock",
        starts=start,
    )


@finding("The certificate may not be used by a server: a client's key poses as the daemon, by mistake or not.")
def daemon_not_for_servers(evidence: Tls) -> Found | None:
    if (Code.ERR_INVALID_PURPOSE, 0) not in evidence.handshake.verify_errors:
        return None
    return Found("the daemon's certificate lacks serverAuth")


@finding(
    "The daemon's own certificate is right, but the authority above it may not vouch for daemons: its usages or its "
    "basic constraints say so. Earthly refuses the daemon until the authority is made anew."
)
def authority_not_for_servers(evidence: Tls) -> Found | None:
    lacking = _unfit_authority(evidence)
    if lacking is None:
        return None
    authority, lack = lacking
    return Found(f"the authority {certificates.subject_words(authority)} {lack}")


@finding(
    "Go refuses signatures made with SHA-1 or MD5: to Earthly it is as if nobody had vouched for the daemon. OpenSSL "
    "and other programs may still take them."
)
def daemon_signed_weakly(evidence: Tls) -> Found | None:
    if not _unverified(evidence, {WEAKLY_SIGNED}):
        return None
    used = weak_signatures.among(evidence.handshake.negotiated.chain) or "a hash that is too weak"
    return Found(f"the daemon's certificate is signed with {used}", hash=used)


@finding(
    "What is built with Go 1.23 or later refuses a serial number below zero; Earthly 0.8.16 takes it.",
    severity="warning",
)
def daemon_serial_negative(evidence: Tls) -> Found | None:
    shown = evidence.handshake.negotiated.chain_der
    if evidence.outcome is Outcome.UNVERIFIED or not any(map(go_certificate.has_negative_serial, shown)):
        return None
    return Found("the daemon's certificate has a negative serial number")


@finding("Earthly does not believe a certificate that does not verify. Nothing was told to this daemon.")
def daemon_unverified(evidence: Tls) -> Found | None:
    errors = evidence.handshake.verify_errors
    is_told = _unfit_authority(evidence) or (Code.ERR_INVALID_PURPOSE, 0) in errors
    others = sorted({code for code, _ in errors} - _TOLD_APART - (_UNFIT_AUTHORITY if is_told else set()))
    if not others:
        return None
    return Found(f"OpenSSL does not verify the daemon's certificate: {', '.join(map(_code, others))}")


@finding("It still works. Once it has expired nobody can build on this daemon.", severity="warning")
def daemon_near_end(evidence: Tls) -> Found | None:
    chain = evidence.handshake.negotiated.chain
    if evidence.outcome is Outcome.UNVERIFIED or not chain or not is_near_end(chain[0], evidence.now):
        return None
    end = chain[0].not_valid_after_utc
    return Found(f"the daemon's certificate expires on {until(end, evidence.now)}", expires=end)


@finding(
    "Earthly, EarthBuild and buildx do not mind, but buildctl since v0.19 refuses such a daemon. It is built with "
    'grpc-go 1.67 or later and says "missing selected ALPN property".'
)
def no_alpn(evidence: Tls) -> Found | None:
    if not evidence.needs_alpn or evidence.outcome is not Outcome.SERVED or evidence.handshake.negotiated.alpn:
        return None
    return Found("the daemon negotiates no ALPN, like all of Earthly's and EarthBuild's")


FINDINGS = (
    plaintext_daemon,
    web_server,
    not_tls,
    silent_listener,
    connection_closed,
    daemon_hung_up,
    tls_failed,
    tls_inspected,
    daemon_of_another_authority,
    daemon_misnamed,
    daemon_expired,
    daemon_not_yet_valid,
    daemon_not_for_servers,
    authority_not_for_servers,
    daemon_signed_weakly,
    daemon_unverified,
    daemon_serial_negative,
    daemon_near_end,
    no_alpn,
)


def is_hung_up(evidence: Tls) -> bool:
    """Tell whether it was the daemon itself that ended the connection: nobody else can after its Finished."""
    handshake = evidence.handshake
    return evidence.outcome is Outcome.CLOSED and evidence.pair is not None and handshake.exchange.is_authenticated


def _is_inspected(evidence: Tls) -> bool:
    """Tell whether somebody whom this machine trusts for the web answers in the daemon's name."""
    chain = evidence.handshake.negotiated.chain
    if evidence.handshake.is_of_known_authority or not chain:
        return False
    try:
        is_in_its_name = hostnames.covers(chain[0], evidence.server_name)
    except MalformedError:
        return False
    return is_in_its_name and (web_trust.is_inspectors(certificates.issuer_words(chain[0])) or web_trust.vouches(chain))


def _other_issuer(evidence: Tls) -> str:
    """Say who has issued the daemon's certificate, and how that differs from whom this client trusts."""
    chain = evidence.handshake.negotiated.chain
    if not chain:
        return "somebody whose certificates cannot be read"
    issuer, seen = certificates.words(chain[0].issuer), hostnames.key_of_issuer(chain[0])
    alike = [known for known in evidence.authorities if known.subject == chain[0].issuer]
    keys = [hostnames.key_of(known) for known in alike]
    if alike and seen not in keys:
        return f"an authority that is also called {issuer}, but has another key (seen {seen}, trusted here {keys[0]})"
    trusted = " or ".join(certificates.words(authority.subject) for authority in evidence.authorities)
    return f"{issuer}; trusted here is {trusted}, by its key"


def _unfit_authority(evidence: Tls) -> tuple[x509.Certificate, str] | None:
    """Return the authority that has signed in the daemon's chain and may not, and what it lacks.

    Go does not take it for a signer at all, and OpenSSL says now this and now that.
    """
    if not evidence.handshake.verify_errors:
        return None
    chain = evidence.handshake.negotiated.chain
    for shown in chain:
        signers = [each for each in (*evidence.authorities, *chain) if each != shown and has_signed(each, shown)]
        lacks = [(each, lack) for each in signers if (lack := _lack(each))]
        if lacks and len(lacks) == len(signers):
            return lacks[0]
    return None


def _lack(authority: x509.Certificate) -> str:
    """Say why an authority may not vouch for a daemon's certificate, by Go's rules; empty if it may."""
    try:
        if not extensions.is_authority(authority):
            return "is no authority by its basic constraints"
        if not extensions.signs_certificates(authority):
            return "has key usages without the signing of certificates"
        is_for_servers = extensions.allows(authority, ExtendedKeyUsageOID.SERVER_AUTH)
    except MalformedError:
        return "has extensions that cannot be read"
    return "" if is_for_servers else "has extended key usages without serverAuth"


def _named(certificate: x509.Certificate, host: str) -> str:
    """Say what a certificate names instead of a host."""
    if hostnames.is_misplaced(certificate, host):
        return "the address stands there as a DNS name, where clients do not look for addresses"
    names = hostnames.hosts(certificate)
    if names:
        return f"it names {', '.join(names)}"
    common = hostnames.common_name(certificate)
    return (
        f"it names no host at all, and its common name {common} does not count" if common else "it names no host at all"
    )


def _unverified(evidence: Tls, codes: Container[int]) -> bool:
    return any(code in codes for code, _ in evidence.handshake.verify_errors)


def _code(number: int) -> str:
    found = [name for name, value in vars(Code).items() if value == number]
    return found[0] if found else f"error {number}"


def _first_line(said: bytes) -> str:
    return repr(said.split(b"\n")[0][:60].decode("ascii", "replace").strip())
