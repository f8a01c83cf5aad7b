"""What certkit reads of a configuration is what Earthly's own code reads, and it stops where that stops."""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings, strategies

from certkit.earthly import go_regex, schema
from certkit.earthly.config import decoded
from certkit.earthly.decoding import Fault
from certkit.earthly.yaml_positions import parse
from certkit.errors import MalformedError, RefusedError
from tests.clients.earthly_reader import EarthlyReader
from tests.earthly import corpus, generated

_FIELDS = {
    "buildkit_host": "BuildkitHost",
    "tlsca": "TLSCACert",
    "tlscert": "ClientTLSCert",
    "tlskey": "ClientTLSKey",
    "tls_enabled": "TLSEnabled",
    "container_frontend": "ContainerFrontend",
    "cache_size_mb": "BuildkitCacheSizeMb",
    "cni_mtu": "CniMtu",
    "buildkit_additional_args": "BuildkitAdditionalArgs",
}
_LATER = (
    *("below 68", "ip_tables is neither", "larger than zero", " has no auth", ".auth is '", " has a password"),
    " is no regular expression",
)
"""What the client refuses only when it builds."""


@pytest.fixture(scope="module")
def earthly() -> Iterator[EarthlyReader]:
    reader = EarthlyReader()
    yield reader
    reader.close()


def faults_of(content: bytes) -> tuple[dict[str, object], list[Fault]]:
    """Return what certkit reads, and what stops the client as soon as it reads the file."""
    try:
        values, faults = schema.decode(parse(decoded(content)))
    except MalformedError as error:
        return {}, [Fault(1, "", error.message, "")]
    return dict(values), [fault for fault in faults if not any(late in fault.problem for late in _LATER)]


def visible(value: object) -> object:
    """Return a value as JSON brings it from Go, bytes that are no text told by one mark."""
    return re.sub("\ufffd+", "\ufffd", value) if isinstance(value, str) else value


def check(earthly: EarthlyReader, content: bytes) -> None:
    """Compare the two readings of a configuration."""
    answer = earthly.config(content)
    found, faults = faults_of(content)
    assert bool(answer.error) == bool(faults), (content, answer.error, faults)
    if answer.error:
        return
    for key, value in found.items():
        if key not in _FIELDS:
            continue
        theirs, ours = answer.values[_FIELDS[key]], value
        if isinstance(theirs, str) and key.startswith("tls") and answer.values["TLSEnabled"]:
            theirs, ours = str(Path(theirs)), str(Path(os.path.normpath(earthly.directory / str(value))))
        assert visible(theirs) == visible(ours), (content, key)


@pytest.mark.parametrize("text", corpus.WRONG, ids=range(len(corpus.WRONG)))
def test_what_earthly_stops_at_is_found(earthly: EarthlyReader, text: str) -> None:
    assert earthly.config(text.encode()).error
    assert faults_of(text.encode())[1]


@pytest.mark.parametrize("text", corpus.RIGHT, ids=range(len(corpus.RIGHT)))
def test_what_earthly_takes_is_no_fault(earthly: EarthlyReader, text: str) -> None:
    check(earthly, text.encode())
    assert faults_of(text.encode())[1] == []


def test_other_encodings_are_read_as_earthly_reads_them(earthly: EarthlyReader) -> None:
    text = "global:\n  buildkit_host: tcp://é:1\n"
    for encoding in ("utf-16", "utf-8-sig", "utf-16-le", "latin-1"):
        check(earthly, text.encode(encoding))


@given(generated.configurations())
def test_configurations_as_people_write_them_are_read_alike(earthly: EarthlyReader, text: str) -> None:
    check(earthly, text.encode())


@settings(max_examples=300)
@given(generated.typed())
def test_values_of_every_type_at_every_key_are_read_alike(earthly: EarthlyReader, text: str) -> None:
    check(earthly, text.encode())


@settings(max_examples=300)
@given(generated.hostile())
@example(b"global:\n  tlsca: a\tb\n")
@example(b"---\na: 1\n---\n@bad\n")
def test_hostile_bytes_are_read_alike(earthly: EarthlyReader, content: bytes) -> None:
    with contextlib.suppress(RefusedError):  # what certkit says that it does not read
        check(earthly, content)


_PARTS = [
    *"abz019-^$.|()[]{}*+?\\,:=!<>P_é/",
    "(?",
    "(?i)",
    "(?:",
    "(?P<n>",
    "(?=",
    "(?!",
    "(?-i)",
    "(?-)",
    "\\d",
    "\\w",
    "\\1",
]
_PARTS += [
    "\\x41",
    "\\x{41}",
    "\\p{Han}",
    "\\pL",
    "\\Q",
    "\\E",
    "[[:alpha:]]",
    "[:foo:]",
    "{2}",
    "{2,1}",
    "{1,3}",
    "{1001}",
    "{,2}",
]
_PARTS += [
    "\\/",
    "\\_",
    "\\b",
    "\\Z",
    "\\z",
    "\\C",
    "[^/]+",
    "[a-z]",
    "\\n",
    "\\12",
    "\\0",
    "*?",
    "\\p{Lu}",
    "a-",
    "(?i-s:",
]


@given(parts=strategies.lists(strategies.sampled_from(_PARTS), max_size=8))
@settings(max_examples=500)
def test_a_pattern_is_taken_if_go_takes_it(earthly: EarthlyReader, parts: list[str]) -> None:
    pattern = "".join(parts)
    if pattern:
        assert bool(earthly.pattern(pattern).error) == bool(go_regex.problem(pattern)), pattern
