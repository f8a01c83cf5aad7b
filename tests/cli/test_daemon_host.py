"""What is printed for a daemon's host fits that host: how it runs is said once, and remembered."""

import shlex
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from certkit.ledger import file_url, open_ledger
from certkit.ledger import sqlite as ledgers
from tests.cli.conftest import Lead
from tests.ledger import former

ARM = "tcp://arm.acme.example:8372"


def revoked(lead: Lead, daemon: str) -> list[str]:
    """Return the lines of the steps for a daemon after a revocation, without their indentation."""
    lead("issue", "al", "--out", "al.certkit", "--no-passphrase")
    lines = [line.strip() for line in lead("revoke", "al").out.splitlines()]
    end = lines.index(f"certkit daemon check {daemon} --wait 60")
    begin = max((i for i, line in enumerate(lines[:end]) if "--wait 60" in line or line.startswith("Next")), default=0)
    return lines[begin + 1 : end + 1]


def test_what_deploy_is_told_every_later_step_knows(lead: Lead, home: Path) -> None:
    printed = lead("daemon", "deploy", "build", "--as", "systemd", "--flavour", "buildkit", "--certs", "/srv/tls").out
    assert printed == lead("daemon", "deploy", "build").out
    copy, gently, restart, now, cut, _ = revoked(lead, "build")
    assert copy == f"scp {home}/daemons/build/*.pem root@build.acme.example:/srv/tls/".replace(str(home), "~/home")
    assert gently.endswith("Who builds:  ssh root@build.acme.example systemd-cgls --no-pager --unit buildkitd-build")
    assert restart == "ssh root@build.acme.example systemctl restart buildkitd-build"
    assert now.startswith("# At once")
    assert cut == "#   ssh root@build.acme.example systemctl kill --signal=KILL buildkitd-build"
    assert "/srv/tls" in lead("daemon", "renew", "build").out


def test_what_add_is_told_is_remembered_and_said_in_json(lead: Lead, home: Path) -> None:
    said = (
        "--as",
        "podman",
        "--flavour",
        "buildkit",
        "--certs",
        "/srv/tls",
        "--service",
        "bk",
        "--ssh",
        "admin@10.0.0.9",
    )
    added = lead("daemon", "add", "arm", ARM, *said, "--json").data
    assert added["deployment"] == {
        "kind": "podman", "flavour": "buildkit", "directory": "/srv/tls", "service": "bk", "ssh": "admin@10.0.0.9",
    }  # fmt: skip
    assert lead("daemon", "list", "--json").data["daemons"][-1]["deployment"] == added["deployment"]
    lead("daemon", "deploy", "arm", "--certs", "/srv/other")  # the rest stays
    copy, _, restart, _, cut, _ = revoked(lead, "arm")
    assert copy.endswith(
        "-c ca.pem cert.pem crl.pem key.pem | ssh admin@10.0.0.9 sudo tar -C /srv/other -x --no-same-owner"
    )
    assert restart == "ssh admin@10.0.0.9 sudo systemctl restart bk"
    assert cut == "#   ssh admin@10.0.0.9 sudo podman kill bk"


def test_an_addition_says_how_its_kind_is_brought_up(lead: Lead, home: Path) -> None:
    said = ("--as", "systemd", "--flavour", "buildkit", "--certs", "/srv/tls certs", "--ssh", "admin@10.0.0.9")
    lines = [line.strip() for line in lead("daemon", "add", "arm", ARM, *said).out.splitlines()]
    assert """ssh admin@10.0.0.9 "sudo install -d -m 700 '/srv/tls certs'\"""" in lines
    put = "sudo install -D -m 644 /dev/stdin /etc/systemd/system/buildkitd-arm.service"
    assert f"certkit daemon deploy arm | ssh admin@10.0.0.9 {put}" in lines
    start = "'sudo systemctl daemon-reload && sudo systemctl enable --now buildkitd-arm'"
    assert f"ssh admin@10.0.0.9 {start}" in lines


@pytest.mark.parametrize(
    ("kind", "restart"),
    [
        ("docker", "ssh root@arm.acme.example docker restart buildkitd-arm"),
        ("compose", "ssh root@arm.acme.example docker compose --project-name buildkitd-arm restart"),
        ("podman", "ssh root@arm.acme.example systemctl restart buildkitd-arm"),
        ("haproxy", "ssh root@arm.acme.example systemctl reload haproxy"),
        ("kubernetes", "kubectl --namespace=buildkitd-arm rollout restart statefulset/buildkitd-arm"),
        ("flags", "# Then restart buildkitd on arm.acme.example as it was started"),
    ],
)
def test_the_restart_is_that_of_the_engine(lead: Lead, home: Path, kind: str, restart: str) -> None:
    lead("daemon", "add", "arm", ARM, "--as", kind)
    lines = revoked(lead, "arm")
    assert any(line.startswith(restart) for line in lines)
    assert not any(line.startswith("podman restart") or " podman restart" in line for line in lines)
    assert kind == "docker" or not any("docker restart" in line for line in lines)


OUT_NOW = "sh -c 'echo 1 > /sys/fs/cgroup/buildkit/cgroup.kill'"


@pytest.mark.parametrize("kind", ["flags", "buildkitd"])
def test_of_a_bare_buildkitd_no_step_says_that_its_builds_end_with_it_and_one_ends_them(
    lead: Lead, home: Path, kind: str
) -> None:
    lead("daemon", "add", "arm", ARM, "--as", kind, "--ssh", "admin@10.0.0.9")
    _, restart, _, at_once, _ = revoked(lead, "arm")
    assert restart == "# Then restart buildkitd on 10.0.0.9 as it was started: a build may go on after that."
    assert at_once == f'#   ssh admin@10.0.0.9 "sudo {OUT_NOW}"'
    assert f"# To end them all:  {OUT_NOW}" in lead("daemon", "deploy", "arm", "--service", "bk").out
    copy, _, running, restart, after, at_once, _ = revoked(lead, "arm")
    assert copy.startswith("tar ")
    assert running == "#   ssh admin@10.0.0.9 sudo systemd-cgls --no-pager /buildkit"
    assert restart == "ssh admin@10.0.0.9 sudo systemctl restart bk"
    assert after.startswith("# A build may go on after that.")
    assert at_once == f'#   ssh admin@10.0.0.9 "sudo systemctl kill --signal=KILL bk && sudo {OUT_NOW}"'


@pytest.mark.parametrize("kind", ["systemd", "flags", "buildkitd"])
def test_what_runs_no_image_is_plain_buildkit_unless_something_else_is_said(lead: Lead, home: Path, kind: str) -> None:
    def flavour() -> str:
        return str(lead("daemon", "list", "--json").data["daemons"][0]["deployment"]["flavour"])

    printed = lead("daemon", "deploy", "build", "--as", kind).out
    assert flavour() == "buildkit"
    assert "this daemon waits for none" not in printed
    lead("daemon", "deploy", "build", "--as", "compose")
    assert flavour() == "earthly"
    lead("daemon", "deploy", "build", "--flavour", "earthbuild")
    code, what, remedy = lead("daemon", "deploy", "build", "--as", "systemd").complaint
    assert (code, what) == (
        2,
        "certkit: the unit for systemd starts the programs of BuildKit's release, and earthbuild comes as an image",
    )
    assert remedy.startswith("Add --flavour buildkit")
    assert lead("daemon", "add", "arm", ARM, "--as", "systemd", "--flavour", "earthly").code == 2
    lead("daemon", "deploy", "build", "--as", "flags")  # who has built it may start it by flags
    assert flavour() == "earthbuild"


def test_a_unit_for_systemd_waits_for_builds_and_is_ended_at_once_where_no_flavour_was_said(
    lead: Lead, home: Path
) -> None:
    lead("daemon", "add", "arm", ARM, "--as", "systemd")
    _, gently, _, _, at_once, _ = revoked(lead, "arm")
    assert gently.startswith("# Gently: builds may end, for two minutes at most.")
    assert at_once == "#   ssh root@arm.acme.example systemctl kill --signal=KILL buildkitd-arm"


def test_haproxys_file_says_how_the_daemon_behind_it_keeps_builds_off_the_hosts_network(lead: Lead, home: Path) -> None:
    deploy = ("daemon", "deploy", "build", "--as", "haproxy", "--flavour")
    assert "--group haproxy --containerd-worker=false --oci-worker-net=bridge" in lead(*deploy, "buildkit").out
    assert "--oci-worker-net" not in lead(*deploy, "earthly").out  # that one runs in a container, with its network


def test_kubernetes_gets_its_secret_from_the_home(lead: Lead, home: Path) -> None:
    lead("daemon", "add", "arm", ARM, "--as", "kubernetes")
    words = shlex.split(revoked(lead, "arm")[0])
    assert words[:2] == ["(cd", str(home / "daemons" / "arm")]
    assert "--from-file=key.pem" in words
    assert f"(cd {home}/daemons/arm && kubectl" in lead("daemon", "deploy", "arm").out


def test_a_long_name_is_cut_short_for_the_container_and_for_its_restart_alike(lead: Lead, home: Path) -> None:
    lead("daemon", "add", "averyverylongname", ARM)
    words = lead("daemon", "deploy", "averyverylongname").out.split()
    started = words[words.index("--name") + 1]
    assert f"ssh root@arm.acme.example docker restart {started}" in revoked(lead, "averyverylongname")


def test_two_daemons_on_one_host_have_two_folders(lead: Lead, home: Path) -> None:
    added = lead("daemon", "add", "second", "tcp://build.acme.example:9372").out
    assert "root@build.acme.example:/etc/buildkit-certs-second/" in added
    assert "source=/etc/buildkit-certs-second/key.pem" in added
    assert revoked(lead, "second")[0].endswith("root@build.acme.example:/etc/buildkit-certs-second/")
    assert lead("daemon", "list", "--json").data["daemons"][0]["deployment"]["directory"] == "/etc/buildkit-certs"
    lead("daemon", "remove", "build")
    assert revoked(lead, "second")[0].endswith("/etc/buildkit-certs-second/")  # it does not move into what is free now


def test_a_url_that_is_taken_is_refused_and_says_by_whom(lead: Lead, home: Path) -> None:
    code, what, remedy = lead("daemon", "add", "second", "tcp://BUILD.acme.example:8372").complaint
    assert (code, what) == (1, "certkit: the daemon build is at tcp://build.acme.example:8372 already")
    assert "certkit daemon renew build" in remedy
    assert [each["name"] for each in lead("daemon", "list", "--json").data["daemons"]] == ["build"]


@pytest.mark.parametrize(
    ("said", "what"),
    [
        (("--as", "pigeon"), "'pigeon' is not a way to deploy"),
        (("--flavour", "other"), "'other' is no flavour of BuildKit"),
        (("--certs", "relative"), "'relative' cannot be written into every configuration as a folder"),
        (("--service", "a b"), "'a b' cannot be the name of a container, a unit and a namespace"),
        (("--ssh", "-oProxyCommand=x"), "'-oProxyCommand=x' is not how SSH reaches a host"),
    ],
)
def test_what_no_recipe_can_say_is_refused_and_not_remembered(
    lead: Lead, home: Path, said: tuple[str, str], what: str
) -> None:
    before = lead("daemon", "deploy", "build").out
    for command in (("deploy", "build"), ("add", "arm", ARM)):
        assert lead("daemon", *command, *said).complaint[:2] == (2, f"certkit: {what}")
    assert lead("daemon", "deploy", "build").out == before
    assert len(lead("log", "--json").data["events"]) == 2


def test_reading_what_a_host_needs_writes_nothing(lead: Lead, home: Path) -> None:
    events = lead("log", "--json").data["events"]
    lead("daemon", "deploy", "build")
    assert lead("log", "--json").data["events"] == events


def test_a_ledger_of_a_former_certkit_takes_what_it_never_knew_for_granted(tmp_path: Path) -> None:
    """Before, every daemon was told to run in Docker with its files in the one folder."""
    path = tmp_path / "ledger.sqlite"
    ledgers.create(path).close()
    former.go_back(path, "ADD COLUMN deployment")
    database = ledgers.SqliteDatabase(path)
    database.execute(
        "INSERT INTO daemons (name, url, hosts, created, proven, serving) "
        "VALUES ('build', 'tcp://build:1', '[\"build\"]', '2026-11-24T12:00:00Z', 0, '')",
        {},
    )
    database.close()
    [daemon] = open_ledger(file_url(path)).daemons()
    assert daemon.deployment is None


def test_a_unit_that_a_former_certkit_recorded_as_earthlys_is_plain_buildkits(
    tmp_path: Path, lead: Lead, home: Path
) -> None:
    recorded = (
        '{"kind": "systemd", "flavour": "earthly", "directory": "/etc/buildkit-certs", "service": null, "ssh": null}'
    )
    with closing(sqlite3.connect(home / "ledger.sqlite")) as ledger, ledger:
        ledger.execute("UPDATE daemons SET deployment = ?", (recorded,))
    assert lead("daemon", "list", "--json").data["daemons"][0]["deployment"]["flavour"] == "buildkit"
    assert revoked(lead, "build")[1].startswith("# Gently: builds may end")


def test_without_a_daemon_nobody_is_enrolled_and_status_says_so(lead: Lead, home: Path) -> None:
    assert "No daemon is left" in lead("daemon", "remove", "build", "--yes").out
    code, what, remedy = lead("issue", "al", "--out", "al.certkit", "--no-passphrase").complaint
    assert (code, what) == (1, "certkit: there is no daemon to build on")
    assert "certkit daemon add --help" in remedy
    assert not Path("al.certkit").exists()
    status = lead("status", "--fail-on", "warning")
    assert status.code == 3
    assert "daemon none the team has none, and nobody can be enrolled" in status.out
    assert "certkit daemon add --help" in status.out
    [item] = [each for each in lead("status", "--json").data["items"] if each["kind"] == "daemon"]
    assert (item["attention"], item["severity"]) == ("no-daemon", "warning")
