"""What a daemon's host may meet says what went wrong; the commands that help are the terminal's to spell."""

import re
from pathlib import Path

import pytest

from certkit.cli.support.remedies import host

PACKAGES = Path(__file__).parents[2] / "certkit"
SOURCES = [*PACKAGES.glob("sync/*.py"), *PACKAGES.glob("authority/host_*.py"), PACKAGES / "cli" / "actions" / "sync.py"]


@pytest.mark.parametrize("code", host.REMEDIES)
def test_every_remedy_is_for_something_that_is_raised(code: str) -> None:
    assert any(f'"{code}"' in source.read_text() for source in SOURCES)


@pytest.mark.parametrize("source", SOURCES[:-1], ids=lambda source: source.name)
def test_nothing_below_the_terminal_spells_a_command(source: Path) -> None:
    assert not re.search(r"certkit (daemon|enroll|invite|revoke)\b", source.read_text())
