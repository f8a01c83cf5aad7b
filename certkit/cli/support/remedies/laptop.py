"""Remedies for what enrolling, unenrolling and reading a client's configuration may raise, by error code."""

from collections.abc import Mapping

REMEDIES: Mapping[str, str] = {
    "client-config-of-flag-clients": "Add --for earthly or --for earthbuild.",
    "client-config-of-two": "Choose one with --for.",
    "client-not-enrolled": "certkit unenroll without --team undoes any.",
    "daemon-not-enrolled": "It knows: {known:,}. One that was added since comes with a new bundle: certkit enroll FILE",
    "enrolled-by-another-config": "Use --config {configs:,}",
    "enrolled-in-several-teams": "Say which with --team.",
    "enrollment-not-renewed": "Enroll again with --force: it replaces the certificate and its key.",
    "enrollment-unproven": "Ask for an encrypted file, or compare it with your lead and enroll with --force.",
    "not-enrolled-at-all": "certkit enroll FILE enrolls with a bundle.",
    "request-key-missing": (
        "Enroll as the user and on the machine that made the request, or make another: certkit enroll --request FILE"
    ),
}
