"""Finds PostgreSQL's programs, and runs a server in a folder of its own, which listens at a Unix socket there."""

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import quote

import psycopg

DEBIAN = "/usr/lib/postgresql"
USER, DATABASE = "certkit", "team"
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # what a crash of the machine would take, no test can make
    "max_connections": "60",
    "shared_buffers": "16MB",
    "log_min_messages": "fatal",
}


@cache
def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL's programs; None if there is none."""
    found = sorted(Path(DEBIAN).glob("*/bin"), key=lambda each: int(each.parent.name))
    on_path = shutil.which("initdb")
    places = [*reversed(found), *([Path(on_path).resolve().parent] if on_path else [])]
    return next((each for each in places if all((each / name).exists() for name in ("initdb", "postgres"))), None)


def obstacle() -> str | None:
    """Return why no server can run here, None if one can."""
    return None if programs() else "PostgreSQL is not installed: apt-get install postgresql"


class Server:
    """A server with one database; it runs as another user where the tests are root's, whom it would refuse."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder, self._numbers = folder, itertools.count(1)
        self._settings = {**_SETTINGS, "unix_socket_directories": str(folder), **settings}
        self._as: dict[str, object] = {}
        folder.mkdir(mode=0o755)
        if os.geteuid() == 0:
            owner = _another_user()
            os.chown(folder, owner.pw_uid, owner.pw_gid)
            self._as = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        self._run("initdb", "--pgdata", "data", "--username", USER, "--auth=trust", "--encoding=UTF8", "--no-sync")
        self._process: subprocess.Popen[bytes] | None = None
        self.start()
        with self.connection("postgres") as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")

    @property
    def is_running(self) -> bool:
        """Whether it has been started and not ended."""
        return self._process is not None

    def start(self) -> None:
        """Start it, and wait until it can be used."""
        options = [part for name, value in self._settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._program("postgres"), "-D", "data", *options], cwd=self.folder, stderr=log, stdout=log, **self._as
            )  # type: ignore[call-overload]  # the owner's three options
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self._conninfo("postgres")).close()
                return
            if self._process.poll() is not None:
                raise AssertionError((self.folder / "log").read_text())
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it: SIGINT cuts everybody off, SIGQUIT ends it as a crash would."""
        if self._process:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None

    def connection(self, database: str = DATABASE) -> "psycopg.Connection[tuple[object, ...]]":
        """Connect to a database as its superuser."""
        return psycopg.connect(self._conninfo(database), autocommit=True)

    def new_url(self) -> str:
        """Make an empty schema, and return the URL of a ledger in it."""
        schema = f"s{os.getpid()}_{next(self._numbers)}"
        with self.connection() as connection:
            connection.execute(f"CREATE SCHEMA {schema}")
        return self.url(schema)

    def url(self, schema: str, user: str = USER) -> str:
        """Return the URL of a ledger in a schema."""
        options = quote(f"-csearch_path={schema}", safe="")
        return f"postgresql://{user}@/{DATABASE}?host={quote(str(self.folder), safe='')}&options={options}"

    def cut_off(self) -> None:
        """End everybody's connections, as a failover does."""
        with self.connection() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )

    def _conninfo(self, database: str) -> str:
        return f"host={self.folder} user={USER} dbname={database}"

    def _run(self, program: str, *arguments: str) -> None:
        ended = subprocess.run(
            [self._program(program), *arguments], cwd=self.folder, capture_output=True, check=False, **self._as
        )  # type: ignore[call-overload]  # as above
        assert ended.returncode == 0, ended.stderr.decode()

    @staticmethod
    def _program(name: str) -> str:
        folder = programs()
        assert folder
        return str(folder / name)


@contextlib.contextmanager
def running(folder: Path, **settings: str) -> Iterator[Server]:
    """Run a server in a new folder, with settings other than the tests' if some are given; remove it at the end."""
    server = Server(folder, **settings)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def _another_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise AssertionError("there is no user but root")
