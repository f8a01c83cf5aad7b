"""Which URLs Earthly takes, and which of them a team can share."""

import pytest

from certkit.earthly.address import Address, MissingPortError, WrongSchemeError, parse, parse_shared
from certkit.errors import InvalidError, MalformedError


@pytest.mark.parametrize(
    ("url", "host", "same"),
    [
        ("tcp://build.acme.example:8372", "build.acme.example", "tcp://build.acme.example:8372"),
        ("tcp://Build.Acme.Example.:1", "build.acme.example", "tcp://build.acme.example:1"),
        ("tcp://203.0.113.7:8372", "203.0.113.7", "tcp://203.0.113.7:8372"),
        ("tcp://[2001:DB8:0::1]:8372", "2001:db8::1", "tcp://[2001:db8::1]:8372"),
        ("tcp://bücher.example:8372", "xn--bcher-kva.example", "tcp://xn--bcher-kva.example:8372"),
        ("tcp://build_kit:65535", "build_kit", "tcp://build_kit:65535"),
    ],
)
def test_a_shared_url_has_one_form_with_an_ascii_host(url: str, host: str, same: str) -> None:
    address = parse_shared(url)
    assert (address.host, address.url) == (host, same)
    assert parse(address.url) == address


@pytest.mark.parametrize(
    "url",
    [
        "",
        "build.acme.example",
        "build.acme.example:8372",
        "tcp:build.acme.example:8372",
        "tcp://",
        "tcp://:8372",
        "tcp://build.acme.example:8372/",
        "tcp://build.acme.example:8372?x",
        "tcp://alice@build.acme.example:8372",
        "tcp://build.acme.example:port",
        "tcp://build.acme.example:8372\n",
        "tcp://build acme:8372",
        "tcp://\x1b[31mred:8372",
        "tcp://-build:8372",
        "tcp://build..example:8372",
        "tcp://2001:db8::1:8372",
        "tcp://[fe80::1%eth0]:8372",
        "tcp://[build]:8372",
        "tcp://" + "a" * 64 + ".example:8372",
        "tcp://" + ".".join(["a" * 60] * 5) + ":8372",
        "tcp://\N{SNOWMAN}\N{ZERO WIDTH JOINER}:8372",
        "tcp://" + "a." * 100_000 + "example:8372",
    ],
)
def test_what_is_no_url_of_a_daemon_is_refused_with_how_to_write_one(url: str) -> None:
    with pytest.raises(InvalidError, match="is not a daemon's URL") as refused:
        parse_shared(url)
    assert "Write it as Earthly does, scheme and port included: tcp://" in refused.value.hint
    assert len(refused.value.message) < 1400


def test_the_remedy_repeats_the_host_that_was_meant() -> None:
    with pytest.raises(InvalidError) as refused:
        parse_shared("build-7.acme.example")
    assert refused.value.hint.endswith(" tcp://build-7.acme.example:8372")


@pytest.mark.parametrize(
    "host", ["127.1", "0x7f000001", "0x7f.0.0.1", "2130706433", "127.0.0.01", "1.2.3.4.5", "256.1.1.1"]
)
def test_a_number_that_resolvers_take_for_an_address_is_no_name(host: str) -> None:
    with pytest.raises(MalformedError):
        parse(f"tcp://{host}:8372")


@pytest.mark.parametrize("url", ["tcp://build.acme.example", "tcp://build.acme.example:"])
def test_a_tcp_url_without_a_port_is_refused(url: str) -> None:
    with pytest.raises(MissingPortError):
        parse(url)
    with pytest.raises(InvalidError, match="has no port") as refused:
        parse_shared(url)
    assert refused.value.hint.endswith("tcp://build.acme.example:8372")


@pytest.mark.parametrize("port", ["0", "65536", "1" * 200])
def test_a_port_that_cannot_be_is_refused(port: str) -> None:
    with pytest.raises(InvalidError, match="no possible port"):
        parse_shared(f"tcp://build.acme.example:{port}")


@pytest.mark.parametrize("scheme", ["http", "https", "unix", "ssh"])
def test_another_scheme_is_refused(scheme: str) -> None:
    with pytest.raises(WrongSchemeError, match=scheme):
        parse(f"{scheme}://build.acme.example:8372")


@pytest.mark.parametrize("scheme", ["docker-container", "podman-container"])
def test_a_container_is_an_address_but_not_a_shared_one(scheme: str) -> None:
    address = parse(f"{scheme}://earthly-buildkitd")
    assert address == Address(scheme, "earthly-buildkitd")
    assert address.is_local
    assert address.url == f"{scheme}://earthly-buildkitd"
    with pytest.raises(InvalidError, match="container on this machine"):
        parse_shared(address.url)


@pytest.mark.parametrize(
    "url", ["tcp://localhost:8372", "tcp://LOCALHOST.:8372", "tcp://127.0.0.1:8372", "tcp://[0:0::1]:8372"]
)
def test_a_host_that_earthly_would_manage_itself_is_refused_with_the_reason(url: str) -> None:
    with pytest.raises(InvalidError, match="manages itself") as refused:
        parse_shared(url)
    assert "every laptop reaches" in refused.value.hint


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("tcp:build:8372", "tcp://build:8372"),
        ("tcp:/build:1", "tcp://build:1"),
        ("build.acme.example:9000", "tcp://build.acme.example:9000"),
        ("alice@build:8372", "tcp://build:8372"),
        ("//build", "tcp://build:8372"),
        ("[2001:db8::1]:1234", "tcp://[2001:db8::1]:1234"),
        ("tcp://build:8372/path", "tcp://build:8372"),
        ("tcp:8372", "tcp://build.acme.example:8372"),
        ("localhost", "tcp://build.acme.example:8372"),
    ],
)
def test_the_remedy_for_what_is_no_url_is_the_url_that_was_meant(url: str, meant: str) -> None:
    with pytest.raises(MalformedError) as refused:
        parse(url)
    assert refused.value.hint.endswith(f" {meant}")


@pytest.mark.parametrize("url", ["tcp://[0:0:0:0:0:0:0:1]:8372", "tcp://LOCALHOST:8372", "tcp://localhost.:8372"])
def test_what_only_means_a_local_host_is_remote_for_the_client(url: str) -> None:
    assert not parse(url).is_local
    with pytest.raises(InvalidError, match="manages itself"):
        parse_shared(url)


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", "[0:0::0]"])
def test_a_daemon_is_not_found_where_it_listens_everywhere(host: str) -> None:
    with pytest.raises(InvalidError, match="no laptop finds it there") as refused:
        parse_shared(f"tcp://{host}:8372")
    assert "tcp://build-server:8372" in refused.value.hint


def test_only_three_literal_names_are_local() -> None:
    assert all(Address("tcp", host, 8372).is_local for host in ["localhost", "127.0.0.1", "::1"])
    assert not any(
        Address("tcp", host, 8372).is_local for host in ["127.0.0.2", "localhost.localdomain", "::", "0.0.0.0"]
    )
