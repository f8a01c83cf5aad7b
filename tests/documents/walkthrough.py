"""Runs the commands that a document shows, in its order, and holds what they print against what it shows.

A block is fenced as ```console NAME, where NAME says whose terminal it is. Everybody has a home folder; files that they
hand to each other lie in one folder. The daemon's host is played: `docker run` starts a real buildkitd (or the
stand-in, where none runs) on the files that `scp` brought there, and `ssh … docker restart` restarts it.
"""

import contextlib
import io
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from certkit import files
from certkit.cli import main
from certkit.cli.support import passphrases, questions
from certkit.cli.support.local_daemon import STANDIN, LocalDaemon
from certkit.pki import diceware
from tests.daemons.build import obstacle, programs
from tests.daemons.loopback import HAS_MANY
from tests.postgres.server import USER, Server

HOST, PORT = "build.acme.example", 8372
SERVER, SERVER_PORT = "ca.acme.example", 8443

_DOCKER = """#!/bin/sh
[ "$1" != restart ] || touch {wanted}
while [ -e {wanted} ]; do sleep 0.1; done
"""

_BLOCK = re.compile(r"^```console (?P<who>\w+)\n(?P<lines>.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"(.*\\\n)*.*\n")
_CODE = re.compile(r"https://[\w.]+:\d+/#[a-z2-7]{88}")
_VARIABLE = (
    (_CODE.pattern, "CODE"),
    (r"(?<=cancel )[0-9a-f]{8}\b|\b[0-9a-f]{8}(?= +\S+@)", "ID"),
    (r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d:\d\dZ)?", "DATE"),
    (r"(?<=DATE )\d\d:\d\d\b", "TIME"),
    (r"\b[0-9a-f]{2}(:[0-9a-f]{2})*:…(:[0-9a-f]{2})+", "SHA"),
    (r"\b[0-9a-f]{2}(:[0-9a-f]{2}){15}\b", "SHA"),
    (r"\b[0-9a-f]{30,40}\b", "SERIAL"),
    (r"laptop-[a-z2-7]{4}", "laptop-NAME"),
    (rf"(?<=Passphrase  )([a-z]+-){{{diceware.COUNT - 1}}}[a-z]+", "WORDS"),
    (r"\b\d+(\.\d+){3}(:\d+)?", "ADDRESS"),
    (r"\d+ ms", "MS"),
    (r"\d+ s after it", "S after it"),
    (r"\d+ days", "DAYS"),
    (r"[\w.-]+@[\w.-]+(?=  +(init|daemon|issue|sign|revoke|reinstate|rotate|authority|backup))", "WHO"),
    (r"[\w.-]+@[\w.-]+(?=  +DATE +at the home)", "WHO"),
    (r"(?<=✓ BuildKit).*", ""),
    (r"alert 42, bad_certificate|alert 46, certificate_unknown", "EXCLUDED"),  # as Go says it, and as OpenSSL does
    (r"TLS_[A-Z0-9_]+|(no )?ALPN( h2)?", "OFFER"),
    (r"[ \t]+", " "),
    (r" $", ""),
    (r"\([0-9a-f]{8}…\)", "DIGEST"),
)


@dataclass(frozen=True)
class Step:
    """One command of a document, whose terminal it is typed in, and what is shown below it."""

    who: str
    command: str
    shown: str


def steps(document: Path) -> list[Step]:
    """Return a document's commands in order; a command goes on behind a backslash, and its output ends at the next."""
    found = []
    for block in _BLOCK.finditer(document.read_text()):
        for part in re.split(r"^\$ ", block["lines"], flags=re.MULTILINE)[1:]:
            command, shown = _COMMAND.match(part), _COMMAND.sub("", part, count=1)
            assert command, part
            found.append(Step(block["who"], command[0].replace("\\\n", " "), shown))
    return found


def normal(text: str) -> str:
    """Remove from an output what differs from one run to the next."""
    for pattern, name in _VARIABLE:
        text = re.sub(pattern, name, text, flags=re.MULTILINE)
    return text.strip()


@contextlib.contextmanager
def address_of_its_own(number: int) -> Iterator[str]:
    """Yield the address of a document's daemon, which no other has at a time: the port is the documents'."""
    if HAS_MANY:
        yield f"127.83.{os.getpid() % 250}.{10 + number}"
    else:
        with files.locked(Path("/tmp") / f"certkit-documents-{os.geteuid()}.lock"):
            yield "127.0.0.1"


@dataclass
class Story:
    """The machines of one document."""

    folder: Path
    address: str
    code: int = 0
    secret: str = ""
    sent: str = ""
    daemon: LocalDaemon | None = None
    server: subprocess.Popen[str] | None = None
    database: Server | None = None
    """Where `createdb` makes one."""
    patch: pytest.MonkeyPatch = field(default_factory=pytest.MonkeyPatch)
    is_over: threading.Event = field(default_factory=threading.Event)

    def run(self, step: Step) -> str:
        """Run a command and return what it printed."""
        self._sit_down(step.who)
        self._lead_into_the_story()
        words = [
            str(Path(word).expanduser()) if word.startswith("~") else word
            for word in shlex.split(step.command, comments=True)
        ]
        play: Callable[[list[str]], str] = getattr(self, f"_{Path(words[0]).name}")
        return play(words)

    @contextlib.contextmanager
    def told(self) -> Iterator["Story"]:
        """Set the stage, and strike it at the end."""
        self.folder.joinpath("bin").mkdir(parents=True)
        docker = self.folder / "bin" / "docker"
        docker.write_text(_DOCKER.format(wanted=self.folder / "restart"))
        docker.chmod(0o755)
        threading.Thread(target=self._restart_when_asked, daemon=True).start()
        shutil.copy(docker, docker.with_name("systemctl"))
        resolve = socket.getaddrinfo
        self.patch.setattr(
            socket,
            "getaddrinfo",
            # No other name of the story has an address, whatever this machine's name server says.
            lambda host, *a, **k: (
                resolve({HOST: self.address, SERVER: self.address}.get(host, f"{host}.invalid"), *a, **k)
                if host.endswith(".example")
                else resolve(host, *a, **k)
            ),
        )
        self.patch.setattr(passphrases, "ask", self._answer)
        self.patch.setattr(questions, "is_attended", lambda: True)
        self.patch.chdir(self.folder)
        try:
            yield self
        finally:
            self.patch.undo()
            self.is_over.set()
            if self.daemon:
                self.daemon.close()
            if self.server:
                self.server.terminate()
                self.server.communicate()

    def _sit_down(self, who: str) -> None:
        for name in os.environ:
            if name.startswith(("EARTH", "XDG_", "SUDO_", "CERTKIT_HOME")):
                self.patch.delenv(name)
        home = self.folder / who
        if not home.exists():
            (home if who in {"lead", "host"} else home / ".earthly").mkdir(parents=True)
        self.patch.setenv("HOME", str(home))
        self.patch.setenv("COLUMNS", "100")  # wide enough for what is taken out of a line
        self.patch.setenv("PATH", f"{self.folder / 'bin'}:/usr/bin:/bin")

    def _lead_into_the_story(self) -> None:
        """Let a daemon's host that is enrolled find its files in the story, and not on this machine."""
        for record in (self.folder / "host").glob(".local/share/certkit-host/*/host.json"):
            known = record.read_text().replace('"/etc/buildkit-certs"', json.dumps(str(self.folder / "host" / "etc")))
            record.write_text(known)

    def _restart_when_asked(self) -> None:
        """Restart the daemon when a command has Docker do that."""
        wanted = self.folder / "restart"
        while not self.is_over.wait(0.1):
            if wanted.exists():
                self._start()
                wanted.unlink()

    def _answer(self, question: str, *_: object, **__: object) -> str:
        print(f"{question}:", file=sys.stderr)
        return self.secret or "a passphrase"

    def _certkit(self, words: list[str]) -> str:
        if words[-1] == "&":
            return self._serve(words[:-1])
        if words[-2:] == [">", "/dev/null"]:
            self._certkit(words[:-2])
            assert self.code == 0
            return ""
        words = [self.sent if _CODE.fullmatch(word) else word for word in words]
        output = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            self.code = main(words[1:])
        output.seek(0)
        printed = output.read().replace(str(self.folder), "/home")
        if found := re.search(r"Passphrase  ([a-z-]+)", printed):
            self.secret = found[1]
        if found := _CODE.search(printed):
            self.sent = found[0]
        return printed

    def _serve(self, words: list[str]) -> str:
        """Run the server in the background, at the document's address, until it says that it serves."""
        listen = ["--listen", f"{self.address}:{SERVER_PORT}"]
        command = [sys.executable, "-m", *words, *listen]
        self.server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self.server.stderr
        assert '"serving"' in self.server.stderr.readline()
        return ""

    def _echo(self, words: list[str]) -> str:
        assert words == ["echo", "$?"], words
        return f"{self.code}\n"

    def _cat(self, words: list[str]) -> str:
        return Path(words[1]).read_text()

    def _printf(self, words: list[str]) -> str:
        """Write lines to a file."""
        *_, arrow, name = words
        assert (words[1], arrow) == (r"%s\n", ">"), words
        Path(name).write_text("".join(f"{line}\n" for line in words[2:-2]))
        return ""

    def _git(self, words: list[str]) -> str:
        """Run a program of the machine's, in the folder that all share."""
        paths = [word.replace("/home/", f"{self.folder}/", 1) if word.startswith("/home/") else word for word in words]
        return subprocess.run(paths, capture_output=True, text=True, check=True).stdout

    _mkdir = _mv = _ln = _cp = _openssl = _git

    def _createdb(self, words: list[str]) -> str:
        """Make a database on a server that libpq finds by itself."""
        assert self.database, "the document asks for no database"
        with self.database.connection() as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {words[1]}")
            connection.execute(f"CREATE DATABASE {words[1]}")
        self.patch.setenv("PGHOST", str(self.database.folder))
        self.patch.setenv("PGUSER", USER)
        return ""

    def _scp(self, words: list[str]) -> str:
        """Copy from the lead's machine to the daemon's host."""
        *sources, target = words[1:]
        assert target == f"root@{HOST}:/etc/buildkit-certs/", target
        host = self.folder / "host" / "etc"
        host.mkdir(parents=True, exist_ok=True)
        for source in sources:
            for path in Path("/").glob(source.lstrip("/")):
                shutil.copy(path, host)
        return ""

    def _ssh(self, words: list[str]) -> str:
        assert words[1] == f"root@{HOST}", words
        if words[2:] == ["docker", "restart", "buildkitd-build"]:
            self._start()
        else:
            assert words[2:] == ["install", "-d", "-m", "700", "/etc/buildkit-certs"], words
            (self.folder / "host" / "etc").mkdir(parents=True)
        return ""

    def _docker(self, words: list[str]) -> str:
        """Start the daemon if this is among what certkit would have the host run, and starts it."""
        self._sit_down("lead")
        printed = self._certkit(["certkit", "daemon", "deploy", "build"])
        wanted = [line for line in printed.replace("\\\n", " ").splitlines() if not line.startswith("#")]
        assert words in map(shlex.split, wanted), words
        if words[1] == "run":
            self._start()
        return ""

    def _start(self) -> None:
        if self.daemon:
            self.daemon.close()
        program = STANDIN if obstacle() else (str(programs("earthly").buildkitd),)
        self.daemon = LocalDaemon(program, host=self.address, port=PORT)
        files = self.folder / "host" / "etc"
        self.daemon.start(ca=files / "ca.pem", cert=files / "cert.pem", key=files / "key.pem")
