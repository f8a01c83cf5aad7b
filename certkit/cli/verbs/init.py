"""`certkit init`."""

from pathlib import Path
from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.support import completions, options

Team = Annotated[str, typer.Option("--team", help="The team's name: a short word such as acme.")]
Url = Annotated[str, typer.Option("--daemon", help="The daemon's URL as laptops will reach it.")]
Name = Annotated[str | None, typer.Option("--name", help="What to call the daemon; by default, as its host.")]
San = Annotated[list[str] | None, typer.Option("--san", help="Another host name or address of it; repeatable.")]
KeyType = Annotated[
    str,
    typer.Option(
        "--key-type",
        help="p256, p384, ed25519, rsa3072 or rsa4096, for all keys of the team.",
        autocompletion=completions.key_types,
    ),
]
Passphrase = Annotated[
    bool, typer.Option("--passphrase", help="Encrypt the authorities' keys; the passphrase is asked for.")
]
PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", help="Encrypt them with the passphrase in this file's first line.")
]
PassphraseCommand = Annotated[
    str | None, typer.Option("--passphrase-command", help="Encrypt them with the passphrase that this command prints.")
]
ServerCa = Annotated[
    tuple[Path, Path] | None, typer.Option("--server-ca", metavar="CERT KEY", help="Adopt this server authority.")
]
ClientCa = Annotated[
    tuple[Path, Path] | None, typer.Option("--client-ca", metavar="CERT KEY", help="Adopt this client authority.")
]
CaPassphraseFile = Annotated[
    Path | None,
    typer.Option("--ca-passphrase-file", help="The adopted key's passphrase: the first line of this file."),
]
CaPassphraseCommand = Annotated[
    str | None, typer.Option("--ca-passphrase-command", help="The adopted key's passphrase: what this command prints.")
]


def init(
    team: Team,
    daemon: Url,
    name: Name = None,
    san: San = None,
    key_type: KeyType = "p256",
    passphrase: Passphrase = False,
    passphrase_file: PassphraseFile = None,
    passphrase_command: PassphraseCommand = None,
    server_ca: ServerCa = None,
    client_ca: ClientCa = None,
    ca_passphrase_file: CaPassphraseFile = None,
    ca_passphrase_command: CaPassphraseCommand = None,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Create a team: both authorities and the daemon's certificate.

    \b
    certkit init --team acme --daemon tcp://build.acme.example:8372
    certkit init --team acme --daemon tcp://10.0.0.7:8372 --san build.acme.example --passphrase
    certkit init --team acme --daemon tcp://build.acme.example:8372 --client-ca ca_cert.pem ca_key.pem

    Existing files are never overwritten. Exit codes: 0 created, 1 failure, 2 usage.
    """
    actions.init.init(
        home,
        actions.init.Wanted(team, daemon, name, tuple(san or ()), key_type, passphrase_file, passphrase_command),
        actions.init.Existing(server_ca, client_ca, ca_passphrase_file, ca_passphrase_command),
        passphrase=passphrase,
        as_json=as_json,
    )
