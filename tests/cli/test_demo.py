"""`certkit demo`, on the stand-in and on a real daemon."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from certkit.cli import main
from tests.daemons.build import programs

WRONG = ("nobody-listening", "daemon-of-another-authority", "anyone-let-in")


@pytest.fixture
def scratch(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the folder in which everything temporary is made; a short one, since the names of sockets must be."""
    with tempfile.TemporaryDirectory(prefix="c") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)
        monkeypatch.undo()


def test_the_demo_shows_what_is_well_and_three_things_that_are_not(
    scratch: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo"]) == 0
    told = capfd.readouterr().out
    assert "All is well" in told
    assert [name for name in WRONG if f"\n{name}\n" in told] == list(WRONG)


def test_the_demo_leaves_nothing_behind(scratch: Path) -> None:
    assert main(["demo"]) == 0
    assert not list(scratch.iterdir())


def test_the_demo_runs_on_a_real_daemon(real_daemons: None, scratch: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--buildkitd", str(programs("earthly").buildkitd)]) == 0
    assert "linux/amd64" in capfd.readouterr().out


def test_a_daemon_that_cannot_run_is_said_to_in_one_line(scratch: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--buildkitd", "/nowhere/buildkitd"]) == 1
    assert "/nowhere/buildkitd" in capfd.readouterr().err
