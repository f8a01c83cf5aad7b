"""Remedies for what the lead's operations, the ledger and certificates may raise, by error code."""

from collections.abc import Mapping

REMEDIES: Mapping[str, str] = {
    "authority-expired": "Replace it: certkit rotate {role} {step}",
    "authority-passphrase-wrong": 'Try again; if nobody knows it any more, see "A forgotten passphrase" in '
    "docs/lead.md.",
    "authority-not-yet-valid": "Set this machine's clock. If it is right, the authorities were made by one that was "
    "ahead: move this home away, and create the team again with certkit init.",
    "certificate-of-daemon": "If its key leaked: certkit rotate server --compromised. "
    "For a new certificate alone: certkit daemon renew {daemon}",
    "certificate-unknown": "See what there is: certkit show PERSON",
    "daemon-exists": "Renew it: certkit daemon renew {daemon}",
    "daemon-left-out": "Name the daemon as they allow, or replace the authority: certkit rotate server prepare",
    "daemon-missing": "There are: {known:,}. Add one: certkit daemon add --help",
    "device-revoked": "Issue for another device: --device NAME",
    "home-exists": "Choose another folder with --home.",
    "home-unmakeable": "Choose another folder with --home.",
    "home-foreign": 'Run certkit as that user, sudo -H -u {owner} certkit …; see "Two leads, one home" in '
    "docs/lead.md.",
    "home-missing": "Make one: certkit init --help (or say where it is with --home).",
    "home-missing-on-laptop": "Make one: certkit init --help (or say where it is with --home). "
    "To check this laptop: certkit probe",
    "key-of-another": "Have a new one made: certkit enroll --request FILE",
    "ledger-missing": 'Restore the newest backup: certkit restore --help. If there is none, see "A lost ledger" in '
    "docs/lead.md.",
    "name-similar": "Did you mean {similar:,}?",
    "name-unknown": "See who there is: certkit list",
    "not-a-request": "Make one: certkit enroll --request FILE",
    "passphrase-source-failed": 'Correct {setting} in {settings}, or take it out to be asked; see "A home that has '
    'moved" in docs/lead.md.',
    "person-revoked": "Reinstate them first: certkit reinstate {person}",
    "rotation-locks-out": "They must get the new one first; certkit rotate says how. --force continues without them.",
    "subject-missing": "Name a person, or --device NAME, or --serial NUMBER.",
    "backup-passphrase-not-shown": "Nobody can open it: remove it, and make another: certkit backup {file}",
    "bundle-passphrase-not-shown": (
        "Nobody can open it: remove it, and issue again: certkit issue {person} --device {device} --out {out}"
    ),
}
