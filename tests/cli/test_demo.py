"""`certkit demo`, on the stand-in and on a real daemon."""

import importlib.util
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from certkit.cli import main
from tests.daemons.build import programs
from tests.daemons.loopback import needs_second_address

WRONG = ("nobody-listening", "daemon-of-another-authority", "certificate-refused")


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder in which everything temporary is made; a short one, since the names of sockets must be."""
    with tempfile.TemporaryDirectory(prefix="c") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)
        monkeypatch.undo()


def test_the_demo_shows_what_is_well_and_three_things_that_are_not(
    scratch: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo"]) == 0
    ended = capfd.readouterr()
    told = ended.out
    assert "All is well" in told
    assert [name for name in WRONG if f"\n{name}\n" in told] == list(WRONG)
    steps = ("serve --listen", "invite alice@", "enroll 'https://", "renew", "revoke alice@")
    assert sorted(steps, key=lambda step: told.index(f"\n$ certkit {step}")) == [*steps]
    assert "Renewed in acme" in told
    assert "the server refused: alice@acme.example has been revoked" in ended.err


def test_without_what_a_server_needs_the_demo_enrolls_with_a_bundle(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "aiohttp" else find(name))
    assert main(["demo"]) == 0
    told = capfd.readouterr().out
    assert "enroll alice.certkit --for earthly" in told
    assert [name for name in WRONG if f"\n{name}\n" in told] == list(WRONG)


def test_the_demo_leaves_nothing_behind(scratch: Path) -> None:
    assert main(["demo"]) == 0
    assert not list(scratch.iterdir())


@needs_second_address
def test_the_demo_runs_on_a_real_daemon(real_daemons: None, scratch: Path, capfd: pytest.CaptureFixture[str]) -> None:
    buildkitd = programs("earthly").buildkitd
    assert main(["demo", "--buildkitd", str(buildkitd)]) == 0
    assert_told_of(buildkitd, capfd.readouterr().out)


@needs_second_address
def test_the_demo_finds_a_real_daemon_on_path(
    real_daemons: None, scratch: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    buildkitd = programs("upstream").buildkitd
    monkeypatch.setenv("PATH", f"{buildkitd.parent}{os.pathsep}{os.environ['PATH']}")
    assert main(["demo"]) == 0
    assert_told_of(buildkitd, capfd.readouterr().out)


def assert_told_of(buildkitd: Path, told: str) -> None:
    """It was this daemon, and not the stand-in, that answered, well and then not."""
    assert f"The daemon is {buildkitd}\n" in told
    assert "The daemon is an embedded stand-in" not in told
    assert [name for name in WRONG if f"\n{name}\n" in told] == list(WRONG)


def test_the_demo_needs_no_second_loopback_address_where_there_is_none(
    scratch: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert main(["demo"]) == 0
    told = capfd.readouterr().out
    assert "All is well at tcp://[::ffff:7f00:1]:" in told
    assert "127.0.0.2" not in told


@needs_second_address
def test_a_daemon_that_cannot_run_is_said_to_in_one_line(scratch: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--buildkitd", "/nowhere/buildkitd"]) == 1
    assert "/nowhere/buildkitd" in capfd.readouterr().err
