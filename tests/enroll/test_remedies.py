"""What enrolling raises says what went wrong; the commands that help are the terminal's to spell."""

import re
from pathlib import Path

import pytest

from certkit.cli.support.remedies import laptop

PACKAGES = Path(__file__).parents[2] / "certkit"
SOURCES = [*PACKAGES.glob("enroll/*.py"), *PACKAGES.glob("earthly/*.py")]


@pytest.mark.parametrize("code", laptop.REMEDIES)
def test_every_remedy_is_for_something_that_is_raised(code: str) -> None:
    assert any(f'"{code}"' in source.read_text() for source in SOURCES)


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_nothing_below_the_terminal_spells_a_command(source: Path) -> None:
    text = source.read_text()
    assert not re.search(r"certkit (enroll|unenroll|probe|issue|sign)\b", text)
    assert not re.search(r"--(for|force|team|config|request|daemon)\b", re.sub(r"`--\w+`", "", text))
