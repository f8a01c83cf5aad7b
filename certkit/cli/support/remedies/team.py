"""Remedies for what the lead's operations, the ledger and certificates may raise, by error code."""

from collections.abc import Mapping

REMEDIES: Mapping[str, str] = {
    "backup-passphrase-not-shown": "Nobody can open it: remove it, and make another: certkit backup {file}",
    "bundle-passphrase-not-shown": (
        "Nobody can open it: remove it, and issue again: certkit issue {person} --device {device} --out {out}"
    ),
}
