"""A command that is killed, at whatever moment, leaves nothing torn, and the next one works."""

import csv
import shutil
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from cryptography.x509 import Certificate

from certkit import files
from certkit.authority import undelivered
from certkit.authority.view import View
from certkit.cli import main
from certkit.enroll.bundle import open_bundle
from certkit.ledger import open_ledger
from certkit.pki import certificates, keys, sealed
from tests.authority.conftest import URL, change
from tests.homes import Kept, ledger_url
from tests.killed import at_every_moment
from tests.postgres.server import Server


def test_making_a_team_happens_as_a_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    (tmp_path / "secret").write_text("violet anchor")
    monkeypatch.setenv("CERTKIT_HOME", str(home))
    init = ["init", "--team", "acme", "--daemon", URL, "--passphrase-file", str(tmp_path / "secret")]
    for _ in at_every_moment(lambda: main(init)):
        assert_no_authoritys_key_is_clear(tmp_path)
        if home.exists():
            assert main(["issue", "alice", "--out", str(tmp_path / "bundle"), "--no-passphrase"]) == 0
            assert_whole(home)
            (tmp_path / "bundle").unlink()
            shutil.rmtree(home)


def test_a_team_whose_ledger_is_elsewhere_is_made_as_a_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres: Server
) -> None:
    home = tmp_path / "home"
    monkeypatch.setenv("CERTKIT_HOME", str(home))
    monkeypatch.setenv("CERTKIT_LEDGER", postgres.new_url())
    for _ in at_every_moment(lambda: main(["init", "--team", "acme", "--daemon", URL])):
        if home.exists():
            assert main(["issue", "alice", "--out", str(tmp_path / "bundle"), "--no-passphrase"]) == 0
            assert_whole(home)
            (tmp_path / "bundle").unlink()
            shutil.rmtree(home)
        monkeypatch.setenv("CERTKIT_LEDGER", postgres.new_url())


@pytest.mark.usefixtures("database")
def test_no_bundle_is_torn_and_none_is_there_without_its_row(path: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "alice.certkit"
    issue = ["issue", "alice@acme.example", "--device", "laptop", "--out", str(bundle), "--no-passphrase"]
    for _ in at_every_moment(lambda: main(issue)):
        if bundle.exists():
            found = open_bundle(bundle.read_bytes(), lambda: pytest.fail("it is not sealed"))
            assert_recorded(path, found.certificate)
            bundle.unlink()
        assert main(issue) == 0
        bundle.unlink()
        assert_whole(path)


@pytest.mark.usefixtures("database")
def test_whoever_is_left_out_by_a_kill_gets_a_bundle_from_the_same_command_again(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed, "_LOG_N", 4)  # its quarter of a second is not what is tested here
    people, out = tmp_path / "people.csv", tmp_path / "bundles"
    people.write_text("person,device\nal,desk\nbo,\n")
    start = Kept(path)
    issue = ["issue", "--from", str(people), "--out-dir", str(out)]
    for _ in at_every_moment(lambda: main(issue)):
        assert_opened(path, out)
        assert main(issue) == 0
        found = assert_opened(path, out)
        with change(path) as session:
            assert [(each.person, each.name) for each in session.ledger.devices()] == sorted(found)
            assert undelivered.serials(session) == []
        assert {each.name for each in out.glob(".*")} <= {".gitignore"}
        shutil.rmtree(out)
        start.put_back()


def assert_opened(path: Path, out: Path) -> list[tuple[str, str]]:
    """Whatever bundle is there opens with its passphrase in the table, and is the newest of its device's."""
    if not out.exists():
        return []
    rows = list(csv.DictReader((out / "bundles.csv").read_text().splitlines())) if list(out.glob("*.certkit")) else []
    found = []
    for bundle in out.glob("*.certkit"):
        [passphrase] = [row["passphrase"] for row in rows if row["bundle"] == bundle.name]
        opened = open_bundle(bundle.read_bytes(), partial(str, passphrase))
        assert_recorded(path, opened.certificate)
        found.append((opened.person, opened.device))
    return found


@pytest.mark.usefixtures("database")
def test_a_daemons_files_belong_together_at_every_moment_of_a_renewal(path: Path) -> None:
    for _ in at_every_moment(lambda: main(["daemon", "renew", "build"])):
        assert_whole(path)
        assert main(["daemon", "list"]) == 0


@pytest.mark.usefixtures("database")
def test_a_daemon_that_was_half_added_can_be_renewed(path: Path, view: View) -> None:
    added: list[str] = []
    for _ in at_every_moment(lambda: main(["daemon", "add", f"arm{len(added)}", f"tcp://arm{len(added)}:8372"])):
        assert_whole(path)
        known = view.ledger.daemon(f"arm{len(added)}")
        added.extend(["now"] if known else [])
        assert known is None or main(["daemon", "renew", known.name]) == 0


def test_a_daemon_whose_files_a_crash_has_lost_gets_them_by_a_renewal(path: Path, view: View) -> None:
    files.remove_directory(path / "daemons" / "build")
    assert main(["status"]) == 3
    assert main(["daemon", "renew", "build"]) == 0
    assert main(["daemon", "deploy", "build"]) == 0
    assert_whole(path)
    assert len(view.ledger.certificates("daemon")) == 2


def assert_whole(path: Path) -> None:
    """The ledger is sound; each pair of files matches and has its row; no other name in the home is readable."""
    with closing(open_ledger(ledger_url(path))) as ledger:
        ledger.verify()
    for folder in (path / "daemons").iterdir():
        if folder.is_symlink():
            certificate = certificates.load((folder / "cert.pem").read_bytes())
            assert keys.matches(keys.load((folder / "key.pem").read_bytes()), certificate)
            assert certificates.load_all((folder / "ca.pem").read_bytes())
            assert_recorded(path, certificate)
    for role in ("server", "client"):
        with change(path) as session:
            assert session.authority(role)


def assert_no_authoritys_key_is_clear(folder: Path) -> None:
    """Nothing below the folder, drafts included, holds an authority's key without a passphrase."""
    for authorities in folder.glob("*/authorities"):
        for path in authorities.rglob("*"):
            assert path.is_dir() or b"-----BEGIN PRIVATE KEY" not in path.read_bytes()


def assert_recorded(path: Path, certificate: Certificate) -> None:
    """The certificate has its row."""
    with change(path) as session:
        row = session.ledger.certificate(certificates.serial_text(certificate.serial_number))
        assert row is not None
        assert row.der == certificates.to_der(certificate)
