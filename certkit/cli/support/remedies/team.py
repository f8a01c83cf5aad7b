"""Remedies for what the lead's operations, the ledger and certificates may raise, by error code."""

from collections.abc import Mapping

_TWO_MACHINES = "If they are two machines, say how the other is reached: certkit daemon deploy {other} --ssh USER@HOST"
"""For daemons that a name in common makes look as if they shared a host."""

REMEDIES: Mapping[str, str] = {
    "authority-expired": "Replace it: certkit rotate {role} {step}",
    "authority-passphrase-wrong": 'Try again; if nobody knows it any more, see "A forgotten passphrase" in '
    "docs/lead.md.",
    "authority-not-yet-valid": "Set this machine's clock. If it is right, the authorities were made by one that was "
    "ahead: move this home away, and create the team again with certkit init.",
    "bundles-not-written": "Make room for them, and run the same command again: it issues what is missing.",
    "certificate-of-daemon": "If its key leaked: certkit rotate server --compromised. "
    "For a new certificate alone: certkit daemon renew {daemon}",
    "certificate-unknown": "See what there is: certkit show PERSON",
    "codes-not-handed-out": "Make room for them, and run the same command again.",
    "code-missing": "See which there are: certkit invite list",
    "daemons-none": "Add one: certkit daemon add --help",
    "daemon-exists": "Renew it: certkit daemon renew {daemon}",
    "daemon-left-out": "Name the daemon as they allow, or replace the authority: certkit rotate server prepare",
    "daemon-missing": "There are: {known:,}. Add one: certkit daemon add --help",
    "daemon-url-taken": "Two daemons on one host need two ports. For a new certificate: certkit daemon renew {daemon}",
    "daemon-file-taken": "Choose another way for one of them with --as. " + _TWO_MACHINES,
    "daemon-folder-taken": "Choose another with --certs FOLDER. " + _TWO_MACHINES,
    "daemon-port-taken": "Two daemons on one host need two ports. " + _TWO_MACHINES,
    "daemon-service-taken": "Choose another with --service NAME, by daemon add or daemon deploy.",
    "database-too-large": "Back up the database by its own means (pg_dump), and copy {home} beside it, as secret as it "
    "is: restored together they are what they were.",
    "device-revoked": "Issue for another device: --device NAME",
    "roster-of-another-team": "Name the home of that team with --home.",
    "host-in-use": "They enroll again first; who, and with which command: certkit daemon move {daemon} {url}",
    "host-of-url": "Move it first: certkit daemon move {daemon} URL",
    "home-exists": "Choose another folder with --home.",
    "home-of-laptop": "Choose another folder with --home, or leave first: certkit unenroll",
    "home-unmakeable": "Choose another folder with --home.",
    "home-foreign": 'Run certkit as that user, sudo -H -u {owner} certkit …; see "Two leads, one home" in '
    "docs/lead.md.",
    "home-missing": "Make one: certkit init --help (or say where it is with --home).",
    "home-missing-on-laptop": "Run it where the team's home is, or name that with --home; leads of a team with a "
    "server: --server URL, where a command has it. To make a team: certkit init --help. To check this laptop: "
    "certkit probe",
    "key-of-another": "Have a new one made: certkit enroll --request FILE",
    "lead-of-another": "Let {person} do it, who can for their own devices, or whoever is at the home.",
    "ledger-too-large": "Copy {home} as a whole, cp -a, to an encrypted disk while nothing works on it: such a copy is "
    "a home as it is.",
    "ledger-missing": 'Restore the newest backup: certkit restore --help. If there is none, see "A lost ledger" in '
    "docs/lead.md.",
    "ledger-missing-in-database": "See what CERTKIT_LEDGER and team.yml name. To put a team's ledger there: "
    "certkit ledger copy --help",
    "lead-wanted": "Whoever is a lead can make you one: certkit lead add PERSON",
    "name-similar": "Did you mean {similar:,}?",
    "name-unknown": "See who there is: certkit list",
    "not-a-request": "Make one: certkit enroll --request FILE",
    "passphrase-source-failed": 'Correct {setting} in {settings}, or take it out to be asked; see "A home that has '
    'moved" in docs/lead.md.',
    "person-revoked": "If they come back with a new laptop: certkit reinstate {person} --without-devices (without that "
    "option their old ones get in again, too)",
    "postgres-not-installed": "Install it: pip install 'certkit[postgres]'",
    "removal-unasked": "Add --yes. What would go: certkit daemon remove {daemon} --dry-run",
    "rotation-on-one-of-several": "Take this step at the home that the authorities are copied from.",
    "proposal-missing": "See what waits: certkit lead proposals",
    "rotation-locks-out": "They must get the new one first; certkit rotate says how. --force continues without them.",
    "server-not-installed": "Install it: pip install 'certkit[server]'",
    "server-missing": "Start it, on a host that laptops reach: certkit serve --url https://HOST:PORT",
    "settings-on-one-of-several": "Write them into each host's team.yml, or apply the policy at each of their homes.",
    "settings-missing": "Write it again, with the line team: NAME, or copy it from a backup: certkit restore FILE "
    "--home ANOTHER_FOLDER",
    "subject-missing": "Name a person, or --device NAME, or --serial NUMBER.",
    "backup-passphrase-not-shown": "Nobody could open it: make another: certkit backup {backup}",
    "bundle-passphrase-not-shown": (
        "Nobody could open it: issue again: certkit issue {person} --device {device} --out {out}"
    ),
    "code-not-shown": "Nobody can use it: cancel it, and invite again: certkit invite cancel {id}",
}
