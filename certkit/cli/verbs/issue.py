"""`certkit issue`."""

from pathlib import Path
from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.remote.offer import File, offered
from certkit.cli.support import completions, options
from certkit.errors import InvalidError

_ONE = "See certkit issue --help, for example: certkit issue alice@acme.example --out alice.certkit"
_MANY = "See certkit issue --help, for example: certkit issue --from people.csv --out-dir bundles"

Person = Annotated[
    str | None,
    typer.Argument(
        metavar="PERSON",
        help="The person to issue it for, such as alice@acme.example.",
        autocompletion=completions.people,
    ),
]
Out = Annotated[
    Path | None, typer.Option("--out", help="The bundle to write, never overwritten; - prints it as one line.")
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="Encrypt the bundle with the passphrase in this file's first line."),
]
NoPassphrase = Annotated[
    bool, typer.Option("--no-passphrase", help="Do not encrypt it: whoever has the file may build.")
]
From = Annotated[
    Path | None,
    typer.Option("--from", help="Issue for everybody in this CSV file: person,device. - reads standard input."),
]
Expiring = Annotated[
    bool, typer.Option("--expiring", help="Issue for every device whose certificate ends within 30 days.")
]
Moved = Annotated[
    bool, typer.Option("--moved", help="Issue for every device that has a former URL of a daemon: daemon move.")
]
OutDir = Annotated[
    Path | None, typer.Option("--out-dir", help="The folder for many bundles, and the table of their passphrases.")
]


@offered("issue", people=File.READ, passphrase_file=File.READ, out=File.WRITTEN, out_dir=File.FILLED)
def issue(
    person: Person = None,
    out: Out = None,
    device: options.NewDeviceOption = None,
    passphrase_file: PassphraseFile = None,
    no_passphrase: NoPassphrase = False,
    life: options.LifeOption = None,
    people: From = None,
    expiring: Expiring = False,
    moved: Moved = False,
    out_dir: OutDir = None,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Issue a bundle: the file that enrolls a developer's machine.

    \b
    certkit issue alice@acme.example --out alice.certkit
    certkit issue carol@agency.example --life 30 --out carol.certkit
    certkit issue ci --device github --out ci.certkit --passphrase-file secret.txt
    certkit issue ci --device github --out - --passphrase-file secret.txt | gh secret set CERTKIT_BUNDLE
    certkit issue --from people.csv --out-dir bundles
    certkit issue --expiring --out-dir renewals-2027-10
    certkit issue --moved --out-dir moved

    The bundle is encrypted under a passphrase that is shown once. Where no key should travel at all, sign a request
    instead: certkit sign --help.

    For many at once: people.csv has the line person,device first, and a line for each bundle; without a device, it is
    for a new one. Either every line is good, or nothing is issued. Who has a certificate already is skipped, so the
    same command goes on after an interruption, and takes a longer file. Each bundle has a passphrase of its own, which
    only the table bundles.csv in the folder tells (and --json).

    Exit codes: 0 issued, 1 failure, 2 usage.
    """
    chosen = [name for name, is_so in (("--from", people), ("--expiring", expiring), ("--moved", moved)) if is_so]
    if chosen:
        if out_dir is None:
            raise InvalidError("missing option '--out-dir'", _MANY)
        _refuse(
            chosen[1:] and f"{' and '.join(chosen)} each say for whom",
            person and f"{person!r} is one person, and {chosen[0]} means many",
            out and "--out is for one bundle: many need --out-dir",
            device and "--device is for one bundle; --from takes devices from its file",
            life and "--life is for one certificate",
            passphrase_file and "--passphrase-file would give everybody one passphrase",
        )
        many = actions.issue_many.Many(people, moved, out_dir, no_passphrase=no_passphrase, as_json=as_json)
        actions.issue_many.issue(home, many)
        return
    if person is None:
        raise InvalidError("missing argument 'PERSON'", _ONE)
    if out_dir:
        raise InvalidError("--out-dir is for many at once", _MANY)
    if out is None:
        raise InvalidError("missing option '--out'", _ONE)
    if passphrase_file and no_passphrase:
        raise InvalidError("--no-passphrase and --passphrase-file contradict each other", "Keep one of them.")
    actions.issue.issue(
        home, person, device, out, passphrase_file, life=life, no_passphrase=no_passphrase, as_json=as_json
    )


def _refuse(*problems: object) -> None:
    for problem in filter(None, problems):
        raise InvalidError(str(problem), _MANY)
