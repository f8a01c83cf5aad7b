"""Backups made by somebody who knows the passphrase and means harm: nothing leaves the folder, nothing odd stays."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from certkit.authority import backups, sizes
from certkit.authority.session import Session
from certkit.cli import main
from certkit.errors import CertkitError, MalformedError, RefusedError
from certkit.ledger import create_ledger, file_url
from certkit.ledger.interface import Daemon
from certkit.pki import keys, sealed
from tests.authority.conftest import LEAD, now

SECRET = "violet anchor"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save the quarter of a second that a passphrase costs."""
    monkeypatch.setattr(sealed, "_LOG_N", 4)


def crafted(change: Callable[[tarfile.TarFile], object]) -> bytes:
    """Seal an archive of one's own."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        change(archive)
    return sealed.seal(buffer.getvalue(), SECRET, b"backup")


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "", **more: object) -> tarfile.TarInfo:
    """Make an entry of an archive."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    for key, value in more.items():
        setattr(info, key, value)
    return info


ODD = {
    "leads out": [member("../planted")],
    "leads out below": [member("daemons/../../planted")],
    "is absolute": [member("/tmp/planted")],
    "leads out by a link": [member("daemons", tarfile.SYMTYPE, ".."), member("daemons/planted")],
    "leads out by an absolute link": [member("daemons", tarfile.SYMTYPE, "/tmp"), member("daemons/planted")],
    "is a hard link": [member("planted", tarfile.LNKTYPE, "/etc/passwd")],
    "is a device": [member("planted", tarfile.CHRTYPE)],
    "is a pipe": [member("planted", tarfile.FIFOTYPE)],
    "is too deep": [member("a/" * 1500, tarfile.DIRTYPE)],
    "has no end": [member("planted", tarfile.GNUTYPE_SPARSE)],
    "claims to be endless": [member("planted", pax_headers={"GNU.sparse.realsize": "9" * 18, "GNU.sparse.map": "0,1"})],
    "has a name that is none": [member("planted\0x", pax_headers={"path": "planted\0x"})],
    "stands there twice": [member("planted"), member("planted")],
    "puts a file upon a folder": [member("daemons", tarfile.DIRTYPE), member("daemons")],
    "goes below a file": [member("team.yml"), member("team.yml/planted")],
    "holds nothing": [],
}


@pytest.mark.parametrize("kind", ODD)
def test_an_archive_of_which_something_is_odd_makes_nothing(tmp_path: Path, kind: str) -> None:
    def add(archive: tarfile.TarFile) -> None:
        for each in ODD[kind]:
            archive.addfile(each)

    content = crafted(add)
    with pytest.raises(CertkitError):
        backups.restore(content, SECRET, tmp_path / "in" / "restored", LEAD, now(), confirm=refuse)
    assert not list(tmp_path.rglob("*planted*"))
    assert not list(tmp_path.rglob("*restored*"))
    assert not Path("/tmp/planted").exists()


def test_what_is_no_archive_is_told(tmp_path: Path) -> None:
    with pytest.raises(MalformedError, match="cannot be used"):
        backups.restore(
            sealed.seal(b"x" * 600, SECRET, b"backup"), SECRET, tmp_path / "restored", LEAD, now(), confirm=refuse
        )


def test_what_was_sealed_for_something_else_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(keys.WrongPassphraseError):
        backups.restore(sealed.seal(b"", SECRET, b"bundle"), SECRET, tmp_path / "restored", LEAD, now(), confirm=refuse)


def unchecked(session: Session) -> bytes:
    """Return a backup of a home that `backup` would refuse, as an earlier certkit would have made it."""
    return sealed.seal(backups.archive(session), SECRET, b"backup")


@pytest.mark.parametrize("name", ["daemons/build", "authorities/server-1"])
def test_a_key_that_is_not_its_certificates_is_found(path: Path, session: Session, tmp_path: Path, name: str) -> None:
    (path / name / "key.pem").write_bytes(keys.to_pem(keys.generate("p256")))
    with pytest.raises(RefusedError, match=r"nobody could restore .*the key in (build|server-1) is not that of its"):
        backups.backup(session, SECRET)
    with pytest.raises(MalformedError, match=r"the key in (build|server-1) is not that of its certificate"):
        backups.restore(unchecked(session), SECRET, tmp_path / "restored", LEAD, now(), confirm=refuse)


def test_a_damaged_ledger_is_found(path: Path, session: Session, tmp_path: Path) -> None:
    clear = bytearray(sealed.open_sealed(backups.backup(session, SECRET), SECRET, b"backup"))
    place = clear.index(b"SQLite format 3") + 5000
    clear[place : place + 20000] = bytes(20000)
    with pytest.raises(CertkitError, match="ledger"):
        backups.restore(
            sealed.seal(bytes(clear), SECRET, b"backup"), SECRET, tmp_path / "restored", LEAD, now(), confirm=refuse
        )
    assert not (tmp_path / "restored").exists()


def test_a_home_that_is_too_large_to_be_restored_is_not_backed_up(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sizes, "BACKUP", session.ledger.size())
    with pytest.raises(RefusedError, match="the home is larger than"):
        backups.backup(session, SECRET)


def test_what_is_no_certkits_is_left_out(path: Path, session: Session, tmp_path: Path) -> None:
    (path / "notes").mkdir()
    (path / "notes" / "large").write_bytes(bytes(1 << 20))
    (path / "former.backup").write_bytes(bytes(1 << 20))
    content = backups.backup(session, SECRET)
    assert len(content) < 1 << 19
    assert backups.restore(content, SECRET, tmp_path / "restored", LEAD, now(), confirm=refuse) == "acme"


def refuse(_command: str) -> bool:
    return False


def with_settings(session: Session, text: str) -> bytes:
    """Return a backup whose team.yml somebody has written."""
    (session.path / "team.yml").write_text(text)
    return backups.backup(session, SECRET)


def test_a_command_in_a_backup_is_not_run_and_stays_only_if_somebody_says_so(session: Session, tmp_path: Path) -> None:
    content = with_settings(session, f"team: acme\npassphrase_command: touch {tmp_path}/ran\n")
    asked: list[str] = []

    def deny(command: str) -> bool:
        asked.append(command)
        return False

    backups.restore(content, SECRET, tmp_path / "no", LEAD, now(), confirm=deny)
    backups.restore(content, SECRET, tmp_path / "yes", LEAD, now(), confirm=lambda _: True)
    assert asked == [f"touch {tmp_path}/ran"]
    assert "ran" not in (tmp_path / "no" / "team.yml").read_text()
    assert "ran" in (tmp_path / "yes" / "team.yml").read_text()
    assert not (tmp_path / "ran").exists()


def test_a_restored_home_uses_the_ledger_that_was_restored(session: Session, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.sqlite"
    create_ledger(file_url(elsewhere)).close()
    before = elsewhere.read_bytes()
    content = with_settings(session, f"team: acme\nledger: {file_url(elsewhere)}\n")
    backups.restore(content, SECRET, tmp_path / "restored", LEAD, now(), confirm=refuse)
    assert elsewhere.read_bytes() == before
    assert "elsewhere" not in (tmp_path / "restored" / "team.yml").read_text()
    assert main(["list", "--home", str(tmp_path / "restored")]) == 0


@pytest.mark.parametrize("name", ["../../planted", "/tmp/planted", "..", "a/b", ""])
def test_a_daemon_that_is_named_by_a_path_is_no_daemon(session: Session, tmp_path: Path, name: str) -> None:
    with session.ledger.transaction():
        session.ledger.put_daemon(Daemon(name, "tcp://build:8372", ("build",), now()))
    content = unchecked(session)
    with pytest.raises(CertkitError, match="cannot be the name of a daemon"):
        backups.restore(content, SECRET, tmp_path / "in" / "restored", LEAD, now(), confirm=refuse)
    assert not list(tmp_path.rglob("*planted*"))


def test_a_host_that_is_a_command_is_no_host(session: Session, tmp_path: Path) -> None:
    """It would stand in the lines that a lead pastes."""
    with session.ledger.transaction():
        session.ledger.put_daemon(Daemon("arm", "tcp://arm:8372", ("arm; touch planted",), now()))
    content = unchecked(session)
    with pytest.raises(CertkitError, match="neither a host name nor an IP address"):
        backups.restore(content, SECRET, tmp_path / "restored", LEAD, now(), confirm=refuse)


@pytest.mark.parametrize("generation", ["../../planted", 0, -1, 1.5, None])
def test_a_generation_that_is_no_number_is_damage(session: Session, generation: object) -> None:
    with session.ledger.transaction():
        session.ledger.set_state("rotation server", {"stage": "settled", "old": generation, "new": None, "last": 1})
    with pytest.raises(CertkitError, match="damaged"):
        session.rotation("server")
