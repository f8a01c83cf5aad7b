"""The `.env` file that a client reads into its environment before anything else, from the folder where it is run."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from certkit import files
from certkit.earthly.user import Environment
from certkit.errors import CertkitError, MalformedError, MissingError

LIMIT = 1024 * 1024
"""Bytes of the largest file that is read."""

_DEFAULT = ".env"


@dataclass(frozen=True)
class EnvFile:
    """What was read: `variable` names the file where it is another than `.env`, `problem` is why the client stops."""

    path: Path
    variable: str = ""
    variables: Environment = field(default_factory=dict, hash=False)
    problem: CertkitError | None = field(default=None, compare=False)

    def seen(self, environ: Environment) -> Environment:
        """Return the environment as the client sees it then; what is set wins over the file."""
        return {**self.variables, **environ}


def read(named_by: Sequence[str], environ: Environment, folder: Path) -> EnvFile:
    """Read the file that the first of these variables names, else `.env`, which need not be there."""
    variable = next((name for name in named_by if name in environ), "")
    path = folder / (environ[variable] if variable else _DEFAULT)
    try:
        content = files.read(path, limit=LIMIT)
    except MissingError as error:
        return EnvFile(path, variable, problem=_unread(error, path, variable) if variable else None)
    except CertkitError as error:
        return EnvFile(path, variable, problem=_unread(error, path, variable))
    from certkit.earthly import dotenv  # many patterns, and few folders have such a file

    try:
        return EnvFile(path, variable, dotenv.parse(content))
    except MalformedError as error:
        return EnvFile(path, variable, problem=error.about(path))


def _unread(error: CertkitError, path: Path, variable: str) -> CertkitError:
    why = f", which {variable} names" if variable else ""
    remedy = f"Make it readable, or unset {variable}." if variable else "Make it readable, or move it away."
    return CertkitError(f"{error.message}{why}", remedy, code="env-file-unreadable", path=path)
