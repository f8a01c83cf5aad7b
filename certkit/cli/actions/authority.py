"""What `certkit authority …` does."""

from pathlib import Path

from certkit.authority import passphrase_change
from certkit.authority.authorities import authority_states
from certkit.cli.support import authority_passphrases, home_access
from certkit.cli.support.comparison import halves
from certkit.cli.support.output import say, say_json


def show(home: Path | None, *, as_json: bool) -> None:
    """Show the authorities and their fingerprints."""
    with home_access.reading(home) as view:
        found = authority_states(view)
    if as_json:
        say_json({"authorities": found})
    for each in () if as_json else found:
        first, second = halves(each.sha256)
        say(f"{each.name}, {each.duty}, until {each.expires.date()}", f"  SHA-256  {first}", f"           {second}")


def change_passphrase(home: Path | None, file: Path | None, command: str | None, *, remove: bool) -> None:
    """Put a passphrase on the authorities' keys, change it, or take it off."""
    with home_access.changing(home) as session:
        session.authority("client")  # the former passphrase is asked for first
        new = None if remove else authority_passphrases.new(file, command)
        passphrase_change.change_passphrase(
            session, new, file=str(file.absolute()) if file else "", command=command or ""
        )
    say("The authorities' keys are no longer encrypted." if remove else "The authorities' keys have a new passphrase.")
    say("Backups that were made before keep the former one.")
