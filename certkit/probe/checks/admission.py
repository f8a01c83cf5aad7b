"""The TLS stage, the client's side: the daemon's word on this client's certificate."""

from certkit.pki import certificates
from certkit.probe import alerts
from certkit.probe.alerts import describe
from certkit.probe.checks.handshake_evidence import Tls
from certkit.probe.observed import Answer, Doubt, Outcome
from certkit.probe.stage import Found, finding
from certkit.probe.validity import until


@finding(
    "The daemon believes other authorities than the one that issued this certificate. Earthly would not even show it, "
    'wait 60 seconds and say "buildkitd did not respond".'
)
def authority_not_accepted(evidence: Tls) -> Found | None:
    negotiated = evidence.handshake.negotiated
    if not evidence.pair or not negotiated.accepted or _is_accepted(evidence) or evidence.outcome is Outcome.UNVERIFIED:
        return None
    return Found(
        f"the daemon accepts {' and '.join(negotiated.accepted_names)}; this certificate is of {_issuer(evidence)}"
    )


@finding(
    "The daemon holds an authority of this name, but with another key. The authority was made anew, or one of the two "
    "is an impostor's."
)
def authority_of_same_name(evidence: Tls) -> Found | None:
    if not _refused(evidence) or evidence.handshake.alert != alerts.UNKNOWN_CA or not _is_accepted(evidence):
        return None
    return Found(f"the daemon does not believe {_issuer(evidence)} ({describe(evidence.handshake.alert)})")


@finding("The certificate is valid by this machine's clock and not by the daemon's: one of the two clocks is off.")
def clocks_differ(evidence: Tls) -> Found | None:
    if not _refused(evidence) or evidence.handshake.alert != alerts.CERTIFICATE_EXPIRED or evidence.fault:
        return None
    own, now = evidence.pair.chain[0] if evidence.pair else None, evidence.now
    if own is None:
        return None
    return Found(
        f"the daemon says that the certificate is out of its time ({describe(evidence.handshake.alert)}); here it is "
        f"{now:%Y-%m-%d %H:%M} UTC, and it is valid until {until(own.not_valid_after_utc, now)}",
        expires=own.not_valid_after_utc,
    )


@finding("The daemon refused the certificate for what is wrong with it. Earthly would wait 60 seconds and not say so.")
def certificate_unfit(evidence: Tls) -> Found | None:
    if not _refused(evidence) or not evidence.fault or not _is_accepted(evidence):
        return None
    if evidence.handshake.alert == alerts.UNKNOWN_CA:
        return None
    return Found(f"the daemon refused this certificate ({describe(evidence.handshake.alert)})", finding=evidence.fault)


@finding(
    "The daemon accepts the authority that issued this certificate, and refused this certificate all the same. It has "
    'most likely been revoked. Earthly would wait 60 seconds and say "buildkitd did not respond".'
)
def certificate_refused(evidence: Tls) -> Found | None:
    handshake = evidence.handshake
    if not _refused(evidence) or evidence.fault or not _is_accepted(evidence):
        return None
    if handshake.alert in (alerts.UNKNOWN_CA, alerts.CERTIFICATE_EXPIRED):
        return None
    own = certificates.words(evidence.pair.chain[0].subject) if evidence.pair else ""
    return Found(f"the daemon refused this certificate ({describe(handshake.alert)})", subject=own)


@finding(
    "Somebody refused this certificate who has not proven to be the daemon: it may be the daemon, or anybody on the "
    "network between. Only TLS 1.3 tells the two apart."
)
def refusal_unproven(evidence: Tls) -> Found | None:
    alert, doubt = evidence.handshake.alert, evidence.handshake.exchange.doubt
    if evidence.pair is None or doubt not in _FORGEABLE or not _is_accepted(evidence):
        return None
    if alert not in alerts.ABOUT_CERTIFICATE and alert != alerts.HANDSHAKE_FAILURE:
        return None
    return Found(f"{_SAID[doubt]} ({describe(alert)})")


@finding("The daemon ended the handshake for a reason that is not this client's certificate.")
def handshake_refused(evidence: Tls) -> Found | None:
    is_refusal = evidence.outcome is Outcome.REFUSED and not _refused(evidence)
    if not is_refusal or _wants_certificate(evidence) or refusal_unproven.look(evidence):
        return None
    if evidence.handshake.alert in alerts.ABOUT_CERTIFICATE and not _is_accepted(evidence):
        return None  # told as authority-not-accepted
    return Found(f"the daemon ended the handshake ({describe(evidence.handshake.alert)})")


FINDINGS = (
    authority_not_accepted,
    authority_of_same_name,
    clocks_differ,
    certificate_unfit,
    certificate_refused,
    refusal_unproven,
    handshake_refused,
)

_SAID = {
    Doubt.UNAUTHENTICATED: "the handshake was ended before the daemon had proven that it is the daemon",
    Doubt.OLD_TLS: "the handshake was ended in TLS 1.2, where anybody on the network can do so",
}
_FORGEABLE = frozenset(_SAID)


def _refused(evidence: Tls) -> bool:
    """Tell whether it was the daemon, and no other, that refused what it was shown."""
    return evidence.pair is not None and evidence.handshake.exchange.answer is Answer.REFUSED


def _wants_certificate(evidence: Tls) -> bool:
    """Tell whether the daemon has only asked for the certificate that there is none of here."""
    return evidence.pair is None and bool(evidence.handshake.negotiated.accepted)


def _is_accepted(evidence: Tls) -> bool:
    """Tell whether the daemon names an authority of this certificate, or none at all."""
    accepted = evidence.handshake.negotiated.accepted
    chain = evidence.pair.chain if evidence.pair else ()
    return not accepted or any(certificate.issuer.public_bytes() in accepted for certificate in chain)


def _issuer(evidence: Tls) -> str:
    return certificates.words(evidence.pair.chain[0].issuer) if evidence.pair else ""
