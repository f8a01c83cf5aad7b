"""Each changing verb is killed at each of its steps, with encrypted keys: reading asks for nothing meanwhile."""

import contextlib
import io
import os
import shutil
from pathlib import Path

import pytest

from certkit.authority import daemon_check
from certkit.authority.changes import changing
from certkit.authority.home import open_home
from certkit.authority.session import unsettled
from certkit.authority.unfinished import unfinished
from certkit.authority.view import reading
from certkit.cli import main
from certkit.cli.support import authority_passphrases
from certkit.pki import encrypted_key, keys, requests, sealed
from certkit.pki.signer import KeySigner
from tests.authority.conftest import LEAD, URL, nobody_asks, now
from tests.authority.simulated import Held, Simulated
from tests.authority.test_killed_changes import assert_fits, content_of
from tests.killed import at_every_moment

WORD = b"violet anchor"
ISSUED = ["issue al --device laptop --no-passphrase --out al"]
STEPS = ("prepare", "switch", "retire")
CHANGES: dict[str, list[str]] = {
    "issue bo --device desk --no-passphrase --out bo": [],
    "sign request --person bo --out bo": [],
    "daemon add arm tcp://arm.acme.example:8372": [],
    "daemon renew build": [],
    "daemon move build tcp://new.acme.example:8372": [],
    "daemon default arm": ["daemon add arm tcp://arm.acme.example:8372"],
    "daemon remove arm --yes": ["daemon add arm tcp://arm.acme.example:8372"],
    "daemon check build": [],
    "revoke al": [],
    "revoke al --device laptop": [],
    "reinstate al": ["revoke al"],
    **{
        f"rotate {role} {step} --force": [f"rotate {role} {each} --force" for each in STEPS[:done]]
        for role in ("client", "server")
        for step, done in (("prepare", 0), ("switch", 1), ("retire", 2), ("rollback", 2))
    },
    "rotate client --compromised": [],
    "rotate server --compromised": [],
    "authority passphrase --passphrase-file new": [],
    "authority passphrase --remove": [],
    "backup sealed --passphrase-file new": [],
}
"""Each command, and what has been done before."""

READING = (
    *("list", "show al", "show build", "status", "log", "daemon list", "daemon deploy build", "authority show"),
    *("rotate server", "rotate client", "revoke al --dry-run", "reinstate al --dry-run"),
)
PROBE = "probe --daemon tcp://127.0.0.1:1 --ca server.pem --cert cert.pem --key key.pem --timeout 1"
"""Of a daemon that is not the team's, by somebody who happens to have a home."""


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save what flushing and passphrases cost: it is the process that dies here, and nobody guesses."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    for module, name, value in ((sealed, "_LOG_N", 4), (encrypted_key, "_N", 16), (encrypted_key, "_P", 1)):
        monkeypatch.setattr(module, name, value)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Give what somebody at the terminal types; while it is empty, there is no terminal."""
    typed: list[bytes] = []

    def type_it(_home: Path) -> bytes:
        assert typed, "a passphrase was asked for"
        return typed[-1]

    monkeypatch.setattr(authority_passphrases, "ask_until_it_opens", type_it)
    return typed


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: list[bytes]) -> Path:
    """Make a home with encrypted keys, whose passphrase is typed, with somebody in it, and work beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CERTKIT_HOME", str(tmp_path / "home"))
    Path("word").write_bytes(WORD)
    Path("new").write_text("green harbour\n")
    Path("request").write_bytes(requests.make(KeySigner(keys.generate("p256"))))
    assert main(["init", "--team", "acme", "--daemon", URL, "--passphrase-file", "word"]) == 0
    home = tmp_path / "home"
    settings = home / "team.yml"
    lines = settings.read_text().splitlines(keepends=True)
    settings.write_text("".join(line for line in lines if not line.startswith("passphrase_file:")))
    folder = home / "daemons" / "build"
    shutil.copyfile(home / "authorities" / "server" / "cert.pem", "server.pem")
    for name in ("cert.pem", "key.pem"):
        shutil.copyfile(folder / name, name)
    daemon = Simulated()
    daemon.start(URL, Held.of(folder))
    monkeypatch.setattr(daemon_check, "run", daemon.run)
    typed.append(WORD)
    run(*ISSUED)
    typed.clear()
    return home


def run(*commands: str) -> None:
    """Run commands that must succeed, quietly."""
    for command in commands:
        code, _ = said(command)
        assert code == 0, command


def said(command: str) -> tuple[int, str]:
    """Run a command; return its exit code, and what it said on stderr."""
    with contextlib.redirect_stderr(io.StringIO()) as errors, contextlib.redirect_stdout(io.StringIO()):
        code = main(command.split())
    return code, errors.getvalue()


def assert_reading_asks_for_nothing(home: Path, seen: set[object]) -> None:
    """No verb that reads changes anything, asks, or fails; each names what is unfinished, a probe of another not.

    All of them are tried on each kind of remains that is not in `seen` yet, and one of them in any case.
    """
    before = content_of(home)
    with reading(open_home(home, nobody_asks), now()) as view:
        left = unfinished(view)
    kinds = frozenset(left)
    for command in READING[:1] if kinds in seen else READING:
        code, errors = said(command)
        assert code in {0, 3}, (command, errors)
        assert ("The next change finishes it" in errors) == bool(left), (command, errors)
        is_interrupted = any(each.is_interruption for each in left)
        assert ("A command was interrupted, and is unfinished" in errors) == is_interrupted, (command, errors)
    if kinds not in seen:
        code, errors = said(PROBE)
        assert (code, "defect" in errors) == (3, False)
    seen.add(kinds)
    assert content_of(home) == before


def finish(home: Path) -> None:
    """Begin another change, with whichever passphrase the keys have now."""
    for word in (WORD, b"green harbour"):
        with contextlib.suppress(keys.WrongPassphraseError):
            with changing(open_home(home, lambda word=word: word), LEAD, now()) as session:  # type: ignore[misc]
                session.authority("client")
                session.authority("server")
            break
    with unsettled(open_home(home, nobody_asks), LEAD, now()) as session:
        assert unfinished(session) == []


@pytest.mark.parametrize(("command", "before"), CHANGES.items())
def test_reading_asks_for_nothing_whenever_a_change_was_killed(
    team: Path, typed: list[bytes], command: str, before: list[str]
) -> None:
    typed.append(WORD)
    run(*before)
    typed.clear()
    start = team.with_name("start")
    shutil.copytree(team, start, symlinks=True)

    def change() -> None:
        typed.append(WORD)
        main(command.split())

    seen: set[object] = set()
    for _ in at_every_moment(change):
        assert_fits(team)
        assert_reading_asks_for_nothing(team, seen)
        finish(team)
        shutil.rmtree(team)
        shutil.copytree(start, team, symlinks=True)
        for made in ("bo", "sealed"):
            Path(made).unlink(missing_ok=True)


def test_reading_asks_for_nothing_in_whatever_a_killed_restoration_has_left(team: Path, typed: list[bytes]) -> None:
    typed.append(WORD)
    run("backup sealed --passphrase-file new")
    shutil.rmtree(team)
    typed.clear()
    seen: set[object] = set()
    for _ in at_every_moment(lambda: main(["restore", "sealed", "--passphrase-file", "new"])):
        if not team.exists():
            run("restore sealed --passphrase-file new")
        assert_reading_asks_for_nothing(team, seen)
        finish(team)
        shutil.rmtree(team)
