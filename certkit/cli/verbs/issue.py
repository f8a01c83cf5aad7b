"""`certkit issue`."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from certkit.cli.support import completions, context, passphrases
from certkit.cli.support.issuance_report import DeviceOption, as_data, in_words, say_how_to_enroll
from certkit.cli.support.output import say, say_json, showing_once, tell
from certkit.errors import InvalidError

if TYPE_CHECKING:
    from certkit.authority.issuance import Issued


def issue(
    person: Annotated[
        str,
        typer.Argument(
            metavar="PERSON", help="Who: a name such as alice@acme.example.", autocompletion=completions.people
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="The bundle to write; never overwritten.")],
    device: DeviceOption = None,
    passphrase_file: Annotated[
        Path | None, typer.Option("--passphrase-file", help="Encrypt the bundle under the first line of this file.")
    ] = None,
    no_passphrase: Annotated[
        bool, typer.Option("--no-passphrase", help="Do not encrypt it: whoever has the file may build.")
    ] = False,
    home: context.HomeOption = None,
    as_json: context.JsonOption = False,
) -> None:
    """Issue a bundle: the file with which somebody enrolls a machine.

    \b
    certkit issue alice@acme.example --out alice.certkit
    certkit issue ci --device github --out ci.certkit --passphrase-file secret.txt

    The bundle is encrypted under a passphrase that is shown once. Where no key should travel at all, sign a request
    instead: certkit sign --help. Exit codes: 0 issued, 1 failure, 2 usage.
    """
    from certkit import files
    from certkit.authority import issuance
    from certkit.enroll.bundle import seal

    context.check_new(out)
    secret = _secret(passphrase_file, generate=not no_passphrase)
    with context.changing(home) as session:
        issued = issuance.issue(session, person, device)
    files.write(out, seal(issued.bundle, secret), replace=False)
    made_up = "" if passphrase_file else secret
    with _showing(made_up, issued, out):
        if as_json:
            say_json(as_data(issued, out) | ({"passphrase": made_up} if made_up else {}))
            return
        say(f"Issued {in_words(issued)}", f"Bundle      {out}")
        if made_up:
            say(f"Passphrase  {made_up}     shown once: give it separately from the file")
    if no_passphrase:
        tell("The bundle is not encrypted: whoever has the file may build.")
    say_how_to_enroll(issued, out, "They run", encrypted=not no_passphrase)


def _showing(made_up: str | None, issued: "Issued", out: Path) -> AbstractContextManager[None]:
    """See to it that a passphrase that only this command knows is shown."""
    lost = f"{out} is written, but its passphrase"
    fields = {"person": issued.person, "device": issued.device, "out": out}
    return showing_once(lost, "bundle-passphrase-not-shown", **fields) if made_up else nullcontext()


def _secret(passphrase_file: Path | None, *, generate: bool) -> str | None:
    if passphrase_file:
        if not generate:
            raise InvalidError("--no-passphrase and --passphrase-file contradict each other", "Keep one of them.")
        return passphrases.from_file(passphrase_file, new=True)
    if not generate:
        return None
    from certkit.pki import diceware

    return diceware.generate()
