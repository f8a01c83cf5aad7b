"""A client's configuration is read exactly as the client reads it."""

import contextlib
from pathlib import Path

import pytest

from certkit.earthly.clients import Client, locate
from certkit.earthly.config import LIMIT, read
from certkit.errors import MalformedError
from tests import patience


@pytest.fixture
def earthly(tmp_path: Path) -> Client:
    client = locate("earthly", {"HOME": str(tmp_path)})
    client.directory.mkdir()
    return client


def test_without_a_file_everything_is_earthlys_default(earthly: Client) -> None:
    found = read(earthly, {})
    assert found.buildkit_host == ""
    assert found.tlsca == earthly.directory / "certs" / "ca_cert.pem"
    assert found.tlscert == earthly.directory / "certs" / "earthly_cert.pem"
    assert found.tlskey == earthly.directory / "certs" / "earthly_key.pem"
    assert found.tls_enabled
    assert set(found.origins.values()) == {"default"}


@pytest.mark.parametrize(
    "text", ["", "# only a comment\n", "global:\n", "global: null\n", "global: {}\n", "---\n...\n", "~"]
)
def test_an_empty_configuration_is_the_defaults(earthly: Client, text: str) -> None:
    earthly.config.write_text(text)
    assert set(read(earthly, {}).origins.values()) == {"default"}


def test_values_come_from_the_file_and_null_means_the_default(earthly: Client) -> None:
    earthly.config.write_text(
        "global:\n  buildkit_host: tcp://build:8372\n  tlsca: /etc/ca.pem\n  tlscert: ~\n  tls_enabled: off\n"
    )
    found = read(earthly, {})
    assert (found.buildkit_host, found.tlsca, found.tls_enabled) == ("tcp://build:8372", Path("/etc/ca.pem"), False)
    assert found.origins == {
        "buildkit_host": "file", "tlsca": "file", "tls_enabled": "file", "tlscert": "default", "tlskey": "default",
    }  # fmt: skip


def test_relative_paths_start_at_the_clients_folder_wherever_the_file_is(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "other.yml"
    elsewhere.parent.mkdir()
    elsewhere.write_text("global: {tlskey: certs/acme/key.pem}")
    client = locate("earthly", {"HOME": str(tmp_path)}, elsewhere)
    assert read(client, {}).tlskey == tmp_path / ".earthly" / "certs" / "acme" / "key.pem"


def test_the_environment_overrides_the_host_of_the_file(tmp_path: Path) -> None:
    environ = {"EARTHLY_BUILDKIT_HOST": "tcp://old:1", "EARTH_BUILDKIT_HOST": "tcp://new:1"}
    for name, host, origin in [
        ("earthly", "tcp://old:1", "EARTHLY_BUILDKIT_HOST"),
        ("earthbuild", "tcp://new:1", "EARTH_BUILDKIT_HOST"),
    ]:
        client = locate(name, {"HOME": str(tmp_path)})
        client.directory.mkdir()
        client.config.write_text("global: {buildkit_host: 'tcp://file:1'}")
        found = read(client, environ)
        assert (found.buildkit_host, found.origins["buildkit_host"]) == (host, origin)
        assert read(client, {"EARTH_BUILDKIT_HOST": ""}).origins["buildkit_host"] == "file"


def test_anchors_and_merge_keys_are_resolved_the_nearest_winning(earthly: Client) -> None:
    earthly.config.write_text(
        "base: &base {tlsca: base.pem, tlscert: base.pem, tlskey: base.pem}\n"
        "more: &more {tlscert: more.pem, tlskey: more.pem}\n"
        "global:\n  <<: [*more, *base]\n  tlskey: own.pem\n"
    )
    found = read(earthly, {})
    assert [path.name for path in (found.tlsca, found.tlscert, found.tlskey)] == ["base.pem", "more.pem", "own.pem"]


def test_only_the_first_document_counts(earthly: Client) -> None:
    earthly.config.write_text("global: {buildkit_host: 'tcp://one:1'}\n---\nglobal: {buildkit_host: 'tcp://two:1'}\n")
    assert read(earthly, {}).buildkit_host == "tcp://one:1"


def test_a_byte_order_mark_and_windows_line_ends_are_read(earthly: Client) -> None:
    earthly.config.write_bytes(b"\xef\xbb\xbfglobal:\r\n  buildkit_host: tcp://one:1\r\n")
    assert read(earthly, {}).buildkit_host == "tcp://one:1"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("global: [\n", "line 2: not YAML"),
        ("global:\n\ttlsca: x\n", "line 2: not YAML"),
        ("global: *nobody\n", "line 1: not YAML"),
        ("\x00", "not YAML"),
        ("- a\n- b\n", "line 1: the file is not a mapping"),
        ("just words", "line 1: the file is not a mapping"),
        ("git: {}\nglobal: [tls]\n", "line 2: global is not a mapping"),
        ("global:\n  tlsca: [a]\n", "line 2: tlsca is not a plain value"),
        ("global:\n  tls_enabled: maybe\n", "line 2: tls_enabled is neither true nor false"),
        ("global:\n  tlsca: a\n  tlsca: b\n", "line 3: tlsca is there twice"),
        ("global:\n  <<: word\n", "line 2: what is merged is not a mapping"),
    ],
)
def test_what_the_client_cannot_read_is_reported_with_its_line(earthly: Client, text: str, message: str) -> None:
    earthly.config.write_text(text)
    with pytest.raises(MalformedError, match=message):
        read(earthly, {})


def test_bytes_that_are_no_text_are_reported(earthly: Client) -> None:
    earthly.config.write_bytes(b"global: {tlsca: \xff\xfe}")
    with pytest.raises(MalformedError, match="not YAML"):
        read(earthly, {})


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "global: &g\n  <<: *g\n",
        "a0: &a0 {tlsca: x}\n"
        + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1}, *a{n - 1}]}}\n" for n in range(1, 200))
        + "global: *a199\n",
        "a0: &a0 {tlsca: x}\n"
        + "".join(f"a{n}: &a{n} {{<<: *a{n - 1}}}\n" for n in range(1, 5000))
        + "global: *a4999\n",
        "#" * (LIMIT + 1),
    ],
    ids=["nested", "merges itself", "merges double", "merges in a chain", "large"],
)
def test_a_hostile_file_costs_little(earthly: Client, text: str) -> None:
    earthly.config.write_text(text)
    with patience.ends(), contextlib.suppress(MalformedError):
        read(earthly, {})
