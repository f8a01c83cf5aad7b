"""`certkit sign`."""

from pathlib import Path
from typing import Annotated

import typer

from certkit.cli.support import completions, context, input_files
from certkit.cli.support.issuance_report import DeviceOption, as_data, in_words, say_how_to_enroll
from certkit.cli.support.output import say, say_json


def sign(
    request: Annotated[Path, typer.Argument(metavar="REQUEST", help="The request, PEM or DER.")],
    person: Annotated[
        str,
        typer.Option(
            "--person", help="Who sent it: a name such as alice@acme.example.", autocompletion=completions.people
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="The answer to write; never overwritten.")],
    device: DeviceOption = None,
    home: context.HomeOption = None,
    as_json: context.JsonOption = False,
) -> None:
    """Sign a request from a developer's machine: its key stays there.

    \b
    certkit enroll --request alice.csr                          # alice, on her laptop
    certkit sign alice.csr --person alice@acme.example --out alice.certkit
    certkit enroll alice.certkit                                # alice again

    Only the key in the request is believed: you say whose it is, so be sure that it came from them. The answer holds
    no secret. Exit codes: 0 signed, 1 failure, 2 usage.
    """
    from certkit import files
    from certkit.authority import issuance
    from certkit.enroll.bundle import seal
    from certkit.pki import requests

    context.check_new(out)
    content = input_files.read(request, "request", 64 * 1024)
    with context.naming(request):
        requests.read(content)  # what is wrong with it is told before the home is opened
    with context.changing(home) as session:
        issued = issuance.sign(session, content, person, device)
    files.write(out, seal(issued.bundle, None), replace=False)
    if as_json:
        say_json(as_data(issued, out))
        return
    say(f"Signed for {in_words(issued)}", f"Answer  {out}")
    say_how_to_enroll(issued, out, "On the machine that made the request they run", encrypted=False)
