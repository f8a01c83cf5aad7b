"""More of the TLS stage: the daemon's word on this client's certificate."""

import shlex

from certkit.pki import certificates
from certkit.probe import alerts
from certkit.probe.alerts import describe
from certkit.probe.checks.tls import Tls, tls
from certkit.probe.handshake import Outcome
from certkit.probe.stage import Found
from certkit.probe.validity import until

__all__ = ["tls"]

ASK = "ask who runs the team's certkit; they see it with\n  certkit show "


@tls.finding
def authority_not_accepted(evidence: Tls) -> Found | None:
    """The daemon believes other authorities than the one that issued this certificate.

    Earthly would not even show it, wait 60 seconds and say "buildkitd did not respond".
    """
    negotiated = evidence.handshake.negotiated
    if not evidence.pair or not negotiated.accepted or _is_accepted(evidence) or evidence.outcome is Outcome.UNVERIFIED:
        return None
    return Found(
        f"the daemon accepts {' and '.join(negotiated.accepted_names)}; this certificate is of {_issuer(evidence)}",
        "enroll with this daemon's team:\n  certkit enroll FILE",
    )


@tls.finding
def authority_of_same_name(evidence: Tls) -> Found | None:
    """The daemon holds an authority of this name, but with another key.

    The authority was made anew, or one of the two is an impostor's.
    """
    if not _refused(evidence) or evidence.handshake.alert != alerts.UNKNOWN_CA or not _is_accepted(evidence):
        return None
    return Found(
        f"the daemon does not believe {_issuer(evidence)} ({describe(evidence.handshake.alert)})",
        "ask who runs the team's certkit for a new bundle, made with the present authority:\n  certkit enroll FILE",
    )


@tls.finding
def clocks_differ(evidence: Tls) -> Found | None:
    """The certificate is valid by this machine's clock and not by the daemon's: one of the two clocks is off."""
    if not _refused(evidence) or evidence.handshake.alert != alerts.CERTIFICATE_EXPIRED or evidence.fault:
        return None
    own, now = evidence.pair.chain[0] if evidence.pair else None, evidence.now
    if own is None:
        return None
    return Found(
        f"the daemon says that the certificate is out of its time ({describe(evidence.handshake.alert)}); here it is "
        f"{now:%Y-%m-%d %H:%M} UTC, and it is valid until {until(own.not_valid_after_utc, now)}",
        "compare both clocks with the true time, here and on the daemon's host:\n  date -u",
    )


@tls.finding
def certificate_unfit(evidence: Tls) -> Found | None:
    """The daemon refused the certificate for what is wrong with it. Earthly would wait 60 seconds and not say so."""
    if not _refused(evidence) or not evidence.fault or not _is_accepted(evidence):
        return None
    if evidence.handshake.alert == alerts.UNKNOWN_CA:
        return None
    return Found(
        f"the daemon refused this certificate ({describe(evidence.handshake.alert)})",
        f"see {evidence.fault}",
    )


@tls.finding
def certificate_refused(evidence: Tls) -> Found | None:
    """The daemon accepts the authority that issued this certificate, and refused this certificate all the same.

    It has most likely been revoked. Earthly would wait 60 seconds and say "buildkitd did not respond".
    """
    handshake = evidence.handshake
    if not _refused(evidence) or evidence.fault or not _is_accepted(evidence):
        return None
    if handshake.alert in (alerts.UNKNOWN_CA, alerts.CERTIFICATE_EXPIRED):
        return None
    own = certificates.words(evidence.pair.chain[0].subject) if evidence.pair else ""
    return Found(f"the daemon refused this certificate ({describe(handshake.alert)})", ASK + shlex.quote(own))


@tls.finding
def handshake_refused(evidence: Tls) -> Found | None:
    """The daemon ended the handshake for a reason that is not this client's certificate."""
    if evidence.outcome is not Outcome.REFUSED or _refused(evidence) or _wants_certificate(evidence):
        return None
    return Found(
        f"the daemon ended the handshake ({describe(evidence.handshake.alert)})",
        "check the port; if it is the daemon's, see what it says:\n  docker logs buildkitd-NAME",
    )


def _refused(evidence: Tls) -> bool:
    """Tell whether the daemon refused what it was shown."""
    return (
        evidence.outcome is Outcome.REFUSED
        and evidence.pair is not None
        and evidence.handshake.alert in alerts.ABOUT_CERTIFICATE
    )


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
