"""Revocations, rotations, passphrases, backups that are killed: the next command finishes or undoes what was begun."""

import contextlib
import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from certkit.authority import canaries
from certkit.authority.changes import changing
from certkit.authority.home import open_home
from certkit.authority.session import unsettled
from certkit.authority.unfinished import unfinished
from certkit.authority.view import reading
from certkit.cli import main
from certkit.pki import certificates, keys, sealed
from tests.authority.conftest import LEAD, nobody_asks, now
from tests.homes import Kept, asked, everything, ledger_url
from tests.killed import at_every_moment

STEPS = ("prepare", "switch", "retire")
CHANGES = {
    "revoke al": [],
    "reinstate al": ["revoke al"],
    **{
        f"rotate {role} {step} --force": [f"rotate {role} {each} --force" for each in STEPS[:done]]
        for role in ("client", "server")
        for step, done in (("prepare", 0), ("switch", 1), ("retire", 2), ("rollback", 2))
    },
    "rotate client --compromised": [],
    "rotate server --compromised": ["daemon add arm tcp://arm.acme.example:8372"],
}
"""Each command, and what has been done before."""
ELSEWHERE = ("revoke al", "rotate client switch --force")
"""Those that are tried in the other database, too: between them they do all that is done around a transaction."""


def killed(path: Path, command: Callable[[], object]) -> Iterator[int]:
    """Run a command that is killed, each time from the same beginning; what lies for daemons fits at every moment."""
    start = Kept(path)
    for moment in at_every_moment(command):
        assert_fits(path)
        yield moment
        start.put_back()


def assert_fits(path: Path) -> None:
    """Each daemon's files belong together: key, certificate, a known issuer, and anchors that were published."""
    issuers = [certificates.load(file.read_bytes()).subject for file in path.glob("authorities/server-*/cert.pem")]
    published = asked(path, "SELECT ca, crl FROM anchors")
    recorded = [der for (der,) in asked(path, "SELECT der FROM certificates")]
    for folder in (path / "daemons").iterdir():
        if folder.is_symlink():
            certificate = certificates.load((folder / "cert.pem").read_bytes())
            assert keys.matches(keys.load((folder / "key.pem").read_bytes()), certificate)
            assert certificate.issuer in issuers
            assert certificates.to_der(certificate) in recorded
            ca, crl = (folder / "ca.pem").read_bytes(), (folder / "crl.pem").read_bytes()
            # Of those that were replaced the ledger keeps the label, whose digest is over all else in the file.
            assert any(ca.endswith(known) and (not crl_known or crl == crl_known) for known, crl_known in published)


def assert_settled(path: Path) -> None:
    """All files follow the ledger, the canary is the newest, and every key of an authority opens alike."""
    with unsettled(open_home(path, bytes), LEAD, now()) as session:
        assert unfinished(session) == []
        newest, issuer = session.newest_anchors(), session.certificate("server").subject
        for daemon in session.ledger.daemons():
            folder = session.daemon_directory(daemon.name)
            assert (folder / "ca.pem").read_bytes() == newest.ca
            assert certificates.load((folder / "cert.pem").read_bytes()).issuer == issuer
        canary = canaries.kept(session)
        assert canary is not None
        assert keys.matches(canary.key, canary.certificate)
        for role in ("server", "client"):
            assert (path / "authorities" / role).resolve().name == f"{role}-{session.rotation(role).issuing}"
            assert all(session.authority(role, generation) for generation in session.generations(role))


def actions(path: Path) -> list[str]:
    """Tell what has been done, as the log has it."""
    with reading(open_home(path, bytes), now()) as view:
        return [event.action for event in view.ledger.events()]


READING = ["list", "show al", "show build", "status", "log", "daemon list", "daemon deploy build", "rotate server"]


def assert_reading_changes_nothing(path: Path) -> None:
    """Every verb that only reads leaves the home as it is, asks for nothing, and names what is unfinished."""
    before = content_of(path)
    with reading(open_home(path, nobody_asks), now()) as view:
        left = unfinished(view)
    for command in READING:
        with contextlib.redirect_stderr(io.StringIO()) as said, contextlib.redirect_stdout(io.StringIO()):
            assert main(command.split()) in {0, 3}, (command, said.getvalue())
        assert ("The next change finishes it" in said.getvalue()) == bool(left), command
        if left:
            assert "certkit daemon check " in said.getvalue()
    assert content_of(path) == before


def content_of(path: Path) -> dict[str, object]:
    """Return all that is in a home, but for what SQLite keeps beside its file and the ledger's own bytes."""
    found: dict[str, object] = {}
    for each in sorted(path.rglob("*")):
        name = str(each.relative_to(path))
        if each.is_symlink():
            found[name] = str(each.readlink())
        elif each.is_file() and not name.startswith("ledger.sqlite"):
            found[name] = each.read_bytes()
    return found | everything(ledger_url(path))


def finish(path: Path) -> None:
    """Begin another change, which finishes what is unfinished first."""
    with changing(open_home(path, bytes), LEAD, now()):
        pass


@pytest.fixture(autouse=True)
def no_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save the time: it is the process that dies here, not the machine."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)


@pytest.fixture
def team(path: Path, tmp_path: Path) -> Path:
    """Give a home with somebody in it."""
    assert main(["issue", "al", "--device", "laptop", "--no-passphrase", "--out", str(tmp_path / "al")]) == 0
    return path


@pytest.mark.parametrize(
    ("database", "command"),
    [*(("sqlite", command) for command in CHANGES), *(("postgresql", command) for command in ELSEWHERE)],
    indirect=["database"],
)
def test_a_change_is_finished_or_undone_by_the_next_command(database: str, team: Path, command: str) -> None:
    for each in CHANGES[command]:
        assert main(each.split()) == 0
    action = command.removesuffix(" --force").replace(" client", "").replace(" server", "").replace("--", "")
    action = action.removesuffix(" al")
    for _ in killed(team, lambda: main(command.split())):
        assert_reading_changes_nothing(team)
        finish(team)
        assert_settled(team)
        if action not in actions(team):
            assert main(command.split()) == 0
        assert_fits(team)


def test_all_keys_have_one_passphrase_after_a_change_of_it(team: Path, tmp_path: Path) -> None:
    words = {"old": b"violet anchor", "new": b"green harbour"}
    for name, word in words.items():
        (tmp_path / name).write_bytes(word)
    assert main(["rotate", "client", "prepare"]) == 0
    assert main(["authority", "passphrase", "--passphrase-file", str(tmp_path / "old")]) == 0
    change = ["authority", "passphrase", "--passphrase-file", str(tmp_path / "new")]
    seen = set()
    for _ in killed(team, lambda: main(change)):
        finish(team)
        used = next(
            name for name in words if f"passphrase_file: {tmp_path / name}\n" in (team / "team.yml").read_text()
        )
        seen.add(used)
        assert_settled(team)
        pems = [file.read_bytes() for file in (team / "authorities").rglob("*key.pem*") if not file.is_dir()]
        assert len(pems) == 3
        assert all(b"ENCRYPTED" in pem and keys.load(pem, words[used]) for pem in pems)
        assert not list(team.glob("*team.yml.*"))
        assert main(change) == 0
    assert seen == {"old", "new"}


def test_a_passphrase_that_was_being_taken_off_leaves_no_key_clear_unless_it_is_off(team: Path, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("violet anchor\n")
    assert main(["authority", "passphrase", "--passphrase-file", str(tmp_path / "old")]) == 0
    for _ in killed(team, lambda: main(["authority", "passphrase", "--remove"])):
        finish(team)
        pems = [file.read_bytes() for file in (team / "authorities").rglob("*key.pem*") if not file.is_dir()]
        assert len({b"ENCRYPTED" in pem for pem in pems}) == 1
        assert_settled(team)


def test_a_backup_and_a_home_from_it_are_whole_or_not_there(
    team: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed, "_LOG_N", 4)  # its quarter of a second is not what is tested here
    (tmp_path / "word").write_text("violet anchor\n")
    file, restored = tmp_path / "backup", tmp_path / "restored"
    secret = ["--passphrase-file", str(tmp_path / "word")]
    restore = ["restore", str(file), *secret, "--home", str(restored)]
    for _ in at_every_moment(lambda: main(["backup", str(file), *secret])):
        if file.exists():
            assert main(restore) == 0
            shutil.rmtree(restored)
            file.unlink()
    assert main(["backup", str(file), *secret]) == 0
    for _ in at_every_moment(lambda: main(restore)):
        assert restored.exists() or main(restore) == 0
        finish(restored)  # what was published after the backup is not known, so it publishes anew
        assert_settled(restored)
        assert_fits(restored)
        shutil.rmtree(restored)
