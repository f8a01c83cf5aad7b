"""All that Earthly's configuration may say, and what the client refuses of it (`config/config.go`, `init_frontend.go`).

EarthBuild knows the same keys.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping

from certkit.earthly.decoding import Decoder, Fault, Scalar, Strings, Struct, Table
from certkit.earthly.yaml_positions import Document
from certkit.earthly.yaml_values import BINARY, BOOLEAN, FLOAT, INTEGER, Resolved

_YES = ("y", "Y", "yes", "Yes", "YES", "on", "On", "ON")
_NO = ("n", "N", "no", "No", "NO", "off", "Off", "OFF")
_DURATION = r"[-+]?(?:0|(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:ns|us|µs|μs|ms|s|m|h))+)"
_PART = r"([0-9.]+)([^0-9.]+)"
_NANOSECONDS = {"ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9}
_NANOSECONDS["h"] = 3600 * 10**9
_LARGEST = 2**63 - 1
_LARGEST_16 = 2**16 - 1
_SMALLEST_MTU = 68
_GIT_AUTHS = ("auto", "ssh", "https", "http")
_EXAMPLE_PATTERN = r"'git\.acme\.example/[^/]+/[^/]+'"
_IP_TABLES = ("iptables-legacy", "iptables-nft")


def decode(document: Document, git_auth: str = "") -> tuple[Mapping[str, object], list[Fault]]:
    """Return what the client reads of `global`, by key, and all that it would stop at, by line.

    `git_auth` is what takes the place of every `auth` under `git`.
    """
    decoder = Decoder(document, _TEXT)
    found = decoder.decode(_CONFIG)
    section = found.get("global")
    values = section if isinstance(section, dict) else {}
    git = found.get("git")
    hosts = git if isinstance(git, dict) else {}
    forbidden = [*_forbidden(values, decoder.lines), *_forbidden_hosts(hosts, decoder.lines, git_auth)]
    faults = [*_directives(document), *decoder.faults, *forbidden]
    return values, sorted(faults, key=lambda fault: fault.line)


def _directives(document: Document) -> Iterator[Fault]:
    if document.directives:
        problem = "not YAML: Earthly's parser takes no %YAML directive but 1.1"
        yield Fault(document.directives, "", problem, f"Take line {document.directives} out.")


def _forbidden(values: Mapping[str, object], lines: Mapping[str, int]) -> Iterator[Fault]:
    """Yield what has the right type, and is refused by the client later, when a build begins."""
    mtu, tables, parallelism = (values.get(key) for key in ("cni_mtu", "ip_tables", "conversion_parallelism"))
    if isinstance(mtu, int) and 0 < mtu < _SMALLEST_MTU:
        yield _forbidden_key("cni_mtu", lines, f"is {mtu}, below {_SMALLEST_MTU}", "cni_mtu: 1500")
    if tables and tables not in _IP_TABLES:
        yield _forbidden_key("ip_tables", lines, f"is neither {' nor '.join(_IP_TABLES)}", "ip_tables: iptables-nft")
    if isinstance(parallelism, int) and parallelism <= 0:
        example = "conversion_parallelism: 10"
        yield _forbidden_key("conversion_parallelism", lines, "is not larger than zero", example)


def _forbidden_key(key: str, lines: Mapping[str, int], problem: str, example: str) -> Fault:
    path = f"global.{key}"
    return Fault(lines.get(path, 1), path, f"{key} {problem}", f"Write it so: {example}")


def _forbidden_hosts(
    hosts: Mapping[str, Mapping[str, object]], lines: Mapping[str, int], git_auth: str
) -> Iterator[Fault]:
    """Yield what `buildcontext/gitlookup.go` refuses of a host under `git`."""
    for name, host in hosts.items():
        path = f"git.{name}"
        auth, line = git_auth or host.get("auth", ""), lines[path]
        if auth not in _GIT_AUTHS:
            at = lines.get(f"{path}.auth", line)
            problem = f"{path}.auth is {auth!r}, not one of {', '.join(_GIT_AUTHS)}" if auth else f"{path} has no auth"
            yield Fault(at, f"{path}.auth", problem, f"Write below {name}: auth: auto")
        if auth == "http" and host.get("password"):
            at = lines[f"{path}.password"]
            yield Fault(at, f"{path}.password", f"{path} has a password, and auth: http", "Write it so: auth: https")
        if host.get("substitute") and (host.get("port") or host.get("prefix")):
            at = lines[f"{path}.substitute"]
            problem = f"{path} has substitute together with port or prefix"
            yield Fault(at, f"{path}.substitute", problem, "Write port and prefix into substitute.")
        yield from _forbidden_pattern(name, str(host.get("pattern", "")), lines)


def _forbidden_pattern(name: str, pattern: str, lines: Mapping[str, int]) -> Iterator[Fault]:
    """Yield a pattern that Go does not take; where there is none, the client makes one of the host's name."""
    from certkit.earthly import go_regex  # many patterns of its own, and most configurations have none

    path = f"git.{name}.pattern" if pattern else f"git.{name}"
    host = name if "." in name else f"{name}.com"
    if why := go_regex.problem(pattern or f"{host}/[^/]+/[^/]+"):
        problem = f"{path} is no regular expression of Go's: {why}"
        yield Fault(
            lines.get(path, lines[f"git.{name}"]), path, problem, f"Write below {name}: pattern: {_EXAMPLE_PATTERN}"
        )


def _read_text(resolved: Resolved, written: str) -> str:
    return str(resolved.value) if resolved.tag == BINARY else written


def _read_integer(resolved: Resolved, _: str) -> int | None:
    """Take numbers with a fraction too, as yaml.v3 does, but for those that are too large."""
    value = resolved.value
    if resolved.tag == FLOAT and isinstance(value, float):
        if value == float("-inf"):
            return -_LARGEST
        return int(value) if value <= _LARGEST else None
    return value if resolved.tag == INTEGER and isinstance(value, int) and value <= _LARGEST else None


def _read_uint16(resolved: Resolved, written: str) -> int | None:
    value = _read_integer(resolved, written)
    return value if value is not None and 0 <= value <= _LARGEST_16 else None


def _read_boolean(resolved: Resolved, _: str) -> bool | None:
    """Take the words of YAML 1.1 too, quoted or not, but `true` and `false` only without quotes."""
    if resolved.tag == BOOLEAN:
        return bool(resolved.value)
    is_text = isinstance(resolved.value, str) and resolved.tag not in (INTEGER, FLOAT)
    return (resolved.value in _YES) if is_text and resolved.value in (*_YES, *_NO) else None


def _read_duration(resolved: Resolved, _: str) -> float | None:
    """Read a duration as Go's time.ParseDuration does, in seconds."""
    text = resolved.value
    if resolved.tag in (INTEGER, FLOAT) or not isinstance(text, str) or not re.fullmatch(_DURATION, text):
        return None
    nanoseconds = sum(float(number) * _NANOSECONDS[unit] for number, unit in re.findall(_PART, text))
    if nanoseconds > _LARGEST:
        return None
    return (-nanoseconds if text.startswith("-") else nanoseconds) / 10**9


def _as_number(text: str) -> str:
    return (re.findall(r"[0-9]+", text) or ["20"])[0].lstrip("0") or "0"


def _as_megabytes(text: str) -> str:
    """Turn gigabytes and terabytes into megabytes."""
    unit = re.search(r"[0-9.]\s*([GgTt])", text)
    return _as_number(text) + {"": "", "g": "000", "t": "000000"}[unit[1].lower() if unit else ""]


def _as_boolean(text: str) -> str:
    return "false" if text.strip().lower() in ("false", "no", "off", "n", "0") else "true"


def _as_list(text: str) -> str:
    try:
        return json.dumps(shlex.split(text), ensure_ascii=False)
    except ValueError:
        return json.dumps([text], ensure_ascii=False)


def _as_duration(text: str) -> str:
    return f"{_as_number(text)}s"


def _as_text(text: str) -> str:
    return json.dumps(text or "...", ensure_ascii=False)


_NOT_A_MAPPING = "is not a mapping of keys to values"
_TEXT = Scalar("is not a plain value", _read_text, _as_text)
_NUMBER = Scalar("is not a whole number", _read_integer, _as_number)
_SIZE = Scalar("is not a whole number", _read_integer, _as_megabytes)
_MTU = Scalar("is not a whole number from 0 to 65535", _read_uint16, lambda _: "1500")
_FLAG = Scalar("is neither true nor false", _read_boolean, _as_boolean)
_DURATION_VALUE = Scalar("is not a duration with its unit", _read_duration, _as_duration)
_LIST = Strings(_TEXT, "is not a list", _as_list)

_TEXTS = (
    "buildkit_image",
    "buildkit_additional_config",
    "buildkit_host",
    "local_registry_host",
    "darwin_proxy_image",
    "tlsca",
    "tlsca_key",
    "tlscert",
    "tlskey",
    "buildkitd_tlscert",
    "buildkitd_tlskey",
    "container_frontend",
    "ip_tables",
    "secret_provider",
    "git_image",
    "cache_path",
    "buildkit_transport",
)
_NUMBERS = (
    "cache_size_pct",
    "buildkit_cache_keep_duration_s",
    "buildkit_restart_timeout_s",
    "buildkit_max_parallelism",
    "conversion_parallelism",
)
_GLOBAL = Struct(
    {
        **dict.fromkeys(_TEXTS, _TEXT),
        **dict.fromkeys(_NUMBERS, _NUMBER),
        "buildkit_additional_args": _LIST,
        "cache_size_mb": _SIZE,
        "cni_mtu": _MTU,
        "darwin_proxy_wait": _DURATION_VALUE,
        "tls_enabled": _FLAG,
    },
    _NOT_A_MAPPING,
    lambda _: "{buildkit_host: tcp://HOST:8372}",
)
_HOST_TEXTS = ["pattern", "substitute", "suffix", "auth", "user", "prefix", "password", "serverkey", "ssh_command"]
_HOST = Struct(
    {**dict.fromkeys(_HOST_TEXTS, _TEXT), "port": _NUMBER, "strict_host_key_checking": _FLAG},
    _NOT_A_MAPPING,
    lambda _: "{auth: ssh}",
)
_CONFIG = Struct(
    {"global": _GLOBAL, "git": Table(_HOST, _NOT_A_MAPPING, lambda _: "{github.com: {auth: ssh}}")},
    _NOT_A_MAPPING,
    lambda _: "global: {}",
)
