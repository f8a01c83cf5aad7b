"""Every command that the documents show is run, and prints what they show."""

from pathlib import Path

import pytest

from tests.documents import probe_page
from tests.documents.walkthrough import Story, address_of_its_own, normal, steps

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_shows_what_its_commands_print(document: Path, tmp_path: Path) -> None:
    with address_of_its_own(DOCUMENTS.index(document)) as address, Story(tmp_path, address).told() as story:
        for step in steps(document):
            printed = story.run(step)
            assert normal(printed) == normal(step.shown), f"$ {step.command}\n{printed}"


def test_every_command_in_a_document_stands_in_a_terminal_that_is_run() -> None:
    for document in DOCUMENTS:
        text = document.read_text()
        assert text.count("\n$ ") == len(steps(document)), document.name


def test_the_probe_s_page_lists_every_finding_in_its_own_words() -> None:
    assert probe_page.PAGE.read_text() == probe_page.page(), "write it anew: python -m tests.documents.probe_page"
