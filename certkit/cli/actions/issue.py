"""What `certkit issue` does."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from certkit.authority import issuance
from certkit.authority.issuance import Issued
from certkit.cli.support import destination, home_access, namesakes, work_trees
from certkit.cli.support.issuance_report import (
    about_other_devices,
    as_data,
    in_words,
    naming_device,
    say_also_valid,
    say_default,
    say_how_to_enroll,
)
from certkit.cli.support.output import say, say_json, tell
from certkit.enroll.bundle import seal


def issue(
    home: Path | None,
    person: str,
    device: str | None,
    out: Path,
    passphrase_file: Path | None,
    *,
    no_passphrase: bool,
    life: int | None,
    as_json: bool,
) -> None:
    """Issue a bundle and write it to a file; without a file that has its passphrase, make one up and show it."""
    destination.check(out, as_json=as_json)
    made_up = "" if passphrase_file or no_passphrase else _made_up()
    secret = _given(passphrase_file) if passphrase_file else made_up or None
    with home_access.changing(home) as session:
        doubt = namesakes.settle(session, person, device, can_answer=not as_json)
        issued = issuance.issue(session, person, device, days=life)
        tell(*doubt)
        others = [] if device else about_other_devices(session, issued)
    with naming_device(issued):
        destination.write_line(out, seal(issued.bundle, secret, is_drawn=bool(made_up)))
    with destination.words_beside(out):
        with _showing(made_up, issued, out):
            if as_json:
                say_json(as_data(issued, out) | ({"passphrase": made_up} if made_up else {}))
                return
            say(f"Issued {in_words(issued)}", f"Bundle      {destination.named(out)}")
            if made_up:
                say(f"Passphrase  {made_up}", "            shown once: give it separately from the file")
            say_default(issued.bundle, "Daemon      ")
        say_also_valid(issued)
        if no_passphrase:
            tell("The bundle is not encrypted: whoever has the file may build.")
            work_trees.tell_of_secret(out)
        say_how_to_enroll(issued, out, "They run", encrypted=not no_passphrase)
    tell(*others)


def _made_up() -> str:
    from certkit.pki import diceware  # what is not encrypted needs no words

    return diceware.generate()


def _given(passphrase_file: Path) -> str:
    from certkit.cli.support import new_passphrases  # as above

    return new_passphrases.from_file(passphrase_file)


def _showing(made_up: str, issued: Issued, out: Path) -> AbstractContextManager[None]:
    """See to it that a passphrase that only this command knows is shown."""
    if not made_up:
        return nullcontext()
    fields = {"person": issued.person, "device": issued.device, "out": out}
    return destination.showing_passphrase(out, "bundle-passphrase-not-shown", **fields)
