"""Remedies for what enrolling, unenrolling and reading a client's configuration may raise, by error code."""

from collections.abc import Mapping

_NEW_CODE = "Ask whoever runs certkit for your team for a new one."

REMEDIES: Mapping[str, str] = {
    "client-config-of-flag-clients": "Add --for earthly or --for earthbuild.",
    "client-config-of-two": "Choose one with --for.",
    "client-not-enrolled": "certkit unenroll without --team undoes any.",
    "certificate-expired": _NEW_CODE,
    "code-cancelled": _NEW_CODE,
    "code-expired": _NEW_CODE,
    "code-incomplete": "Copy the whole line; if it was sent in parts, put them together.",
    "code-mistyped": "Copy the line instead of typing it, or ask for a new one.",
    "code-unknown": _NEW_CODE,
    "code-used": "If you have used it yourself, ask for another, for each machine one. If not, somebody else has: tell "
    "whoever runs certkit for your team at once.",
    "code-used-here": _NEW_CODE,
    "daemon-not-enrolled": "It knows: {known:,}. One that was added since comes with a new bundle: certkit enroll FILE",
    "enrolled-by-another-config": "Use --config {configs:,}",
    "enrolled-in-several-teams": "Say which with --team.",
    "enrollment-not-renewed": "Enroll again with --force: it replaces the certificate and its key.",
    "enrollment-unproven": "Ask for an encrypted file, or compare it with your lead and enroll with --force.",
    "enrollment-revoked": "Ask whoever runs certkit for your team.",
    "not-a-code": "A code is one line that begins with https:// and has a # in it.",
    "not-enrolled-at-all": "certkit enroll CODE, or with a bundle: certkit enroll FILE",
    "request-key-missing": (
        "Enroll as the user and on the machine that made the request, or make another: certkit enroll --request FILE"
    ),
    "renewal-without-server": "Ask whoever runs certkit for your team for a code: what a code enrolled renews.",
    "server-busy": "Try again in {wait:,}.",
    "server-certificate": "Compare this machine's clock with the true time: date -u. If it is right, somebody may "
    "be in between: tell whoever runs certkit for your team.",
    "server-not-the-server": "Tell whoever runs certkit for your team: a daemon, or who has its key, answers there.",
    "server-pin": "If {issuer} is a proxy's that opens TLS, have {url} let through unopened, or use another network. "
    "Else the team's authority was replaced: ask for a new code.",
    "lead-not-enrolled": "Enroll it, with a code of yours: certkit enroll CODE",
    "lead-server-ambiguous": "Say which: --server URL",
    "lead-without-server": "Say where it is: --server URL",
    "server-answer": "See that certkit is the same version here and there, and tell whoever runs the server.",
    "server-refused": "Ask whoever runs certkit for your team.",
    "server-unreachable": "Check this machine's network and its VPN; if they are well, tell whoever runs certkit for "
    "your team.",
}
