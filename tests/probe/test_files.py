"""What is wrong with the three files is found before anything is sent, and ends only what depends on it."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from certkit.cli.support.remedies import of_finding
from certkit.pki import certificates, keys
from certkit.pki.signer import KeySigner
from tests.daemons.daemon import Daemon
from tests.probe.pki import DAY, NOW, Pki, ids, probe, stage
from tests.team import Files


@pytest.fixture
def files(alice: Files, tmp_path: Path) -> Files:
    """Return a copy of a good client's files, to be spoilt."""
    for path in (alice.ca, alice.cert, alice.key):
        shutil.copy(path, tmp_path)
    return Files.of(tmp_path)


@pytest.mark.parametrize("name", ["ca", "cert", "key"])
def test_a_missing_file_is_named(standing: Daemon, files: Files, name: str) -> None:
    path: Path = getattr(files, name)
    path.unlink()
    report = probe(standing.url, files)
    assert ids(report) == ["file-missing"]
    assert str(path) in report.findings[0].seen


@pytest.mark.parametrize("name", ["ca", "cert", "key"])
def test_garbage_is_named(standing: Daemon, files: Files, name: str) -> None:
    path: Path = getattr(files, name)
    path.write_bytes(b"\x1b[2Jnot PEM\n")
    report = probe(standing.url, files)
    assert ids(report) == ["file-garbage"]
    assert str(path) in report.findings[0].seen


def test_a_certificate_cut_in_half_is_garbage(standing: Daemon, files: Files) -> None:
    files.cert.write_bytes(files.cert.read_bytes()[:300])
    assert ids(probe(standing.url, files)) == ["file-garbage"]


def test_key_and_certificate_in_each_others_place_are_garbage(standing: Daemon, files: Files) -> None:
    report = probe(standing.url, Files(files.ca, files.key, files.cert))
    assert ids(report) == ["file-garbage"]
    assert str(files.key) in report.findings[0].seen
    assert str(files.cert) in report.findings[0].seen


def test_an_encrypted_key_is_found(standing: Daemon, files: Files) -> None:
    key = keys.load(files.key.read_bytes())
    files.key.write_bytes(keys.to_pem(key, b"secret"))
    report = probe(standing.url, files)
    assert ids(report) == ["key-encrypted"]
    assert f"openssl pkey -in {files.key}" in of_finding(report.findings[0])


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_key_that_is_not_private_is_found_and_works(standing: Daemon, files: Files, mode: int) -> None:
    files.key.chmod(mode)
    report = probe(standing.url, files)
    assert ids(report) == ["key-not-private"]
    assert f"{mode:04o}" in report.findings[0].seen
    assert stage(report, "BuildKit") == "ok"


def test_the_key_of_another_pair_is_found_and_not_used(standing: Daemon, files: Files) -> None:
    files.key.write_bytes(keys.to_pem(keys.generate("p256")))
    report = probe(standing.url, files)
    assert ids(report) == ["key-of-another-pair"]
    assert stage(report, "TLS") == "ok"
    assert stage(report, "BuildKit") == "skipped"
    assert stage(report, "enforcement") == "ok"


@contextlib.contextmanager
def somebody_else() -> Iterator[None]:
    """Be somebody without rights where the tests run as root, whom no mode stops."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(65534)
    yield
    if is_root:
        os.seteuid(0)


def test_an_unreadable_file_is_named(standing: Daemon, files: Files) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders let nobody else in
        Path(folder).chmod(0o755)
        open_to_all = [shutil.copy(path, folder) for path in (files.ca, files.cert)]
        for path in open_to_all:
            Path(path).chmod(0o644)
        key = Path(shutil.copy(files.key, folder))
        key.chmod(0o600 if os.geteuid() == 0 else 0)
        with somebody_else():
            report = probe(standing.url, Files.of(Path(folder)))
    assert ids(report) == ["file-unreadable"]
    assert f"{key} cannot be read" in report.findings[0].seen


def test_an_expired_authority_is_found(standing: Daemon, pki: Pki, files: Files) -> None:
    old = certificates.authority(KeySigner(keys.generate("p256")), "old server authority", NOW - 30 * DAY, 10 * DAY)
    files.ca.write_bytes(certificates.to_pem(old.certificate))
    assert "authority-expired" in ids(probe(standing.url, files))


def test_a_chain_that_does_not_follow_is_found(standing: Daemon, pki: Pki, files: Files) -> None:
    files.cert.write_bytes(files.cert.read_bytes() + certificates.to_pem(pki.server.certificate))
    assert ids(probe(standing.url, files)) == ["chain-broken"]


def test_a_chain_that_follows_is_well(standing: Daemon, pki: Pki, files: Files) -> None:
    files.cert.write_bytes(files.cert.read_bytes() + certificates.to_pem(pki.client.certificate))
    assert ids(probe(standing.url, files)) == []


def test_two_server_authorities_in_one_file_are_both_believed(standing: Daemon, pki: Pki, files: Files) -> None:
    other = certificates.authority(KeySigner(keys.generate("p256")), "next server authority", NOW, 365 * DAY)
    files.ca.write_bytes(certificates.to_pem(other.certificate) + files.ca.read_bytes())
    assert ids(probe(standing.url, files)) == []


@pytest.mark.parametrize("key_type", ["p384", "ed25519", "rsa3072"])
def test_a_key_of_every_type_will_do(standing: Daemon, pki: Pki, key_type: str) -> None:
    key = keys.generate(key_type)
    cert = pki.device(key, None, NOW, 365 * DAY)
    files = pki.write(key_type, [pki.server.certificate], cert, key)
    assert ids(probe(standing.url, files)) == []
