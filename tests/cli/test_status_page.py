"""`certkit status --html`: one file with a plot, which fetches nothing, and in which whatever is shown is only text."""

import re
import shutil
import stat
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from certkit.cli.support import context
from tests.cli.conftest import ALICE, Lead
from tests.cli.daemons import running

CHROMIUM = shutil.which("chromium")
HOSTILE = "<img src=x onerror=alert(1)>&\"'"


class Page(HTMLParser):
    """A page as a browser reads it: its tags, and the texts of its cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.tables: dict[str, list[list[str]]] = {}
        self.texts: list[str] = []
        self._table: list[list[str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag == "table":
            self._table = self.tables.setdefault(dict(attrs)["id"] or "", [])
        if tag == "tr":
            self._table.append([])
        if tag in {"td", "th"}:
            self._table[-1].append("")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._table and self._table[-1]:
            self._table[-1][-1] += data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._table = []


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the clock that every command reads, by days from now."""
    now = datetime.now(UTC)
    return lambda days: monkeypatch.setattr(context, "now", lambda: now + timedelta(days=days))


def written(lead: Lead, code: int = 3) -> str:
    ended = lead("status", "--html", "status.html")
    assert ended.code == code, ended
    return Path("status.html").read_text()


def test_it_shows_ends_by_week_who_has_not_renewed_and_what_each_daemon_holds(
    lead: Lead, home: Path, travel: Callable[[float], None]
) -> None:
    lead("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
    lead("issue", "bob", "--device", "lap", "--life", "20", "--out", "b", "--no-passphrase")
    lead("issue", "eve", "--device", "lap", "--out", "c", "--no-passphrase")
    lead("revoke", "eve")
    page = Page(written(lead))
    assert "2 devices may build." in "".join(page.texts)
    plot = re.findall(r"<title>week of (\S+): (\d+)</title>", Path("status.html").read_text())
    assert [count for _, count in plot] == ["1", "1"]
    monday = datetime.fromisoformat(plot[0][0])
    assert monday.weekday() == 0
    assert 13 < (monday.replace(tzinfo=UTC) - datetime.now(UTC)).days + 7 < 28
    assert page.tables["daemons"][1][3:] == ["none seen; newest 2", "", "not seen yet"]
    assert "devices" not in page.tables
    travel(15)
    page = Page(written(lead))
    [bob] = page.tables["devices"][1:]
    assert (bob[0], bob[1], bob[4][:11]) == ("bob", "lap", "expires in ")
    assert ["daemon", "build"] in [row[:2] for row in page.tables["attention"]]


def test_it_says_since_when_a_daemon_holds_its_anchors(lead: Lead, tmp_path: Path) -> None:
    with running(lead, tmp_path / "home"):
        assert lead("daemon", "check", "build").code == 0
        page = Page(written(lead, code=0))
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert page.tables["daemons"][1][3:] == ["1; newest 1", today, ""]
    assert "All is well." in page.texts


def test_whatever_is_shown_is_text_and_nothing_is_fetched(
    lead: Lead, home: Path, travel: Callable[[float], None]
) -> None:
    lead("issue", HOSTILE, "--device", "</td><script>alert(1)</script>", "--out", "a", "--no-passphrase")
    travel(350)
    page = Page(written(lead, code=0))
    assert page.tables["devices"][1][:2] == [HOSTILE, "</td><script>alert(1)</script>"]
    assert {"script", "img", "link", "iframe", "a"}.isdisjoint(page.tags)
    assert {"src", "href", "style"}.isdisjoint(name for name, _ in page.attributes)
    [policy] = [value for name, value in page.attributes if name == "content" and "default-src" in value]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "url(" not in Path("status.html").read_text()


def test_it_takes_the_place_of_a_former_page_and_of_nothing_else(lead: Lead, home: Path) -> None:
    written(lead)
    assert stat.S_IMODE(Path("status.html").stat().st_mode) == 0o600
    written(lead)
    Path("status.html").write_text("ours")
    assert lead("status", "--html", "status.html").complaint == (
        1,
        "certkit: status.html exists already and is not overwritten",
        "Name another file.",
    )


def test_json_is_printed_beside_it(lead: Lead, home: Path) -> None:
    assert lead("status", "--html", "status.html", "--json").data["ok"] is False
    assert Path("status.html").exists()


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: the page is not looked at in a browser")
@pytest.mark.parametrize("colors", ["light", "dark"])
def test_a_browser_shows_it_and_has_nothing_to_complain_of(lead: Lead, home: Path, tmp_path: Path, colors: str) -> None:
    lead("issue", HOSTILE, "--device", "desk", "--life", "20", "--out", "a", "--no-passphrase")
    written(lead)
    seen = subprocess.run(
        [
            *(str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0"),
            *(f"--user-data-dir={tmp_path}/browser", "--window-size=1000,1200", f"--screenshot={tmp_path}/shot.png"),
            *(["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if colors == "dark" else []),
            *("--dump-dom", Path("status.html").absolute().as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    page = Page(seen.stdout)
    assert "Content Security Policy" not in seen.stderr
    assert page.tables["daemons"][1][:2] == ["build", "tcp://build.acme.example:8372"]
    assert "1 device may build." in "".join(page.texts)
    assert page.tags.count("rect") == 1
