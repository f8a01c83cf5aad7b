"""Remedies for what the lead's operations, the ledger and certificates may raise, by error code."""

from collections.abc import Mapping

REMEDIES: Mapping[str, str] = {
    "authority-expired": "Rotate it: certkit rotate --help",
    "not-a-request": "Make one: certkit enroll --request FILE",
    "rotation-locks-out": "They must get the new one first, and certkit rotate says how. --force goes on without them.",
}
