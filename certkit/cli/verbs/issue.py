"""`certkit issue`."""

from pathlib import Path
from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.support import completions, options
from certkit.errors import InvalidError


def issue(
    person: Annotated[
        str,
        typer.Argument(
            metavar="PERSON",
            help="The person to issue it for, such as alice@acme.example.",
            autocompletion=completions.people,
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="The bundle to write, never overwritten; - prints it as one line.")
    ],
    device: options.NewDeviceOption = None,
    passphrase_file: Annotated[
        Path | None,
        typer.Option("--passphrase-file", help="Encrypt the bundle with the passphrase in this file's first line."),
    ] = None,
    no_passphrase: Annotated[
        bool, typer.Option("--no-passphrase", help="Do not encrypt it: whoever has the file may build.")
    ] = False,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Issue a bundle: the file that enrolls a developer's machine.

    \b
    certkit issue alice@acme.example --out alice.certkit
    certkit issue ci --device github --out ci.certkit --passphrase-file secret.txt
    certkit issue ci --device github --out - --passphrase-file secret.txt | gh secret set CERTKIT_BUNDLE

    The bundle is encrypted under a passphrase that is shown once. Where no key should travel at all, sign a request
    instead: certkit sign --help. Exit codes: 0 issued, 1 failure, 2 usage.
    """
    if passphrase_file and no_passphrase:
        raise InvalidError("--no-passphrase and --passphrase-file contradict each other", "Keep one of them.")
    actions.issue.issue(home, person, device, out, passphrase_file, no_passphrase=no_passphrase, as_json=as_json)
