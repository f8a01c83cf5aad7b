"""Every command that the documents show is run, and prints what they show; whatever they name is there."""

import json
import re
from pathlib import Path

import pytest

from tests.documents import man_page, openapi, probe_page
from tests.documents.walkthrough import Story, address_of_its_own, normal, steps
from tests.server import api

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
_FILE = re.compile(r"`((?:tests|certkit|benchmarks|templates)/[\w./-]+)`")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_shows_what_its_commands_print(
    document: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    asks_for_one = any(step.command.startswith("createdb ") for step in steps(document))
    database = request.getfixturevalue("postgres") if asks_for_one else None
    number = DOCUMENTS.index(document)
    with address_of_its_own(number) as address, Story(tmp_path, address, database=database).told() as story:
        for step in steps(document):
            printed = story.run(step)
            assert normal(printed) == normal(step.shown), f"$ {step.command}\n{printed}"


def test_every_command_in_a_document_stands_in_a_terminal_that_is_run() -> None:
    for document in DOCUMENTS:
        text = document.read_text()
        assert text.count("\n$ ") == len(steps(document)), document.name


@pytest.mark.parametrize(
    "document", [*DOCUMENTS, *ROOT.glob("C*.md"), ROOT / "SECURITY.md"], ids=lambda path: path.name
)
def test_every_link_and_every_file_that_a_document_names_leads_somewhere(document: Path) -> None:
    text = document.read_text()
    for path, heading in _LINK.findall(text):
        target = document.parent / path if path else document
        assert target.exists(), path
        assert not heading or heading in headings(target), f"{path}#{heading}"
    assert [name for name in _FILE.findall(text) if not (ROOT / name).exists()] == []


def headings(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub makes them."""
    found = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in found}


def test_the_description_of_the_server_is_what_its_commands_take_and_refers_to_nothing_that_is_not_there() -> None:
    assert openapi.PAGE.read_text() == openapi.page(), "write it anew: make man"
    for reference in api.references(api.API):
        name, _, place = reference.partition("#/")
        found = json.loads((ROOT / "docs" / (name or "openapi.json")).read_text())
        for step in place.split("/"):
            found = found[step]


def test_the_probe_s_page_lists_every_finding_in_its_own_words() -> None:
    assert probe_page.PAGE.read_text() == probe_page.page(), "write it anew: python -m tests.documents.probe_page"


def test_the_man_page_says_what_help_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CERTKIT_HOME", raising=False)
    assert man_page.PAGE.read_text() == man_page.page(), "write it anew: make man"


def test_the_man_page_has_every_command_and_its_options() -> None:
    page = man_page.PAGE.read_text()
    for words in (
        ".SS certkit daemon check\n",
        ".SS certkit enroll\n",
        r".B \-\-passphrase\-file <path>",
        ".SH DEVELOPER",
    ):
        assert words in page
    assert not re.search(r"^'|\x08", page, re.MULTILINE)
