"""team.yml: the settings of a team that a person may edit."""

import contextlib
import hashlib
import re
import reprlib
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any

from certkit import files
from certkit.errors import CertkitError, InvalidError, MalformedError
from certkit.ledger.interface import Ledger

LIMIT = 64 * 1024
_KEPT = "settings"
_LONGEST_LIFE = 3653

_TEMPLATE = """\
# The settings of this team. `team` is part of every certificate's name: do not change it.
team: {team}

# The kind of new keys: p256, p384, ed25519, rsa3072 or rsa4096.
key_type: {key_type}

# How long new certificates live, in days: a daemon's, a device's that was requested, a bundle's.
daemon_days: {daemon_days}
device_days: {device_days}
bundle_days: {bundle_days}

# Where the passphrase of the authorities' keys comes from, if they have one: a file, or a command that prints it.
# With neither, certkit asks for it.
{passphrase_file_line}
{passphrase_command_line}
"""


@dataclass(frozen=True)
class Settings:
    """What team.yml says; the names of the fields are its keys."""

    team: str
    key_type: str = "p256"
    daemon_days: int = 365
    device_days: int = 90
    bundle_days: int = 365
    passphrase_file: str = ""
    passphrase_command: str = ""

    @property
    def daemon_life(self) -> timedelta:
        """How long a daemon's certificate lives."""
        return timedelta(days=self.daemon_days)

    @property
    def device_life(self) -> timedelta:
        """How long the certificate of a request lives."""
        return timedelta(days=self.device_days)

    @property
    def bundle_life(self) -> timedelta:
        """How long a bundle's certificate lives."""
        return timedelta(days=self.bundle_days)


def load(path: Path) -> Settings:
    """Read team.yml; raises MalformedError, with the line or the key, for what cannot be meant."""
    return _parse(path, files.read(path, limit=LIMIT))


def recall(path: Path, ledger: Ledger) -> Settings:
    """Read team.yml, or what the ledger keeps of it if it is unchanged: its parser takes a tenth of `issue`'s time."""
    content = files.read(path, limit=LIMIT)
    digest = hashlib.sha256(content).hexdigest()
    kept = ledger.state(_KEPT)
    if kept and kept["sha256"] == digest:
        return Settings(**kept["values"])
    found = _parse(path, content)
    with contextlib.suppress(CertkitError), ledger.transaction():  # a ledger that cannot be written can be read
        ledger.set_state(_KEPT, {"sha256": digest, "values": asdict(found)})
    return found


def _parse(path: Path, content: bytes) -> Settings:
    import yaml

    try:
        found = yaml.safe_load(content)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise MalformedError(f"{path}, line {line}: {error.problem}", "Mend that line.") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError):
        raise MalformedError(f"{path} is not YAML", "Mend it, or restore it from a backup.") from None
    if not isinstance(found, dict):
        raise MalformedError(f"{path} does not hold settings", "Mend it, or restore it from a backup.")
    return Settings(**_checked(path, found))


def dump(settings: Settings) -> bytes:
    """Write settings as a team.yml with its explanations."""
    values = {field.name: _scalar(getattr(settings, field.name)) for field in fields(Settings)}
    lines = {f"{key}_line": line for key, line in _sources(settings).items()}
    return _TEMPLATE.format_map(values | lines).encode()


def with_source(content: bytes, settings: Settings) -> bytes:
    """Put where the passphrase comes from into a team.yml; what people wrote there stays, where that can be done."""
    text = content.decode()
    for key, line in _sources(settings).items():
        text, found = re.subn(rf"(?m)^(# )?{key}:.*$", line.replace("\\", r"\\"), text, count=1)
        text += "" if found else f"{line}\n"
    return text.encode() if _says(text, settings) else dump(settings)


def _sources(settings: Settings) -> dict[str, str]:
    sources = {key: getattr(settings, key) for key in ("passphrase_file", "passphrase_command")}
    return {key: f"{key}: {_scalar(value)}" if value else f"# {key}: …" for key, value in sources.items()}


def _scalar(value: object) -> str:
    import yaml

    return str(yaml.safe_dump(value, default_style=None, width=1000)).removesuffix("...\n").strip()


def _says(text: str, settings: Settings) -> bool:
    import yaml

    try:
        return Settings(**yaml.safe_load(text)) == settings
    except (yaml.YAMLError, TypeError):
        return False


def _checked(path: Path, found: dict[object, object]) -> dict[str, Any]:
    from certkit.pki import names
    from certkit.pki.keys import KEY_TYPES

    types = {field.name: int if field.name.endswith("_days") else str for field in fields(Settings)}
    for key, value in found.items():
        if key not in types:
            raise MalformedError(f"{path}: there is no setting {key!r}", f"The settings are {', '.join(types)}.")
        if type(value) is not types[str(key)]:
            shown = reprlib.repr(value)[:60]  # YAML has ways to make a few bytes endless
            raise MalformedError(f"{path}: {key} cannot be {shown}", "Give a number of days, or a text in quotes.")
        if types[str(key)] is int and not 0 < int(str(value)) <= _LONGEST_LIFE:
            raise MalformedError(f"{path}: {key} cannot be {value!r}", f"Give 1 to {_LONGEST_LIFE} days.")
    if not found.get("team"):
        raise MalformedError(f"{path} names no team", "Put back the line `team: NAME`.")
    try:
        names.slug(str(found["team"]), "team")
    except InvalidError as error:
        raise MalformedError(f"{path}: {error.message}", "Put back the name that it had.") from None
    if found.get("key_type", "p256") not in KEY_TYPES:
        raise MalformedError(
            f"{path}: there is no key_type {found['key_type']!r}", f"Choose from {', '.join(KEY_TYPES)}."
        )
    return {str(key): value for key, value in found.items()}
