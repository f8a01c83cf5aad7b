"""`certkit sign`."""

from pathlib import Path
from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.remote.offer import File, offered
from certkit.cli.support import completions, options


@offered("sign", request=File.READ, out=File.WRITTEN)
def sign(
    request: Annotated[
        Path, typer.Argument(metavar="REQUEST", help="The request, PEM or DER; - reads standard input.")
    ],
    person: Annotated[
        str,
        typer.Option(
            "--person", help="The person who sent it, such as alice@acme.example.", autocompletion=completions.people
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", help="The answer to write, never overwritten; - prints it as one line.")
    ],
    device: options.NewDeviceOption = None,
    life: options.LifeOption = None,
    pem: Annotated[
        bool, typer.Option("--pem", help="Write a PEM chain, for a machine without certkit: certificate and issuer.")
    ] = False,
    home: options.HomeOption = None,
    as_json: options.JsonOption = False,
) -> None:
    """Sign a request from a developer's machine; its key stays there.

    \b
    certkit enroll --request alice.csr              # alice, on her laptop
    certkit sign alice.csr --person alice@acme.example --out alice.certkit
    certkit enroll alice.certkit                    # alice again
    certkit sign openssl.csr --person ci --out ci.pem --pem  # made by openssl

    Only the key in the request is believed: you say whose it is, so be sure that it came from them. The answer holds
    no secret. Exit codes: 0 signed, 1 failure, 2 usage.
    """
    actions.sign.sign(home, request, person, device, out, life=life, pem=pem, as_json=as_json)
