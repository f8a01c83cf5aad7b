"""Read a client's configuration as the client does: the file, the environment over it, the defaults below."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from certkit import files
from certkit.earthly.clients import Client, variable
from certkit.earthly.user import Environment
from certkit.errors import MalformedError, MissingError
from certkit.files import Owner

LIMIT = 256 * 1024
"""Bytes of the largest configuration file that is read."""

DEFAULTS = {
    "buildkit_host": "",
    "tlsca": "./certs/ca_cert.pem",
    "tlscert": "./certs/earthly_cert.pem",
    "tlskey": "./certs/earthly_key.pem",
    "tls_enabled": "true",
}
_BOOLEANS = {"true": True, "yes": True, "on": True, "y": True, "false": False, "no": False, "off": False, "n": False}
_MERGE = "tag:yaml.org,2002:merge"
_REMEDY = "Correct it by hand; Earthly cannot read it either."


class NotYamlError(MalformedError):
    """The file is not even YAML."""

    code = "client-config-not-yaml"


@dataclass(frozen=True)
class Configuration:
    """What the client would use; the three paths are absolute.

    `buildkit_host` is empty where nothing sets it: the client then runs a daemon of its own. `origins`
    says for each key where its value comes from: `file`, `default`, or the name of an environment variable.
    """

    buildkit_host: str
    tlsca: Path
    tlscert: Path
    tlskey: Path
    tls_enabled: bool
    origins: Mapping[str, str]


def read(client: Client, environ: Environment) -> Configuration:
    """Read the configuration of a client, as its owner; a missing file counts as an empty one.

    Raises NotYamlError or MalformedError, with the line, for what the client could not read, CertkitError for an
    unreadable file.
    """
    found = _globals(client.config, client.owner)
    origins = {key: "file" if key in found else "default" for key in DEFAULTS}
    values = {key: found[key].value if key in found else default for key, default in DEFAULTS.items()}
    name, host = variable(client.kind, environ, "BUILDKIT_HOST")
    if name:
        origins["buildkit_host"], values["buildkit_host"] = name, host
    enabled = _BOOLEANS.get(values["tls_enabled"].lower())
    if enabled is None:
        raise _malformed(client.config, found["tls_enabled"], "tls_enabled is neither true nor false")
    return Configuration(
        buildkit_host=values["buildkit_host"],
        tlsca=client.directory / values["tlsca"],
        tlscert=client.directory / values["tlscert"],
        tlskey=client.directory / values["tlskey"],
        tls_enabled=enabled,
        origins=origins,
    )


def _globals(path: Path, owner: Owner | None) -> dict[str, yaml.ScalarNode]:
    """Return the nodes of the known keys under `global` that have a value."""
    try:
        top = _Mappings(path, {"global"}).resolve(_first_document(path, owner), "the file")
        under = _Mappings(path, DEFAULTS).resolve(top.get("global"), "global")
    except RecursionError:
        raise MalformedError(
            f"{path} is nested too deeply", _REMEDY, code="client-config-nested-too-deeply", path=path
        ) from None
    values: dict[str, yaml.ScalarNode] = {}
    for key, node in under.items():
        if not isinstance(node, yaml.ScalarNode):
            raise _malformed(path, node, f"{key} is not a plain value")
        if not _is_null(node):
            values[key] = node
    return values


def _first_document(path: Path, owner: Owner | None) -> yaml.Node | None:
    try:
        with files.acting_as(owner):
            content = files.read(path, limit=LIMIT)
        loader = yaml.SafeLoader(content)
        # Earthly reads the first document and ignores others.
        return loader.get_node() if loader.check_node() else None
    except MissingError:
        return None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        found = NotYamlError(f"line {line}: not YAML: {error.problem}", _REMEDY, path=path, line=line)
        raise found.about(path) from None
    except (yaml.YAMLError, UnicodeDecodeError):
        found = NotYamlError("not YAML: it has characters that YAML does not allow", _REMEDY, path=path)
        raise found.about(path) from None


class _Mappings:
    """Resolve mappings with their merge keys (`<<`) to the wanted keys alone.

    What is resolved is kept, so that merges of merges of merges cost no more than their text.
    """

    def __init__(self, path: Path, wanted: Collection[str]) -> None:
        self.path = path
        self.wanted = wanted
        self.resolved: dict[int, dict[str, yaml.Node]] = {}

    def resolve(self, node: yaml.Node | None, what: str) -> dict[str, yaml.Node]:
        if node is None or _is_null(node):
            return {}
        if not isinstance(node, yaml.MappingNode):
            raise _malformed(self.path, node, f"{what} is not a mapping of keys to values")
        if id(node) not in self.resolved:
            self.resolved[id(node)] = {}  # a mapping may merge itself
            self.resolved[id(node)] = self._inherited(node) | self._own(node)
        return self.resolved[id(node)]

    def _own(self, node: yaml.MappingNode) -> dict[str, yaml.Node]:
        seen: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE:
                if key.value in seen:
                    raise _malformed(self.path, key, f"{key.value} is there twice")
                seen[key.value] = value
        return {key: seen[key] for key in self.wanted if key in seen}

    def _inherited(self, node: yaml.MappingNode) -> dict[str, yaml.Node]:
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.tag == _MERGE:
                for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    found = self.resolve(source, "what is merged") | found
        return found


def _is_null(node: yaml.Node) -> bool:
    return bool(node.tag == "tag:yaml.org,2002:null")


def _malformed(path: Path, node: yaml.Node, problem: str) -> MalformedError:
    line = node.start_mark.line + 1
    error = MalformedError(f"line {line}: {problem}", _REMEDY, code="client-config-malformed", path=path, line=line)
    return error.about(path)
