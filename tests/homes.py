"""A team's home with its ledger, wherever that is: asked, compared, kept, and put back as it was."""

import shutil
from contextlib import closing
from pathlib import Path

import psycopg

from certkit import ledger as ledgers
from certkit.authority import settings
from certkit.authority.home import CACHE, LEDGER, SETTINGS, open_home
from certkit.ledger import copying, file_url, urls
from certkit.ledger.rows import Row


def ledger_url(home: Path) -> str:
    """Return where the ledger of a home is."""
    return open_home(home, bytes).ledger_url


def asked(home: Path, statement: str) -> list[Row]:
    """Ask a home's ledger in SQL."""
    with closing(ledgers.opened(ledger_url(home))) as ledger:
        return ledger.database.execute(statement, {})


def everything(url: str) -> dict[str, list[Row]]:
    """Return all that a ledger holds, table by table."""
    with closing(ledgers.opened(url)) as ledger, ledger.transaction():
        asked = {table: f"SELECT * FROM {table} ORDER BY {order}" for table, order in copying.TABLES.items()}
        return {table: [tuple(row) for row in ledger.database.read(each)] for table, each in asked.items()}


def move_ledger(home: Path, url: str) -> None:
    """Let a home have its ledger, which is a file in it, in an empty database."""
    copying.copy(file_url(home / LEDGER), url)
    copying.remove(file_url(home / LEDGER))
    found = settings.load(home / SETTINGS)
    (home / SETTINGS).write_bytes(settings.dump(found._replace(ledger=url)))
    (home / CACHE).unlink(missing_ok=True)


class Kept:
    """A home and its ledger as they are now."""

    def __init__(self, home: Path) -> None:
        self._home, self._copy = home, home.with_name("kept")
        self._url = ledger_url(home)
        shutil.copytree(home, self._copy, symlinks=True)
        if urls.is_postgresql(self._url):
            self._run("; ".join(f"CREATE TABLE kept_{table} AS TABLE {table}" for table in copying.TABLES))

    def put_back(self) -> None:
        """Make them what they were."""
        shutil.rmtree(self._home)
        shutil.copytree(self._copy, self._home, symlinks=True)
        self.put_back_ledger()

    def put_back_ledger(self) -> None:
        """Make a ledger in a database what it was, and leave the home as it is."""
        if urls.is_postgresql(self._url):
            tables = copying.TABLES
            rows = (f"INSERT INTO {table} SELECT * FROM kept_{table}" for table in tables)
            self._run(f"TRUNCATE {', '.join(tables)}; {'; '.join(rows)}")

    def _run(self, statements: str) -> None:
        found = urls.address(self._url)
        with psycopg.connect(found.url, **found.options) as connection:  # type: ignore[arg-type]  # libpq's options
            connection.execute(statements)
