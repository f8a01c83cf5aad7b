"""All verbs: where each stands, and what the list of them says of it.

The program's help is written from this list alone. A test holds it equal to what the verbs themselves say.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Verb:
    """A command of the program."""

    place: str
    """Its function, or its group of commands: `module:name` in `certkit.cli.verbs`."""

    summary: str
    """The first line of its help."""


GROUPS: Mapping[str, Mapping[str, Verb]] = {
    "Team lead": {
        "init": Verb("init:init", "Create a team: both authorities and the daemon's certificate."),
        "daemon": Verb("daemon:app", "The team's daemons: add, renew, list, deploy, check, remove."),
        "issue": Verb("issue:issue", "Issue a bundle: the file with which somebody enrolls a machine."),
        "sign": Verb("sign:sign", "Sign a request from a developer's machine: its key stays there."),
        "revoke": Verb("revoke:revoke", "Shut a person, or one device, out of every daemon."),
        "reinstate": Verb("revoke:reinstate", "Let a person, or one device, in again."),
        "rotate": Verb("rotate:rotate", "Replace an authority, step by step, so that nobody is shut out."),
        "authority": Verb("authority:app", "The authorities: their fingerprints and their passphrase."),
        "backup": Verb("backup:backup", "Write the whole home to one file, under a passphrase."),
        "restore": Verb("backup:restore", "Make a home from a backup; one that is there is not touched."),
        "list": Verb("list:list_people", "List everybody who was let in, device by device, until when."),
        "show": Verb("show:show", "Show all that is known of a person, certificate or daemon."),
        "status": Verb("status:status", "Say what expires when, and what needs attention."),
        "log": Verb("log:log", "Show what was done: when, by whom, where, to whom or what."),
    },
    "Developer": {
        "enroll": Verb("enroll:enroll", "Enroll this machine to build on the team's daemon."),
        "probe": Verb("probe:probe", "Check that the daemon serves this laptop and no stranger."),
        "unenroll": Verb("unenroll:unenroll", "Undo enroll: former settings back, certificates and key gone."),
    },
    "Anyone": {
        "demo": Verb("demo:demo", "Show it all in a scratch folder, and three things going wrong."),
    },
}
"""The verbs by who needs them."""

VERBS: Mapping[str, Verb] = {name: verb for group in GROUPS.values() for name, verb in group.items()}

ALIASES = {"enrol": "enroll", "unenrol": "unenroll"}
"""Other spellings of verbs, which no help lists."""
