"""`certkit ledger …`."""

from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.support import options

app = typer.Typer(help="The ledger: copy it to another database, and compare.", no_args_is_help=True)

_FORM = "a file, or a URL: postgresql://HOST/DATABASE"


@app.callback()
def ledger() -> None:
    """Keep the ledger."""


@app.command()
def copy(
    source: Annotated[str, typer.Argument(metavar="FROM", help=f"The ledger to copy: {_FORM}.")],
    target: Annotated[str, typer.Argument(metavar="TO", help=f"Where there is none yet: {_FORM}.")],
    as_json: options.JsonOption = False,
) -> None:
    """Copy a ledger to another database, and compare every row.

    \b
    certkit ledger copy ~/certkit/ledger.sqlite postgresql://db.acme.example/certkit
    certkit ledger copy postgresql://db.acme.example/certkit ledger-copy.sqlite

    Nobody changes either meanwhile. What fails leaves nothing behind, and nothing is ever copied over another ledger.
    Passwords come from where libpq has them: ~/.pgpass, PGPASSFILE. Then name the copy in team.yml, as ledger: URL.

    Exit codes: 0 copied, 1 failure, 2 usage.
    """
    actions.ledger.copy(source, target, as_json=as_json)
