"""Read a client's configuration as the client does: the file, the environment over it, the defaults below."""

import codecs
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from certkit import files
from certkit.earthly import schema
from certkit.earthly.clients import Client, variable
from certkit.earthly.decoding import Fault
from certkit.earthly.user import Environment
from certkit.earthly.yaml_positions import Document, NotYamlError, not_yaml, parse
from certkit.errors import MalformedError, MissingError, RefusedError

__all__ = ["DEFAULTS", "LIMIT", "Configuration", "NotYamlError", "decoded", "faults_in", "malformed", "read"]

LIMIT = 256 * 1024
"""Bytes of the largest configuration file that is read."""

DEFAULTS = {
    "buildkit_host": "",
    "tlsca": "./certs/ca_cert.pem",
    "tlscert": "./certs/earthly_cert.pem",
    "tlskey": "./certs/earthly_key.pem",
    "tls_enabled": "true",
}
AUTO = "auto"
"""The `container_frontend` that takes the first engine that works."""

_MOST_TOLD = 5
_GIT_CREDENTIALS = ("GIT_USERNAME", "GIT_PASSWORD")
"""Variables by which the client uses every host under `git` by https, whatever the file says."""


class Configuration(NamedTuple):
    """What the client would use; the three paths are absolute.

    `buildkit_host` is empty where nothing sets it: the client then runs a daemon of its own. `origins`
    says for each key where its value comes from: `file`, `default`, or the name of an environment variable.
    """

    buildkit_host: str
    tlsca: Path
    tlscert: Path
    tlskey: Path
    tls_enabled: bool
    container_frontend: str
    """Which container engine the client is told to take."""
    origins: Mapping[str, str]
    host_in_file: str
    """The `buildkit_host` of the file, whatever overrides it."""


def read(client: Client, environ: Environment, *, strict: bool = True) -> Configuration:
    """Read the configuration of a client, as its owner; a missing file counts as an empty one unless it was named.

    Without `strict`, what the client would stop at is passed over where the file can be read at all.
    Raises NotYamlError or MalformedError, with the line, for what the client could not read, CertkitError for an
    unreadable file, and what is wrong with its .env file.
    """
    if client.env_file and client.env_file.problem:
        raise client.env_file.problem
    document = None if client.blanked_by else _document(client)
    seen = client.seen(environ)
    git_auth = "https" if any(map(seen.get, _GIT_CREDENTIALS)) else ""
    found, faults = schema.decode(document, git_auth) if document else ({}, [])
    if faults and strict:
        raise malformed(client.config, faults)
    origins = {key: "file" if key in found else "default" for key in DEFAULTS}
    values = {key: str(found.get(key, default)) for key, default in DEFAULTS.items()}
    in_file = values["buildkit_host"]
    name, host = variable(client.kind, seen, "BUILDKIT_HOST")
    if name:
        origins["buildkit_host"], values["buildkit_host"] = name, host
    return Configuration(
        buildkit_host=values["buildkit_host"],
        tlsca=client.directory / values["tlsca"],
        tlscert=client.directory / values["tlscert"],
        tlskey=client.directory / values["tlskey"],
        tls_enabled=bool(found.get("tls_enabled", True)),
        container_frontend=str(found.get("container_frontend", AUTO)),
        origins=origins,
        host_in_file=in_file,
    )


def faults_in(content: bytes) -> list[Fault]:
    """Return all at which the client would stop in a configuration that `edit` can edit, by line."""
    return schema.decode(parse(decoded(content)))[1]


def decoded(content: bytes) -> str:
    """Decode a configuration, in UTF-8 or in UTF-16 with its mark; raise NotYamlError if it is in neither."""
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise not_yaml(content.count(b"\n", 0, error.start) + 1, "it has bytes that are no text") from None


def malformed(path: Path, faults: Sequence[Fault]) -> MalformedError:
    """Make the error for what the client stops at, every fault with its line and its remedy."""
    told, more = faults[:_MOST_TOLD], len(faults) - _MOST_TOLD
    message = "; ".join(fault.message for fault in told) + (f"; and {more} more" if more > 0 else "")
    hint = " ".join(fault.remedy if len(told) == 1 else f"Line {fault.line}: {fault.remedy}" for fault in told)
    error = MalformedError(message, hint, code="client-config-malformed", path=path, line=told[0].line)
    return error.about(path)


def _document(client: Client) -> Document | None:
    try:
        with files.acting_as(client.owner):
            content = files.read(client.config, limit=LIMIT)
        return parse(decoded(content))
    except MissingError:
        if client.is_config_named:
            raise
        return None
    except (MalformedError, RefusedError) as error:
        if "line" not in error.fields:
            raise
        raise error.about(client.config) from None
