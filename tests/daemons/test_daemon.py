"""The real daemons do what facts about them say, with certificates made by certkit.pki."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certkit.errors import CertkitError
from certkit.pki import certificates, keys, names
from certkit.pki.signer import KeySigner
from tests.daemons.daemon import HOST, Daemon, Start
from tests.daemons.loopback import needs_ipv6

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with both authorities, a daemon's pair and Alice's."""
    folder = tmp_path_factory.mktemp("team")
    server = certificates.authority(KeySigner(keys.generate("p256")), "acme server authority", NOW, DAY)
    client = certificates.authority(KeySigner(keys.generate("p256")), "acme client authority", NOW, DAY)
    hosts = [names.parse_host(HOST), names.parse_host("::1")]
    daemon_key, alice_key = keys.generate("p256"), keys.generate("p256")
    alice = certificates.device(
        client,
        alice_key.public_key(),
        person="alice",
        dns_name=names.device_name("laptop", "alice", "acme"),
        now=NOW,
        life=DAY,
    )
    contents = {
        "server.pem": certificates.to_pem(server.certificate),
        "client.pem": certificates.to_pem(client.certificate),
        "daemon.pem": certificates.to_pem(certificates.daemon(server, daemon_key.public_key(), hosts, NOW, DAY)),
        "daemon.key": keys.to_pem(daemon_key),
        "alice.pem": certificates.to_pem(alice),
        "alice.key": keys.to_pem(alice_key),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    return folder


def mutual(folder: Path) -> dict[str, Path]:
    return {"ca": folder / "client.pem", "cert": folder / "daemon.pem", "key": folder / "daemon.key"}


def workers(daemon: Daemon, folder: Path, *, pair: bool = True) -> subprocess.CompletedProcess[str]:
    shown = [f"--tlscert={folder}/alice.pem", f"--tlskey={folder}/alice.key"] if pair else []
    client = [str(daemon.programs.buildctl), "--timeout=5", f"--addr={daemon.url}", f"--tlscacert={folder}/server.pem"]
    return subprocess.run([*client, *shown, "debug", "workers"], capture_output=True, text=True, check=False)


def test_a_daemon_serves_the_one_it_should_and_nobody_without_a_certificate(
    daemon_factory: Start, flavour: str, folder: Path
) -> None:
    daemon = daemon_factory(flavour, **mutual(folder))
    assert "linux/" in workers(daemon, folder).stdout
    assert workers(daemon, folder, pair=False).returncode != 0


def test_a_daemon_restarted_without_an_authority_lets_anybody_in(
    daemon_factory: Start, flavour: str, folder: Path
) -> None:
    daemon = daemon_factory(flavour, **mutual(folder))
    url = daemon.url
    daemon.restart(cert=folder / "daemon.pem", key=folder / "daemon.key")
    assert daemon.url == url
    assert workers(daemon, folder, pair=False).returncode == 0


@needs_ipv6
def test_a_daemon_listens_on_an_ipv6_address(daemon_factory: Start, folder: Path) -> None:
    daemon = daemon_factory("earthly", host="::1", **mutual(folder))
    assert daemon.url == f"tcp://[::1]:{daemon.port}"
    assert workers(daemon, folder).returncode == 0


def test_a_daemon_that_cannot_start_says_why(daemon_factory: Start, folder: Path) -> None:
    with pytest.raises(CertkitError, match=r"did not start(.|\n)*no such file"):
        daemon_factory("earthly", ca=folder / "nothing.pem", cert=folder / "daemon.pem", key=folder / "daemon.key")
