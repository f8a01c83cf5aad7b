"""Earthly's own code, asked what it reads of a configuration or a .env file."""

import base64
import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.clients import go_programs


@dataclass(frozen=True)
class Answer:
    """What Earthly read, or why it stopped; an empty `error` says that it did not."""

    error: str
    values: dict[str, Any]
    """`global` by the names of Go's fields, or the variables of a .env file."""


class EarthlyReader:
    """The package `config` of Earthly 0.8.16, and the godotenv that it is built with."""

    def __init__(self) -> None:
        self._home = tempfile.TemporaryDirectory()  # it makes its folder there
        self._process = subprocess.Popen(
            [go_programs.program("earthlyconfig")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            env={"HOME": self._home.name},
        )

    @property
    def directory(self) -> Path:
        """The folder of the client that answers."""
        return Path(self._home.name) / ".earthly"

    def config(self, content: bytes) -> Answer:
        """Read a configuration."""
        return self._ask("Config", content)

    def env(self, content: bytes) -> Answer:
        """Read a .env file."""
        return self._ask("Env", content)

    def pattern(self, pattern: str) -> Answer:
        """Read a regular expression."""
        return self._ask("Pattern", pattern.encode())

    def close(self) -> None:
        """End it."""
        self._process.communicate()
        self._home.cleanup()

    def _ask(self, what: str, content: bytes) -> Answer:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({what: base64.b64encode(content).decode()}) + "\n")
        found = json.loads(self._process.stdout.readline())
        return Answer(found["Error"], found.get("Global") or found.get("Env") or {})
