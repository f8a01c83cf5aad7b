"""All verbs: where each stands, and what the list of them says of it.

The program's help is written from this list alone. A test holds it equal to what the verbs themselves say.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Verb(NamedTuple):
    """A command of the program."""

    place: str
    """Its function, or its group of commands: `module:name` in `certkit.cli.verbs`."""

    summary: str
    """The first line of its help."""


GROUPS: Mapping[str, Mapping[str, Verb]] = {
    "Team lead": {
        "init": Verb("init:init", "Create a team: both authorities and the daemon's certificate."),
        "daemon": Verb("daemon:app", "The team's daemons: add, move, renew, list, deploy, check, remove, …"),
        "issue": Verb("issue:issue", "Issue a bundle: the file that enrolls a developer's machine."),
        "sign": Verb("sign:sign", "Sign a request from a developer's machine; its key stays there."),
        "invite": Verb("invite:invite", "Invite a developer, or a daemon's host: make a code to enroll with."),
        "serve": Verb("serve:serve", "Serve enrollment and renewal over the network, by EST on HTTPS."),
        "lead": Verb("lead:app", "The leads: who acts from a laptop, and what they agree on."),
        "apply": Verb("apply:apply", "Make the team be as a roster says: a file with its people and daemons."),
        "revoke": Verb("revoke:revoke", "Lock a person, or one device, out of every daemon."),
        "reinstate": Verb("revoke:reinstate", "Let a person, or one device, back in."),
        "rotate": Verb("rotate:rotate", "Replace an authority step by step, without locking anyone out."),
        "authority": Verb("authority:app", "The authorities: their fingerprints and their passphrase."),
        "backup": Verb("backup:backup", "Back up the whole home to one encrypted file."),
        "restore": Verb("backup:restore", "Restore a home from a backup; never overwrites one."),
        "ledger": Verb("ledger:app", "The ledger: copy it to another database, and compare."),
        "list": Verb("list:list_people", "List people and their devices, and when access expires."),
        "show": Verb("show:show", "Show everything known about a person, certificate or daemon."),
        "status": Verb("status:status", "Show what expires when, and what needs attention."),
        "log": Verb("log:log", "Show the log: what was done, when and by whom."),
    },
    "Developer": {
        "enroll": Verb("enroll:enroll", "Enroll this machine to build on the team's daemon."),
        "renew": Verb("renew:renew", "Renew this machine's certificate at the team's server."),
        "needs-renewal": Verb("needs_renewal:needs_renewal", "Tell whether the certificate should be renewed now."),
        "probe": Verb("probe:probe", "Check that the daemon serves this laptop and no stranger."),
        "use": Verb("use:use", "Switch to another of the team's daemons, or list them."),
        "unenroll": Verb("unenroll:unenroll", "Undo enroll: restore the settings, remove certificates and key."),
    },
    "Anyone": {
        "demo": Verb("demo:demo", "Run a complete demo in a scratch folder, with three failures."),
    },
}
"""The verbs by who needs them."""

VERBS: Mapping[str, Verb] = {name: verb for group in GROUPS.values() for name, verb in group.items()}

ALIASES = {"enrol": "enroll", "unenrol": "unenroll"}
"""Other spellings of verbs, which no help lists."""
