"""The configuration is read as the client reads it, and its traps are told before anything is opened."""

import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from certkit.cli.support.remedies import of_finding
from certkit.earthly.clients import find
from certkit.probe import Report, run
from certkit.probe.target import Given, choose
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
        clients = find(merged, folder=self.home)
        target = choose(given or Given(), None, clients, [], merged)
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


@pytest.mark.parametrize(
    ("more", "said", "remedy"),
    [
        ('  buildkit_additional_args: "--userns host"\n', "line 6: buildkit_additional_args", '["--userns", "host"]'),
        ("  cache_size_mb: 20GB\n", "line 6: cache_size_mb", "cache_size_mb: 20000"),
        ("  cache_size_pct: 50%\n", "line 6: cache_size_pct", "cache_size_pct: 50"),
        ("  darwin_proxy_wait: 10\n", "line 6: darwin_proxy_wait", "darwin_proxy_wait: 10s"),
        ("git: [github.com]\n", "line 6: git", "git: {github.com: {auth: ssh}}"),
        ("git:\n  a: {auth: ssh}\n  a: {auth: ssh}\n", "line 8: git.a is there twice", "line 7 or line 8"),
        ("git:\n  a: {auth: ssh, port: '2222'}\n", "line 7: git.a.port", "port: 2222"),
        ('  tls_enabled: "true"\n', "line 6: tls_enabled", "tls_enabled: true"),
        ("  unknown: 1\nunknown: 2\nunknown: 3\n", "line 8: unknown is there twice", "line 7 or line 8"),
    ],
)
def test_what_stops_the_client_anywhere_in_the_file_is_found_with_its_remedy(
    laptop: Laptop, standing: Daemon, more: str, said: str, remedy: str
) -> None:
    laptop.use(standing.url, more)
    report = laptop.probe()
    assert ids(report) == ["configuration-malformed"]
    assert said in report.findings[0].seen
    assert remedy in of_finding(report.findings[0])


def test_a_version_that_the_client_does_not_know_is_found(laptop: Laptop) -> None:
    laptop.write("%YAML 1.2\n---\nglobal: {buildkit_host: 'tcp://build.acme.example:8372'}\n")
    report = laptop.probe()
    assert ids(report) == ["configuration-malformed"]
    assert "Take line 1 out" in of_finding(report.findings[0])


@pytest.mark.parametrize(
    "text",
    [
        "global:\n  buildkit_host:\t{url}\t# here\n  unknown: [{{a: 1, a: 2}}]\n  cache_size_mb: 1.5\t\n",
        '{{\n\t"global": {{\n\t\t"buildkit_host": "{url}"\n\t}}\n}}\n',
        "global: {{buildkit_host: '{url}'}}\n---\nbroken: [\n",
    ],
)
def test_what_the_client_takes_raises_no_alarm(laptop: Laptop, standing: Daemon, text: str) -> None:
    certs = laptop.earthly / "certs"
    for ours, theirs in (("ca", "ca_cert"), ("cert", "earthly_cert"), ("key", "earthly_key"), ("key", "ca_key")):
        shutil.copy(certs / "acme" / f"{ours}.pem", certs / f"{theirs}.pem")
    laptop.write(text.format(url=standing.url))
    assert laptop.probe().ok


@pytest.mark.parametrize("text", ["", "# nothing\n", "global:\n", "global:\n  buildkit_host: ''\n"])
def test_a_configuration_without_a_host_is_found(laptop: Laptop, text: str) -> None:
    laptop.write(text)
    report = laptop.probe()
    assert ids(report) == ["no-daemon"]
    assert {check.status for check in report.checks[1:]} == {"skipped"}


def test_a_configuration_that_a_variable_blanks_is_not_what_the_client_reads(laptop: Laptop) -> None:
    laptop.use("tcp://127.0.0.2:1")
    report = laptop.probe(EARTHLY_CONFIG="")
    assert ids(report) == ["configuration-blanked"]
    assert report.checks[0].seen == "EARTHLY_CONFIG is set to nothing"
    assert of_finding(report.checks[0]).endswith("\n  unset EARTHLY_CONFIG")


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


@pytest.mark.parametrize("host", ["LOCALHOST", "[0:0:0:0:0:0:0:1]"])
def test_what_only_means_a_local_host_is_the_teams_daemon_to_the_client(laptop: Laptop, host: str) -> None:
    laptop.use(f"tcp://{host}:1")
    assert "local-host" not in ids(laptop.probe())


@pytest.mark.parametrize("host", ["0.0.0.0", "[::]"])
def test_a_host_that_is_every_address_is_found(laptop: Laptop, host: str) -> None:
    laptop.use(f"tcp://{host}:1")
    report = laptop.probe()
    assert ids(report)[0] == "unspecified-host"
    assert report.findings[0].severity == "warning"
    assert "tcp://HOST:1" in of_finding(report.findings[0])


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


@pytest.mark.parametrize("frontend", ["docker", "podman", "stub"])
def test_a_container_frontend_that_the_client_refuses_is_found(laptop: Laptop, standing: Daemon, frontend: str) -> None:
    laptop.use(standing.url, f"  container_frontend: {frontend}\n")
    report = laptop.probe()
    assert ids(report) == ["container-frontend-refused"]
    assert "docker-shell" in of_finding(report.findings[0])
    assert laptop.probe(EARTHLY_BUILDKIT_HOST=standing.url).ok


def test_the_engine_that_the_configuration_names_is_asked(laptop: Laptop, standing: Daemon) -> None:
    laptop.use(standing.url, "  container_frontend: podman-shell\n")
    report = laptop.probe()
    assert ids(report) == ["no-container-engine"]
    assert "there is no podman here" in report.findings[0].seen


def test_a_docker_that_answers_slowly_is_one(laptop: Laptop, standing: Daemon) -> None:
    laptop.use(standing.url)
    (Path(laptop.environ["PATH"]) / "docker").write_text("#!/bin/sh\n/bin/sleep 0.6\n")
    assert laptop.probe(timeout=0.5).checks[0].status == "ok"


def test_a_docker_that_hangs_is_none(laptop: Laptop, standing: Daemon) -> None:
    laptop.use(standing.url)
    (Path(laptop.environ["PATH"]) / "docker").write_text("#!/bin/sh\nexec /bin/sleep 6000\n")
    with patience.ends():
        assert ids(laptop.probe(timeout=0.8)) == ["no-container-engine"]


def test_tls_that_is_switched_off_is_found(laptop: Laptop, standing: Daemon) -> None:
    laptop.use(standing.url, "  tls_enabled: false\n")
    assert ids(laptop.probe()) == ["tls-switched-off"]


def test_earthbuild_is_probed_by_its_own_rules(laptop: Laptop, standing: Daemon) -> None:
    laptop.earthly.rename(laptop.home / ".earth")
    (laptop.home / ".earth" / "config.yml").write_text("global: {tlsca: certs/acme/ca.pem}\n")
    report = laptop.probe(EARTH_BUILDKIT_HOST=standing.url)
    assert ids(report) == ["file-missing"]
    assert report.origin == "the variable EARTH_BUILDKIT_HOST"
    assert report.checks[0].seen == "read as EarthBuild reads it"


def test_the_variable_that_every_earthbuild_reads_is_the_one_to_set(laptop: Laptop, standing: Daemon) -> None:
    laptop.use(standing.url)
    laptop.earthly.rename(laptop.home / ".earth")
    report = laptop.probe(PATH="/nowhere")
    assert ids(report) == ["no-container-engine"]
    assert f"export EARTHLY_BUILDKIT_HOST={standing.url}" in of_finding(report.findings[0])
    assert laptop.probe(PATH="/nowhere", EARTHLY_BUILDKIT_HOST=standing.url).ok


def install(laptop: Laptop, name: str) -> None:
    program = Path(laptop.environ["PATH"]) / name
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)


def test_a_laptop_enrolled_for_a_client_that_another_has_replaced_is_found(laptop: Laptop, standing: Daemon) -> None:
    laptop.use(standing.url)
    install(laptop, "earth")
    report = laptop.probe()
    assert ids(report) == ["another-client-installed"]
    assert "--for earthbuild" in of_finding(report.findings[0])
    install(laptop, "earthly")
    assert laptop.probe().ok


def test_of_two_enrolled_clients_the_one_that_is_installed_is_probed(laptop: Laptop, standing: Daemon) -> None:
    laptop.use(standing.url)
    shutil.copytree(laptop.earthly, laptop.home / ".earth")
    install(laptop, "earth")
    report = laptop.probe()
    assert report.ok
    assert report.checks[0].seen == "read as EarthBuild reads it"


def test_the_env_file_of_the_folder_is_read_and_the_environment_wins(laptop: Laptop, standing: Daemon) -> None:
    laptop.use("tcp://elsewhere.acme.example:8372")
    env = laptop.home / ".env"
    env.write_text(f"# mine\nexport EARTHLY_BUILDKIT_HOST='{standing.url}'\n")
    report = laptop.probe()
    assert ids(report) == ["env-file-overrides"]
    assert report.findings[0].severity == "warning"
    assert (report.daemon, report.origin) == (standing.url, f"the variable EARTHLY_BUILDKIT_HOST in {env}")
    assert str(env) in of_finding(report.findings[0])
    assert laptop.probe(EARTHLY_BUILDKIT_HOST="tcp://127.0.0.2:1").daemon == "tcp://127.0.0.2:1"


def test_an_env_file_that_agrees_is_well(laptop: Laptop, standing: Daemon) -> None:
    laptop.use(standing.url)
    (laptop.home / ".env").write_text(f"EARTHLY_BUILDKIT_HOST={standing.url}\n")
    assert laptop.probe(PATH="/nowhere").ok


def test_another_env_file_is_read_where_a_variable_names_it(laptop: Laptop, standing: Daemon) -> None:
    laptop.use("tcp://elsewhere.acme.example:8372")
    other = laptop.home / "other.env"
    other.write_text(f"EARTHLY_BUILDKIT_HOST={standing.url}\n")
    assert ids(laptop.probe(EARTHLY_ENV_FILE_PATH=str(other))) == ["env-file-overrides"]
    report = laptop.probe(EARTHLY_ENV_FILE=str(other))
    assert ids(report) == ["env-file-overrides", "env-file-not-always-read"]
    assert f"export EARTHLY_ENV_FILE_PATH={other}" in of_finding(report.findings[1])


@pytest.mark.parametrize(
    ("content", "said"), [("EARTHLY_BUILDKIT_HOST\n", "line 1: "), ("A=b\nthis is wrong\n", "line 2: ")]
)
def test_an_env_file_that_stops_the_client_is_found(laptop: Laptop, standing: Daemon, content: str, said: str) -> None:
    laptop.use(standing.url)
    (laptop.home / ".env").write_text(content)
    report = laptop.probe()
    assert ids(report) == ["env-file-unreadable"]
    assert f"{laptop.home / '.env'}: {said}" in report.findings[0].seen
    assert "put # before it" in of_finding(report.findings[0])


def test_a_named_env_file_that_is_missing_is_found(laptop: Laptop, standing: Daemon) -> None:
    laptop.use(standing.url)
    report = laptop.probe(EARTHLY_ENV_FILE_PATH="/nowhere/x.env")
    assert ids(report) == ["env-file-unreadable"]
    assert "EARTHLY_ENV_FILE_PATH" in of_finding(report.findings[0])
