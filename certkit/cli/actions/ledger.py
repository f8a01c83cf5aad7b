"""What `certkit ledger …` does."""

from pathlib import Path

from certkit.cli.support.output import say, say_json
from certkit.errors import InvalidError
from certkit.ledger import copying, urls


def copy(source: str, target: str, *, as_json: bool) -> None:
    """Copy a ledger to where there is none yet, and say how much it was."""
    former, later = _url(source), _url(target)
    rows = copying.copy(former, later)
    if as_json:
        tables = [{"table": table, "rows": count} for table, count in rows.items()]
        say_json({"from": urls.shown(former), "to": urls.shown(later), "tables": tables})
        return
    say(f"Copied and compared: {', '.join(f'{table} {count}' for table, count in rows.items())}")
    say("", "For a home to use the copy, its team.yml says", f"  ledger: {urls.shown(later)}")
    say("Move the former ledger away then: what is recorded in it is not in the other one.")


def _url(text: str) -> str:
    """Return the URL that is meant: a path stands for a file."""
    if urls.has_password(text):
        raise InvalidError(
            "a password in a command line can be read by everybody on this machine",
            "Leave it out, and put it into ~/.pgpass, or the file that PGPASSFILE names.",
            code="password-in-command-line",
        )
    return text if "://" in text else urls.file_url(Path(text).expanduser())
