"""The configuration is read as the client reads it, and its traps are told before anything is opened."""

import shutil
import stat
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from certkit.cli.support.remedies import of_finding
from certkit.earthly.clients import find
from certkit.probe import Report, run
from certkit.probe.target import Given, choose_client, resolve
from tests import patience
from tests.daemons.daemon import Daemon, Start
from tests.probe.pki import NOW, Pki, ids
from tests.team import Files


@dataclass(frozen=True)
class Laptop:
    """A home with Earthly's folder, and a `docker` that works."""

    home: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def earthly(self) -> Path:
        return self.home / ".earthly"

    def write(self, text: str) -> None:
        (self.earthly / "config.yml").write_text(text)

    def use(self, url: str, more: str = "") -> None:
        names = "  tlsca: certs/acme/ca.pem\n  tlscert: certs/acme/cert.pem\n  tlskey: certs/acme/key.pem\n"
        self.write(f"global:\n  buildkit_host: {url}\n{names}{more}")

    def probe(self, given: Given | None = None, timeout: float = 2, **environ: str) -> Report:
        merged = self.environ | environ
        target = resolve(given or Given(), choose_client(find(merged), merged), merged)
        return run(target, merged, NOW, timeout=timeout)


@pytest.fixture
def laptop(tmp_path: Path, alice: Files) -> Laptop:
    """Return a laptop on which Alice's files lie where enrolling puts them."""
    programs = tmp_path / "bin"
    programs.mkdir()
    docker = programs / "docker"
    docker.write_text("#!/bin/sh\nexit 0\n")
    docker.chmod(docker.stat().st_mode | stat.S_IXUSR)
    made = Laptop(tmp_path / "home", {"HOME": str(tmp_path / "home"), "PATH": str(programs)})
    folder = made.earthly / "certs" / "acme"
    folder.mkdir(parents=True)
    for path in (alice.ca, alice.cert, alice.key):
        shutil.copy(path, folder)
    return made


def test_all_is_well_from_the_file_to_the_daemon(laptop: Laptop, standing: Daemon) -> None:
    laptop.use(standing.url)
    report = laptop.probe()
    assert report.ok
    assert report.daemon == standing.url
    assert report.origin == f"buildkit_host in {laptop.earthly / 'config.yml'}"
    assert report.checks[0].seen == "read as Earthly reads it"


@pytest.mark.parametrize(
    ("text", "finding", "said"),
    [
        ("global: [\n", "configuration-not-yaml", "line 2"),
        ("a: \x07\n", "configuration-not-yaml", "not YAML"),
        ("- a\n- b\n", "configuration-malformed", "not a mapping"),
        ("global:\n  - x\n", "configuration-malformed", "line 2"),
    ],
)
def test_a_configuration_that_earthly_cannot_read_is_found(laptop: Laptop, text: str, finding: str, said: str) -> None:
    laptop.write(text)
    report = laptop.probe()
    assert ids(report) == [finding]
    assert said in report.findings[0].seen


def test_an_unreadable_configuration_is_found(laptop: Laptop) -> None:
    (laptop.earthly / "config.yml").symlink_to("config.yml")
    assert ids(laptop.probe()) == ["configuration-unreadable"]


@pytest.mark.parametrize("text", ["", "# nothing\n", "global:\n", "global:\n  buildkit_host: ''\n"])
def test_a_configuration_without_a_host_is_found(laptop: Laptop, text: str) -> None:
    laptop.write(text)
    report = laptop.probe()
    assert ids(report) == ["no-daemon"]
    assert {check.status for check in report.checks[1:]} == {"skipped"}


@pytest.mark.parametrize(
    ("url", "finding"),
    [
        ("tcp://build.acme.example", "no-port"),
        ("https://build.acme.example:8372", "wrong-scheme"),
        ("build.acme.example:8372", "not-a-url"),
        ("tcp://build.acme.example:99999", "not-a-url"),
        ("docker-container://earthly-buildkitd", "container-daemon"),
    ],
)
def test_a_url_that_earthly_refuses_is_found(laptop: Laptop, url: str, finding: str) -> None:
    laptop.use(url)
    assert ids(laptop.probe()) == [finding]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_a_local_host_with_a_teams_certificates_is_found(laptop: Laptop, host: str) -> None:
    laptop.use(f"tcp://{host}:1")
    report = laptop.probe()
    assert ids(report) == ["local-host", "nobody-listening"]
    assert "a team's certificates" in report.findings[0].seen


def test_a_local_host_given_explicitly_is_nobodys_trap(laptop: Laptop, daemon_factory: Start, pki: Pki) -> None:
    laptop.use("tcp://build.acme.example:8372")
    daemon = daemon_factory(host="127.0.0.1", **pki.daemon_files().as_arguments())
    assert ids(laptop.probe(Given(daemon=daemon.url))) == []


def test_earthlys_own_local_daemon_is_recognised_and_checked(laptop: Laptop, daemon_factory: Start, pki: Pki) -> None:
    certs = laptop.earthly / "certs"
    for ours, theirs in (("ca", "ca_cert"), ("cert", "earthly_cert"), ("key", "earthly_key"), ("key", "ca_key")):
        shutil.copy(certs / "acme" / f"{ours}.pem", certs / f"{theirs}.pem")
    daemon = daemon_factory(host="127.0.0.1", **pki.daemon_files().as_arguments())
    laptop.write(f"global:\n  buildkit_host: {daemon.url}\n")
    report = laptop.probe()
    assert ids(report) == []
    assert report.checks[0].seen.startswith("Earthly's own local daemon")


def test_leftovers_of_earthlys_own_set_up_are_found(laptop: Laptop, standing: Daemon) -> None:
    laptop.use(standing.url)
    (laptop.earthly / "certs" / "earthly_cert.pem").touch()
    report = laptop.probe()
    assert ids(report) == ["leftover-default-files"]
    assert "earthly_cert.pem, but no ca_key.pem" in report.findings[0].seen


def test_a_variable_that_overrides_the_file_is_found_and_followed(laptop: Laptop, standing: Daemon) -> None:
    laptop.use("tcp://elsewhere.acme.example:8372")
    report = laptop.probe(EARTHLY_BUILDKIT_HOST=standing.url)
    assert ids(report) == ["environment-overrides"]
    assert report.daemon == standing.url
    assert "unset EARTHLY_BUILDKIT_HOST" in of_finding(report.findings[0])


def test_a_variable_that_agrees_with_the_file_is_well(laptop: Laptop, standing: Daemon) -> None:
    laptop.use(standing.url)
    assert laptop.probe(EARTHLY_BUILDKIT_HOST=standing.url).ok


def test_neither_docker_nor_podman_is_found_with_the_variable_that_helps(laptop: Laptop, standing: Daemon) -> None:
    laptop.use(standing.url)
    report = laptop.probe(PATH="/nowhere")
    assert ids(report) == ["no-container-engine"]
    assert f"export EARTHLY_BUILDKIT_HOST={standing.url}" in of_finding(report.findings[0])
    assert laptop.probe(PATH="/nowhere", EARTHLY_BUILDKIT_HOST=standing.url).ok


def test_a_docker_that_hangs_is_none(laptop: Laptop, standing: Daemon) -> None:
    laptop.use(standing.url)
    (Path(laptop.environ["PATH"]) / "docker").write_text("#!/bin/sh\nexec /bin/sleep 6000\n")
    with patience.ends():
        assert ids(laptop.probe(timeout=0.3)) == ["no-container-engine"]


def test_tls_that_is_switched_off_is_found(laptop: Laptop, standing: Daemon) -> None:
    laptop.use(standing.url, "  tls_enabled: false\n")
    assert ids(laptop.probe()) == ["tls-switched-off"]


def test_earthbuild_is_probed_by_its_own_rules(laptop: Laptop, standing: Daemon) -> None:
    laptop.earthly.rename(laptop.home / ".earth")
    (laptop.home / ".earth" / "config.yml").write_text("global: {tlsca: certs/acme/ca.pem}\n")
    report = replace(laptop).probe(EARTH_BUILDKIT_HOST=standing.url)
    assert ids(report) == ["file-missing"]
    assert report.origin == "the variable EARTH_BUILDKIT_HOST"
    assert report.checks[0].seen == "read as EarthBuild reads it"
