"""What a site lets into a configuration file, and what it refuses."""

import pytest

from certkit.deploy import KINDS, Site, render
from certkit.errors import InvalidError


def site(**changes: object) -> Site:
    values = {"daemon": "build", "host": "build.acme.example", "port": 8372} | changes
    return Site(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "directory",
    [
        "relative",
        "/a\nb",
        "/a\0b",
        "/a'b",
        '/a"b',
        "/a$(b)",
        "/a`b`",
        "/a:b",
        "/a,b",
        "/a\\b",
        "/a%b",
        "/a/../b",
        "/a ",
        "/",
        "",
    ],
)
def test_a_folder_that_some_format_would_read_as_something_else_is_refused(directory: str) -> None:
    with pytest.raises(InvalidError, match="cannot be written"):
        site(directory=directory)


@pytest.mark.parametrize("host", ["a b", "a\nb", "$(id)", "a;b", "a#b", ""])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    with pytest.raises(InvalidError, match="host name"):
        site(host=host)


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_is_none_is_refused(port: int) -> None:
    with pytest.raises(InvalidError, match="no port"):
        site(port=port)


def test_an_unknown_flavour_or_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(InvalidError) as refused:
        site(flavour="docker")
    assert "earthly, earthbuild, buildkit" in refused.value.hint
    with pytest.raises(InvalidError) as refused:
        render("../etc", site())
    assert "docker, compose" in refused.value.hint


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name", ["x y z", "a'b", 'a"; rm -rf / #', "a\n[Service]\nExecStart=/bin/sh", "$(id)", "../..", "{{ 7 * 7 }}", "%n"]
)
def test_a_hostile_daemon_name_is_written_as_a_dns_label_only(kind: str, name: str) -> None:
    text = render(kind, site(daemon=name))
    assert name not in text
    assert "49" not in text


@pytest.mark.parametrize("kind", KINDS)
def test_an_ipv6_host_stands_in_brackets(kind: str) -> None:
    assert "tcp://[2001:db8::7]:8372" in render(kind, site(host="2001:db8::7"))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"directory": "relative"}, "unwritable-directory"),
        ({"port": 0}, "no-port"),
        ({"flavour": "other"}, "unknown-flavour"),
    ],
)
def test_each_refusal_has_a_code_of_its_own_and_what_it_is_about(changes: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidError) as refused:
        site(**changes)
    assert (refused.value.code, refused.value.fields) == (code, changes)


def test_an_unknown_kind_has_a_code_too() -> None:
    with pytest.raises(InvalidError) as refused:
        render("carrier-pigeon", site())
    assert (refused.value.code, refused.value.fields) == ("unknown-deployment", {"kind": "carrier-pigeon"})
