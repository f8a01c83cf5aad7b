"""A client's configuration is read exactly as the client reads it."""

import contextlib
from pathlib import Path

import pytest

from certkit.earthly import go_regex
from certkit.earthly.clients import Client, locate
from certkit.earthly.config import LIMIT, read
from certkit.errors import CertkitError, MalformedError, MissingError
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


def test_a_configuration_that_was_named_must_be_there(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "EARTHLY_CONFIG": str(tmp_path / "missing.yml")}
    for client in (locate("earthly", environ), locate("earthly", {"HOME": str(tmp_path)}, tmp_path / "missing.yml")):
        with pytest.raises(MissingError, match=r"missing\.yml"):
            read(client, environ)


@pytest.mark.parametrize(
    ("text", "said", "remedy"),
    [
        (
            'buildkit_additional_args: "--userns host"',
            "line 2: buildkit_additional_args is not a list: it is the text '--userns host'",
            'Write it so: buildkit_additional_args: ["--userns", "host"]',
        ),
        (
            "cache_size_mb: 20GB",
            "line 2: cache_size_mb is not a whole number: it is '20GB'",
            "Write it so: cache_size_mb: 20000",
        ),
        ("cache_size_pct: 50%", "line 2: cache_size_pct is not a whole number", "Write it so: cache_size_pct: 50"),
        ("darwin_proxy_wait: 10", "line 2: darwin_proxy_wait is not a duration", "Write it so: darwin_proxy_wait: 10s"),
        ('tls_enabled: "true"', "line 2: tls_enabled is neither true nor false", "Write it so: tls_enabled: true"),
        ("cni_mtu: 9", "line 2: cni_mtu is 9, below 68", "Write it so: cni_mtu: 1500"),
        ("ip_tables: nft", "line 2: ip_tables is neither", "Write it so: ip_tables: iptables-nft"),
        ("conversion_parallelism: 0", "line 2: conversion_parallelism is not larger", "conversion_parallelism: 10"),
    ],
)
def test_a_value_that_stops_the_client_is_named_with_what_to_write(
    earthly: Client, text: str, said: str, remedy: str
) -> None:
    earthly.config.write_text(f"global:\n  {text}\n")
    with pytest.raises(MalformedError) as refused:
        read(earthly, {})
    assert said in refused.value.message
    assert remedy in refused.value.hint


@pytest.mark.parametrize(
    ("text", "said", "remedy"),
    [
        ("git: [github.com]\n", "line 1: git is not a mapping", "git: {github.com: {auth: ssh}}"),
        ("git:\n  a.com: {auth: ssh, port: '2222'}\n", "line 2: git.a.com.port is not a whole number", "port: 2222"),
        ("git:\n  a.com:\n    auth: ssh\n    auth: ssh\n", "line 4: git.a.com.auth is there twice", "line 3 or line 4"),
        ("git:\n  a.com:\n    user: u\n", "line 2: git.a.com has no auth", "auth: auto"),
        ("git: {a.com: {auth: git}}\n", "line 1: git.a.com.auth is 'git'", "auth: auto"),
        (
            "git: {a.com: {auth: http, password: p}}\n",
            "line 1: git.a.com has a password, and auth: http",
            "auth: https",
        ),
        (
            "git:\n  a.com:\n    auth: ssh\n    pattern: 'a.com/(?!b)'\n",
            "line 4: git.a.com.pattern is no regular expression of Go's: (?!b begins what Go does not know",
            "Write below a.com: pattern: '",
        ),
        (
            "git:\n  '*.acme.example': {auth: ssh}\n",
            "line 2: git.*.acme.example is no regular expression of Go's: * has nothing before it to repeat",
            "Write below *.acme.example: pattern: '",
        ),
        ("git: {a.com: {auth: ssh, substitute: s, port: 1}}\n", "git.a.com has substitute together", "into substitute"),
        ("%YAML 1.2\n---\nglobal: {}\n", "line 1: not YAML: Earthly's parser takes no %YAML", "Take line 1 out"),
    ],
)
def test_what_stops_the_client_elsewhere_is_named_too(earthly: Client, text: str, said: str, remedy: str) -> None:
    earthly.config.write_text(text)
    with pytest.raises(MalformedError) as refused:
        read(earthly, {})
    assert said in refused.value.message
    assert remedy in refused.value.hint


def test_every_fault_is_told_with_its_line(earthly: Client) -> None:
    earthly.config.write_text("global:\n  cache_size_mb: x\n  cni_mtu: y\ngit: []\n")
    with pytest.raises(MalformedError) as refused:
        read(earthly, {})
    assert all(f"line {line}: " in refused.value.message for line in (2, 3, 4))
    assert "Line 3: Write it so: cni_mtu: 1500" in refused.value.hint


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
    with patience.ends(), contextlib.suppress(CertkitError):
        read(earthly, {})


@pytest.mark.parametrize("variable", ["GIT_USERNAME", "GIT_PASSWORD"])
def test_where_a_variable_sets_how_git_is_reached_no_auth_is_wanting(tmp_path: Path, variable: str) -> None:
    (tmp_path / ".earthly").mkdir()
    (tmp_path / ".earthly" / "config.yml").write_text("git: {a.com: {user: u}, b.com: {auth: http, password: p}}\n")
    environ = {"HOME": str(tmp_path)}
    with pytest.raises(MalformedError, match="no auth"):
        read(locate("earthly", environ), environ)
    assert not read(locate("earthly", environ), {**environ, variable: "x"}).buildkit_host


@pytest.mark.parametrize(
    "pattern",
    [
        *(
            "github.com/[^/]+/[^/]+",
            r"git\.acme\.example/(?P<team>\w+)/[^/]+",
            "(?i)a|b",
            "a{2,3}?",
            "[[:alpha:]-]",
            "",
        ),
        *(r"\Q*\E+", r"[]a]", r"\pL\x{10FFFF}", "{,2}", "^*", "()*", r"\012"),
    ],
)
def test_a_pattern_that_go_takes_is_taken(pattern: str) -> None:
    assert not go_regex.problem(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        *("*", "a**", "a|+", "(", ")", "[", "[b-a]", "a{1001}", "a{2,1}", "(?=a)", "(?<=a)", r"\1", r"\Z", r"\C"),
        *(
            "\\",
            r"\x{110000}",
            "[[:foo:]]",
            "(?P<>a)",
            "(?-)",
            r"\p",
            "(?i)*",
            r"\Q\E*",
            "a{" + "9" * 5000 + "}",
            "[" + "[:" * 100_000,
        ),
    ],
)
def test_a_pattern_that_go_does_not_take_is_told(pattern: str) -> None:
    assert go_regex.problem(pattern)
