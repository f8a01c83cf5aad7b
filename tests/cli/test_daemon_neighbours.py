"""Two daemons on one host: nothing of the second takes the place of what the first has there."""

from pathlib import Path

import pytest

from tests.cli.conftest import Lead

BUILD = "build.acme.example"
"""The host of the team's first daemon, whose port is 8372."""
OTHER = "tcp://other.acme.example:9372"
BESIDE = f"tcp://{BUILD}:9372"
AT_BUILD = ("--ssh", f"admin@{BUILD}")


def folder(lead: Lead, name: str) -> str:
    [found] = [each for each in lead("daemon", "list", "--json").data["daemons"] if each["name"] == name]
    return str(found["deployment"]["directory"])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ((), (BESIDE,)),
        ((), (OTHER, *AT_BUILD)),
        (("--ssh", "admin@10.0.0.9"), (BESIDE,)),
        (("--ssh", "admin@10.0.0.9"), ("tcp://10.0.0.9:9372",)),
        (("--ssh", "Desk_1"), (OTHER, "--ssh", "root@desk_1")),
    ],
)
def test_a_second_daemon_of_a_host_has_a_folder_of_its_own_however_the_host_is_named(
    lead: Lead, home: Path, first: tuple[str, ...], second: tuple[str, ...]
) -> None:
    assert lead("daemon", "deploy", "build", *first).code == 0
    assert "/etc/buildkit-certs-second" in lead("daemon", "add", "second", *second).out
    assert folder(lead, "second") == "/etc/buildkit-certs-second"


def test_two_hosts_that_share_a_name_and_are_reached_apart_may_be_alike(lead: Lead, home: Path) -> None:
    assert lead("daemon", "deploy", "build", "--as", "haproxy", "--ssh", "root@one").code == 0
    at_two = ("--as", "haproxy", "--ssh", "root@two", "--certs", "/etc/buildkit-certs")
    assert lead("daemon", "add", "second", BESIDE, *at_two).code == 0


@pytest.mark.parametrize(
    ("first", "second", "what", "remedy"),
    [
        ((), ("--certs", "/etc/buildkit-certs"), "/etc/buildkit-certs has the files", "--certs FOLDER"),
        ((), ("--certs", "/etc//./buildkit-certs"), "/etc/buildkit-certs has the files", "--certs FOLDER"),
        ((), ("--service", "buildkitd-build"), "buildkitd-build is the container", "--service NAME"),
        (("--service", "buildkitd-second"), (), "buildkitd-second is the container", "--service NAME"),
        (
            ("--as", "flags", "--service", "bk.service"),
            ("--as", "systemd", "--service", "bk"),
            "bk is the container",
            "--service NAME",
        ),
        (("--as", "haproxy"), ("--as", "haproxy"), "/etc/haproxy/haproxy.cfg is the configuration", "--as"),
        (("--as", "buildkitd"), ("--as", "buildkitd"), "/etc/buildkit/buildkitd.toml is the configuration", "--as"),
    ],
)
def test_what_the_first_daemon_of_a_host_has_is_refused_to_the_second_by_add_and_by_deploy(
    lead: Lead, home: Path, first: tuple[str, ...], second: tuple[str, ...], what: str, remedy: str
) -> None:
    lead("daemon", "deploy", "build", *first)
    code, said, hint = lead("daemon", "add", "second", BESIDE, *second).complaint
    assert (code, said.startswith(f"certkit: {what}"), remedy in hint) == (1, True, True)
    assert said.endswith(" of the daemon build, which runs on the same host")
    assert [each["name"] for each in lead("daemon", "list", "--json").data["daemons"]] == ["build"]
    lead("daemon", "add", "second", BESIDE, "--service", "another")
    if second:
        assert lead("daemon", "deploy", "second", *second).complaint[1] == said
        assert lead("daemon", "deploy", "second").code == 0


def test_a_port_is_one_daemons_also_where_the_host_goes_by_another_name(lead: Lead, home: Path) -> None:
    code, what, remedy = lead("daemon", "add", "second", "tcp://other.acme.example:8372", *AT_BUILD).complaint
    assert (code, what) == (1, "certkit: 8372 is the port of the daemon build, which runs on the same host")
    assert "certkit daemon deploy build --ssh" in remedy
    assert lead("daemon", "renew", "build", "--san", "10.0.0.9").code == 0
    code, what, _ = lead("daemon", "add", "second", "tcp://10.0.0.9:8372").complaint
    assert (code, what) == (1, "certkit: the daemon build is at tcp://10.0.0.9:8372 already")
    lead("daemon", "add", "second", OTHER)
    assert lead("daemon", "move", "second", "tcp://10.0.0.9:8372").complaint[1] == what


def test_a_daemon_that_moves_to_anothers_host_gets_a_folder_of_its_own_there(lead: Lead, home: Path) -> None:
    lead("daemon", "add", "second", OTHER)
    assert folder(lead, "second") == "/etc/buildkit-certs"
    assert f"root@{BUILD}:/etc/buildkit-certs-second/" in lead("daemon", "move", "second", BESIDE).out
    assert folder(lead, "second") == "/etc/buildkit-certs-second"
    assert folder(lead, "build") == "/etc/buildkit-certs"


def test_a_daemon_that_would_take_the_place_of_another_does_not_move(lead: Lead, home: Path) -> None:
    lead("daemon", "add", "second", OTHER, "--service", "buildkitd-build")
    code, what, remedy = lead("daemon", "move", "second", BESIDE).complaint
    assert (code, what.split(" is ")[0]) == (1, "certkit: buildkitd-build")
    assert "daemon deploy" in remedy
    assert lead("daemon", "list", "--json").data["daemons"][-1]["url"] == OTHER


def test_in_a_cluster_only_the_namespace_is_anothers(lead: Lead, home: Path) -> None:
    assert lead("daemon", "deploy", "build", "--as", "kubernetes").code == 0
    said = lead("daemon", "add", "second", OTHER, "--as", "kubernetes", "--service", "buildkitd-build").complaint[1]
    assert said.endswith("the namespace of the daemon build, which runs in the same cluster")
    assert lead("daemon", "add", "second", BESIDE, "--as", "kubernetes").code == 0
    assert folder(lead, "second") == "/etc/buildkit-certs"
    assert lead("daemon", "add", "third", OTHER, "--as", "docker", *AT_BUILD).code == 0
