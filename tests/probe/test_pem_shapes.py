"""A file that Go does not read is called what it is, with the command that mends it; what Go reads is no finding."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from certkit.cli.support.remedies import of_finding
from certkit.pki import certificates, keys
from tests.clients.go_programs import Loader
from tests.pki.pem_files import MARK, SHAPES, of_openssl, strange_certificates
from tests.probe.pki import Pki, ids, probe, stage
from tests.team import Files

NOWHERE = "tcp://127.0.0.1:1"
ALL = ("ca", "cert", "key")

MENDED = {
    "a byte order mark": ("byte order mark", 1),
    "a byte order mark before each block": ("byte order mark", 1),
    "UTF-16": ("UTF-16", None),
    "indented": ("indented", 1),
    "in YAML": ("indented", 2),
    "CR": ("carriage return", 1),
    "CR CR LF": ("carriage return", 1),
    "escaped": ("where a line should end", 1),
    "escaped in quotes": ("where a line should end", 1),
    "in quotes": ("beside -----BEGIN", 1),
    "text before, in the line": ("beside -----BEGIN", 1),
    "commented out": ("indented", 1),
    "in one line": ("a whole block", 1),
}
"""Shapes that a command mends, in whichever of the three files: what is said of them, and the line."""
DAMAGED = {
    "cut off": "has no end",
    "without its beginning": "no -----BEGIN",
    "four dashes": "no -----BEGIN",
    "lower case": "no -----BEGIN",
    "HTML": "no -----BEGIN",
    "nothing": "it is empty",
    "not base64": "is not base64",
}
"""Shapes that nothing mends."""
READ = [
    "CRLF",
    "no newline at the end",
    "blank lines inside",
    "blank lines before and after",
    "blanks at the ends",
    "blanks within",
    "text around",
    "content indented",
    "content in one line",
    "cut off, then whole",
]


@pytest.fixture(scope="module")
def go() -> Iterator[Loader]:
    started = Loader()
    yield started
    started.close()


@pytest.fixture
def files(pki: Pki, tmp_path: Path) -> Files:
    """Give a client's files in a folder that a shell must quote."""
    made, folder = pki.client_files(), tmp_path / "jo smith's"
    folder.mkdir()
    moved = Files.of(folder)
    for name in ALL:
        getattr(made, name).rename(getattr(moved, name))
    return moved


def change(files: Files, name: str, shape: Callable[[bytes], bytes]) -> Path:
    """Rewrite one of the three files; give its path."""
    path: Path = getattr(files, name)
    path.write_bytes(shape(path.read_bytes()))
    return path


def loads(go: Loader, files: Files) -> bool:
    """Ask Go about all three."""
    found = go.load(files.ca.read_bytes(), files.cert.read_bytes(), files.key.read_bytes())
    return found.adds_authorities and not found.pair


def paste(command: str) -> None:
    """Run the indented lines of a remedy."""
    lines = [line for line in command.splitlines() if line.startswith("  ")]
    assert lines
    for line in lines:
        subprocess.run(["sh", "-c", line], check=True)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("shape", MENDED)
def test_a_shape_that_go_passes_over_is_named_and_mended_by_its_command(
    go: Loader, files: Files, name: str, shape: str
) -> None:
    path = change(files, name, SHAPES[shape])
    assert not loads(go, files)
    [found] = (each for each in probe(NOWHERE, files, timeout=0.2).findings if each.title == "files")
    said, line = MENDED[shape]
    assert found.id == "file-garbage"
    assert str(path) in found.seen
    assert said in found.seen
    assert line is None or f"line {line} " in found.seen
    paste(of_finding(found))
    assert loads(go, files)
    assert stage(probe(NOWHERE, files, timeout=0.2), "files") == "ok"
    assert path.stat().st_mode & 0o077 == 0


def test_one_shape_in_all_three_files_is_told_once_and_mended_at_once(go: Loader, files: Files) -> None:
    for name in ALL:
        change(files, name, lambda pem: MARK + pem)
    [found] = (each for each in probe(NOWHERE, files, timeout=0.2).findings if each.title == "files")
    assert all(str(getattr(files, name)) in found.seen for name in ALL)
    paste(of_finding(found))
    assert loads(go, files)


def test_two_shapes_in_two_files_are_two_findings(files: Files) -> None:
    change(files, "ca", SHAPES["indented"])
    change(files, "key", SHAPES["a byte order mark"])
    assert ids(probe(NOWHERE, files, timeout=0.2))[:2] == ["file-garbage", "file-garbage"]


def test_authorities_whose_ends_meet_in_one_line_are_named_and_mended(go: Loader, pki: Pki, files: Files) -> None:
    pem = certificates.to_pem(pki.server.certificate)
    files.ca.write_bytes(pem.rstrip() + certificates.to_pem(pki.client.certificate))
    assert not loads(go, files)
    [found] = (each for each in probe(NOWHERE, files, timeout=0.2).findings if each.title == "files")
    assert "ends one block and begins the next" in found.seen
    paste(of_finding(found))
    assert go.load(files.ca.read_bytes()).adds_authorities
    assert len(go.load(files.ca.read_bytes()).blocks) == 2


@pytest.mark.parametrize("shape", ["a header", "an old name"])
def test_an_authority_with_a_header_or_an_old_name_is_named_and_mended(go: Loader, files: Files, shape: str) -> None:
    change(files, "ca", SHAPES[shape])
    assert not loads(go, files)
    [found] = (each for each in probe(NOWHERE, files, timeout=0.2).findings if each.title == "files")
    paste(of_finding(found))
    assert loads(go, files)


def test_a_header_in_the_client_s_certificate_is_read_as_go_reads_it(go: Loader, files: Files) -> None:
    change(files, "cert", SHAPES["a header"])
    assert loads(go, files)
    assert stage(probe(NOWHERE, files, timeout=0.2), "files") == "ok"


def test_der_is_named_and_mended(go: Loader, files: Files) -> None:
    for name in ("ca", "cert"):
        change(files, name, lambda pem: certificates.to_der(certificates.load(pem)))
    change(files, "key", lambda pem: keys.load(pem).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))
    found = [each for each in probe(NOWHERE, files, timeout=0.2).findings if each.title == "files"]
    assert ["in DER form" in each.seen for each in found] == [True, True]
    for each in found:
        paste(of_finding(each))
    assert loads(go, files)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("shape", DAMAGED)
def test_a_damaged_file_is_named_and_nothing_mends_it(files: Files, name: str, shape: str) -> None:
    path = change(files, name, SHAPES[shape])
    [found] = (each for each in probe(NOWHERE, files, timeout=0.2).findings if each.title == "files")
    assert (found.id, DAMAGED[shape] in found.seen, str(path) in found.seen) == ("file-garbage", True, True), found.seen
    assert "certkit enroll FILE" in of_finding(found)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("shape", READ)
def test_what_go_reads_is_no_finding(go: Loader, files: Files, name: str, shape: str) -> None:
    change(files, name, SHAPES[shape])
    assert loads(go, files)
    assert stage(probe(NOWHERE, files, timeout=0.2), "files") == "ok"


@pytest.mark.parametrize("kind", ["secp256k1", "a critical key identifier", "an address that is none"])
def test_an_authority_that_go_skips_is_no_finding_beside_one_that_it_reads(go: Loader, files: Files, kind: str) -> None:
    change(files, "ca", lambda pem: strange_certificates()[kind] + pem)
    assert loads(go, files)
    report = probe(NOWHERE, files, timeout=0.2)
    [check] = (each for each in report.checks if each.title == "files")
    assert check.status == "ok"
    assert "Earthly skips line 1 of" in check.seen


def test_an_authority_that_go_cannot_parse_is_none(files: Files) -> None:
    change(files, "ca", lambda _: strange_certificates()["secp256k1"])
    [found] = (each for each in probe(NOWHERE, files, timeout=0.2).findings if each.title == "files")
    assert "line 1 cannot be parsed: its key is on an elliptic curve that Go does not know" in found.seen


@pytest.mark.parametrize(
    ("kind", "arguments"),
    {
        "secp256k1": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"),
        "RSASSA-PSS": ("-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"),
    }.items(),
)
def test_a_key_of_a_kind_that_go_does_not_know_is_called_that(
    go: Loader, files: Files, kind: str, arguments: tuple[str, ...]
) -> None:
    certificate, key = of_openssl(*arguments)
    files.cert.write_bytes(certificate)
    files.key.write_bytes(key)
    assert not loads(go, files)
    found = {each.id: each for each in probe(NOWHERE, files, timeout=0.2).findings}
    assert kind in found["key-of-unknown-kind"].seen


def test_of_many_blocks_that_go_skips_a_few_are_told(alice: Files) -> None:
    alice.ca.write_bytes(alice.ca.read_bytes() + b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n" * 20)
    report = probe(NOWHERE, alice)
    [seen] = [check.seen for check in report.checks if check.id == "files"]
    assert seen.count("Earthly skips line") == 5
    assert seen.endswith("; and 15 more")
