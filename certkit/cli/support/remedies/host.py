"""Remedies for what a daemon's host may meet when it enrolls and syncs, by error code."""

from collections.abc import Mapping

_INVITE = "on the lead's side certkit invite --daemon {daemon}, here certkit enroll CODE"

REMEDIES: Mapping[str, str] = {
    "anchors-older": "If the team's home was restored from a backup, enroll this host again: " + _INVITE + ". If not, "
    "tell whoever runs certkit for your team.",
    "authority-not-for-hosts": "Copy the daemon's files to its host as before, or replace the authority: "
    "certkit rotate server prepare",
    "host-clock": "Compare this machine's clock with the true time: date -u. If it is right, tell whoever runs certkit "
    "for your team.",
    "host-damaged": "Ask whoever runs certkit for your team for a new code, and enroll this host again.",
    "host-not-enrolled": "On the lead's side certkit invite --daemon NAME, here certkit enroll CODE.",
    "host-of-several": "Name one: certkit daemon sync NAME, of {known:,}.",
    "host-revoked": "If this is still the daemon's host, ask whoever runs certkit for your team for a new code.",
    "news-of-another": "Tell whoever runs certkit for your team; if another daemon runs here now, enroll again.",
    "no-restart-command": "Restart it by hand, or say how: --restart-command COMMAND",
    "restart-failed": "Try it by hand: {command:raw}",
    "restart-in-vain": "See that it reads the files in {directory}, that its URL leads to it from here, and what it "
    "logs; then restart it by hand.",
}
