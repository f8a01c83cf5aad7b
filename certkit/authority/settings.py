"""team.yml: the settings of a team that a person may edit."""

import contextlib
import hashlib
import json
import re
import reprlib
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from certkit import files
from certkit.errors import CertkitError, InvalidError, MalformedError
from certkit.pki import names
from certkit.pki.keys import KEY_TYPES

LIMIT = 64 * 1024
_LONGEST_LIFE = 3653
_MOST_LEADS = 9
APPROVABLE = ("rotate", "revoke", "reinstate", "apply", "daemon", "lead")
"""What can lock people out, or change who may."""
_RESTORE = "Correct it, or restore it from a backup."

_TEMPLATE = """\
# The settings of this team. `team` is part of every certificate's name: do not change it.
team: {team}

# The kind of new keys: p256, p384, ed25519, rsa3072 or rsa4096.
key_type: {key_type}

# How long new certificates live, in days: a daemon's, a device's that was requested, a bundle's.
daemon_days: {daemon_days}
device_days: {device_days}
bundle_days: {bundle_days}

# How long after its end a device's certificate can still be renewed over the network, in days; 0: not at all.
renewal_grace_days: {renewal_grace_days}

# What leads may only do together over the network, and how many of them must want it: {{rotate: 2, revoke: 2}}.
{approvals_line}

# Where the ledger is, unless it is the file ledger.sqlite beside this one.
{ledger_line}

# Where the passphrase of the authorities' keys comes from, if they have one: a file, or a command that prints it.
# With neither, certkit asks for it.
{passphrase_file_line}
{passphrase_command_line}
"""


class Settings(NamedTuple):
    """What team.yml says; the names of the fields are its keys."""

    team: str
    key_type: str = "p256"
    daemon_days: int = 365
    device_days: int = 90
    bundle_days: int = 365
    renewal_grace_days: int = 0
    passphrase_file: str = ""
    passphrase_command: str = ""
    approvals: Mapping[str, int] = {}
    """How many leads must want a command that comes over the network, by its verb; one for what is not named."""
    ledger: str = ""
    """The URL of the ledger; empty for the file in the home."""

    def __repr__(self) -> str:
        return f"Settings({self.team!r})"  # the ledger's URL may hold a password

    @property
    def has_passphrase_source(self) -> bool:
        """Whether the passphrase comes from somewhere, so that nobody is asked."""
        return bool(self.passphrase_file or self.passphrase_command)

    @property
    def daemon_life(self) -> timedelta:
        """How long a daemon's certificate lives."""
        return timedelta(days=self.daemon_days)

    @property
    def device_life(self) -> timedelta:
        """How long the certificate of a request lives."""
        return timedelta(days=self.device_days)

    @property
    def renewal_grace(self) -> timedelta:
        """How long an expired certificate of a device can still be renewed."""
        return timedelta(days=self.renewal_grace_days)

    @property
    def bundle_life(self) -> timedelta:
        """How long a bundle's certificate lives."""
        return timedelta(days=self.bundle_days)


_KEYS = Settings._fields
POLICY = tuple(key for key in _KEYS if key == "key_type" or key.endswith("_days"))
"""What may be agreed on apart from the host: the rest names its files and commands."""


def load(path: Path) -> Settings:
    """Read team.yml; raises MalformedError, with the line or the key, for what is not valid."""
    return _parse(path, files.read(path, limit=LIMIT))


def recall(path: Path, cache: Path) -> Settings:
    """Read team.yml, or `cache` if that was made of this very content: the parser takes a tenth of `issue`'s time.

    The cache lies in the home, is as private as team.yml, and is in no backup: a backup must bring no settings but
    those that a person can read in its team.yml.
    """
    content = files.read(path, limit=LIMIT)
    return _cached(cache, content) or _parse(path, content)


def remember(path: Path, cache: Path) -> None:
    """Write the cache for the next `recall`, if it is not up to date."""
    content = files.read(path, limit=LIMIT)
    if _cached(cache, content) is None:
        values = _parse(path, content)._asdict()
        files.write(cache, json.dumps({"sha256": _digest(content), "values": values}).encode())


def _cached(cache: Path, content: bytes) -> Settings | None:
    with contextlib.suppress(CertkitError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        found = json.loads(files.read(cache, limit=LIMIT))
        return Settings(**_checked(cache, found["values"])) if found["sha256"] == _digest(content) else None
    return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _parse(path: Path, content: bytes) -> Settings:
    import yaml  # slow, and the settings are mostly read from their copy beside the ledger

    try:
        found = yaml.safe_load(content)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else "?"
        raise MalformedError(
            f"{path}, line {line}: {error.problem}", "Correct that line.", code="settings-yaml"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError):
        raise MalformedError(f"{path} is not YAML", _RESTORE, code="settings-yaml") from None
    if not isinstance(found, dict):
        raise MalformedError(f"{path} does not hold settings", _RESTORE, code="settings-yaml")
    return Settings(**_checked(path, found))


def dump(settings: Settings) -> bytes:
    """Write settings as a team.yml with its explanations."""
    values = {key: _scalar(value) for key, value in settings._asdict().items()}
    lines = {f"{key}_line": _line(key, getattr(settings, key)) for key in (*_SOURCES, "approvals", "ledger")}
    return _TEMPLATE.format_map(values | lines).encode()


def with_source(content: bytes, settings: Settings) -> bytes:
    """Put where the passphrase comes from into a team.yml; what people wrote there stays, where that can be done."""
    return _with(content, settings, {key: _line(key, getattr(settings, key)) for key in _SOURCES})


def with_policy(content: bytes, settings: Settings, changed: Iterable[str]) -> bytes:
    """Put settings that have `changed` into a team.yml, as `with_source` does."""
    return _with(content, settings, {key: f"{key}: {_scalar(getattr(settings, key))}" for key in changed})


def _with(content: bytes, settings: Settings, lines: Mapping[str, str]) -> bytes:
    text = content.decode()
    for key, line in lines.items():
        text, found = re.subn(rf"(?m)^(# )?{key}:.*$", line.replace("\\", r"\\"), text, count=1)
        text += "" if found else f"{line}\n"
    return text.encode() if _says(text, settings) else dump(settings)


_SOURCES = ("passphrase_file", "passphrase_command")


def _line(key: str, value: object) -> str:
    return f"{key}: {_scalar(value)}" if value else f"# {key}: …"


def _scalar(value: object) -> str:
    import yaml  # slow, and the settings are mostly read from their copy beside the ledger

    text = str(yaml.safe_dump(value, default_style=None, default_flow_style=True, width=1000))
    return text.removesuffix("...\n").strip()


def _says(text: str, settings: Settings) -> bool:
    import yaml  # slow, and the settings are mostly read from their copy beside the ledger

    try:
        return Settings(**yaml.safe_load(text)) == settings
    except (yaml.YAMLError, TypeError):
        return False


def _checked(path: Path, found: dict[object, object]) -> dict[str, Any]:
    for key, value in found.items():
        check(str(path), key, value)
    if not found.get("team"):
        raise MalformedError(f"{path} names no team", "Put back the line `team: NAME`.", code="settings-team")
    try:
        names.slug(str(found["team"]), "team")
    except InvalidError as error:
        raise MalformedError(
            f"{path}: {error.message}", "Put back the name that it had.", code="settings-team"
        ) from None
    return {str(key): value for key, value in found.items()}


def check(place: str, key: object, value: object, known: Collection[str] = _KEYS) -> None:
    """Raise MalformedError, with the `place`, for a setting that is not `known`, or that cannot have this value."""
    if key not in known:
        raise MalformedError(
            f"{place}: there is no setting {key!r}", f"The settings are {', '.join(known)}.", code="settings-unknown"
        )
    if key == "approvals":
        _check_approvals(place, value)
        return
    wanted = int if str(key).endswith("_days") else str
    if type(value) is not wanted:
        # YAML has ways to make a few bytes endless, and whatever was meant as a URL may hold a password.
        shown = "what it is" if key == "ledger" else reprlib.repr(value)[:60]
        raise MalformedError(
            f"{place}: {key} cannot be {shown}", "Give a number of days, or a text in quotes.", code="settings-value"
        )
    least = 0 if key == "renewal_grace_days" else 1
    if wanted is int and not least <= int(str(value)) <= _LONGEST_LIFE:
        raise MalformedError(
            f"{place}: {key} cannot be {value!r}", f"Give {least} to {_LONGEST_LIFE} days.", code="settings-value"
        )
    if key == "key_type" and value not in KEY_TYPES:
        raise MalformedError(
            f"{place}: there is no key_type {value!r}", f"Choose from {', '.join(KEY_TYPES)}.", code="settings-value"
        )


def _check_approvals(place: str, value: object) -> None:
    if not isinstance(value, dict) or not value.keys() <= set(APPROVABLE):
        raise MalformedError(
            f"{place}: approvals are of {', '.join(APPROVABLE)}", "Write, say: {rotate: 2}", code="settings-value"
        )
    for verb, number in value.items():
        if type(number) is not int or not 1 <= number <= _MOST_LEADS:
            raise MalformedError(
                f"{place}: {verb} cannot need {reprlib.repr(number)[:20]} leads",
                f"Give 1 to {_MOST_LEADS}.",
                code="settings-value",
            )
