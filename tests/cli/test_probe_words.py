"""What `certkit probe` says of mix-ups that look alike at first sight."""

import shutil
from pathlib import Path

import pytest

from certkit.cli import main
from tests.daemons.daemon import Daemon, Start
from tests.probe.pki import Pki, authority
from tests.probe.servers import serving, wait
from tests.team import Files

Captured = pytest.CaptureFixture[str]


def probe(url: str, files: Files, capsys: Captured) -> str:
    """Probe what has findings, and give what was said as one line."""
    named = ["--ca", str(files.ca), "--cert", str(files.cert), "--key", str(files.key)]
    assert main(["probe", "--daemon", url, "--timeout", "1", *named]) == 3
    return " ".join(capsys.readouterr().out.split())


def test_of_two_authorities_of_one_name_the_keys_are_told(
    daemon_factory: Start, pki: Pki, alice: Files, capsys: Captured
) -> None:
    files = pki.daemon_files(signer=authority("acme server authority"))
    said = probe(daemon_factory(**files.as_arguments()).url, alice, capsys)
    assert "issued by an authority that is also called acme server authority, but has another key (seen " in said
    seen, trusted = said.split("(seen ")[1].split(")")[0].split(", trusted here ")
    assert seen != trusted


@pytest.mark.parametrize("whose", ["a person's", "a daemon's"])
def test_a_certificate_in_an_authority_s_place_is_a_finding_of_the_files(
    standing: Daemon, pki: Pki, tmp_path: Path, capsys: Captured, whose: str
) -> None:
    files = pki.client_files()
    shutil.copy(files.cert if whose == "a person's" else pki.daemon_files().cert, files.ca)
    said = probe(standing.url, files, capsys)
    assert f"ms {files.ca} holds no authority's certificate" in said.partition("✗ files ")[2]
    assert "not-an-authority" in said


def test_the_remedy_for_silence_names_no_container(alice: Files, capsys: Captured) -> None:
    with serving(wait) as url:
        said = probe(url, alice, capsys)
    assert "silent-listener" in said
    assert "on the daemon's host: docker ps" in said
