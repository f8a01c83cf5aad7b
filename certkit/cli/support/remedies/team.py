"""Remedies for what the lead's operations, the ledger and certificates may raise, by error code."""

from collections.abc import Mapping

REMEDIES: Mapping[str, str] = {
    "authority-expired": "Rotate it: certkit rotate --help",
    "authority-not-yet-valid": "Set this machine's clock. If it is right, the authorities were made by one that was "
    "ahead: move this home away, and create the team again with certkit init.",
    "certificate-of-daemon": "If its key leaked: certkit rotate server --compromised. "
    "For a new certificate alone: certkit daemon renew {daemon}",
    "certificate-unknown": "See what there is: certkit show PERSON",
    "code-missing": "See which there are: certkit invite list",
    "daemon-exists": "Renew it: certkit daemon renew {daemon}",
    "daemon-missing": "There are: {known:,}. Add one: certkit daemon add --help",
    "device-revoked": "Issue for another device: --device NAME",
    "home-exists": "Choose another folder with --home.",
    "home-unmakeable": "Choose another folder with --home.",
    "home-missing": "Make one: certkit init --help (or say where it is with --home).",
    "home-missing-on-laptop": "Make one: certkit init --help (or say where it is with --home). "
    "To check this laptop: certkit probe",
    "key-of-another": "Have a new one made: certkit enroll --request FILE",
    "ledger-missing": "Restore it from a backup: certkit restore --help",
    "name-similar": "Did you mean {similar:,}?",
    "name-unknown": "See who there is: certkit list",
    "not-a-request": "Make one: certkit enroll --request FILE",
    "person-revoked": "Reinstate them first: certkit reinstate {person}",
    "rotation-locks-out": "They must get the new one first; certkit rotate says how. --force continues without them.",
    "server-not-installed": "Install it: pip install 'certkit[server]'",
    "server-missing": "Start it, on a host that laptops reach: certkit serve --url https://HOST:PORT",
    "subject-missing": "Name a person, or --device NAME, or --serial NUMBER.",
    "backup-passphrase-not-shown": "Nobody can open it: remove it, and make another: certkit backup {file}",
    "bundle-passphrase-not-shown": (
        "Nobody can open it: remove it, and issue again: certkit issue {person} --device {device} --out {out}"
    ),
    "code-not-shown": "Nobody can use it: cancel it, and invite again: certkit invite cancel {id}",
}
