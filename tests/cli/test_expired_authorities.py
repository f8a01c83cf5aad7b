"""An authority that has expired locks everybody out: what is printed leads out, command by command, in its order."""

import re
import shlex
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certkit.cli.support import context
from certkit.pki import certificates
from tests.cli.conftest import ALICE, Ended, Lead
from tests.cli.daemons import Running
from tests.daemons.daemon import HOST
from tests.probe.servers import serving

SECRET = ("--passphrase-file", "secret")
EXPIRED = timedelta(days=3653 + 20)
"""How long ago the team was made."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return the place of the home, which is made long ago."""
    return tmp_path / "home"


@pytest.fixture
def daemon(lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """Return the daemon of a team whose authorities have expired; Alice, who was enrolled until then, is locked out."""
    Path("secret").write_text("violet anchor\n")
    running = Running()
    with serving(running.answer, HOST) as running.url, monkeypatch.context() as patch:
        patch.setattr(context, "now", lambda: datetime.now(UTC) - EXPIRED)
        lead("init", "--team", "acme", "--daemon", running.url, "--name", "build")
        patch.setattr(context, "now", lambda: datetime.now(UTC) - timedelta(days=40))
        lead("issue", ALICE, "--device", "laptop", "--out", "former", *SECRET)
        enroll(lead, "former")
        patch.undo()
        running.folder = home / "daemons" / "build"
        running.restart()
        yield running


def enroll(lead: Lead, file: str, *arguments: str) -> Ended:
    return lead("enroll", file, "--for", "buildctl", "--no-probe", *SECRET, *arguments)


def follow(lead: Lead, said: str, before: str = ":") -> list[Ended]:
    """Run the commands of certkit's that something printed behind these words, in its order."""
    commands = [shlex.split(found) for found in re.findall(f"{before}  certkit (.*)$", said, re.MULTILINE)]
    return [lead(*command) for command in commands if command[0] != "list"]


def after(home: Path, role: str) -> int:
    """Return in how many days an authority expires."""
    found = certificates.load((home / "authorities" / role / "cert.pem").read_bytes())
    return (found.not_valid_after_utc - datetime.now(UTC)).days


def test_what_status_prints_leads_out_where_both_have_expired(lead: Lead, home: Path, daemon: Running) -> None:
    said = lead("status").out
    assert said.index("certkit rotate server prepare") < said.index("certkit rotate client prepare")
    assert [ended.code for ended in follow(lead, said.partition("Note:")[0], "^")] == [0] * 5
    assert (after(home, "server"), after(home, "client")) == (3652, 3652)
    daemon.restart()
    assert lead("daemon", "check", "build").code == 0
    assert [item["attention"] for item in lead("status", "--json").data["items"]] == [None] * 5


def test_what_each_command_prints_leads_to_the_next_one(lead: Lead, home: Path, daemon: Running) -> None:
    told = lead("issue", ALICE, "--device", "laptop", "--out", "new", *SECRET).complaint
    assert told[1:] == (
        f"certkit: the client authority expired on {end(home)}",
        "Replace it: certkit rotate client prepare",
    )
    told = lead("daemon", "renew", "build").complaint
    assert told[1:] == (
        f"certkit: the server authority expired on {end(home)}",
        "Replace it: certkit rotate server prepare",
    )
    [second] = follow(lead, lead("rotate", "client", "prepare").out)
    assert second.out.startswith("The server authority is settled: generation 2 signs and is the only one trusted.")
    assert "Next: issue a new bundle for every device" in second.out
    assert "certkit daemon check build" in second.out
    assert lead("issue", ALICE, "--device", "laptop", "--out", "new", *SECRET).code == 0
    assert enroll(lead, "new").code == 1
    assert enroll(lead, "new", "--force").code == 0


@pytest.mark.parametrize(("role", "other"), [("server", "client"), ("client", "server")])
def test_one_that_has_expired_is_replaced_and_the_other_stays(
    lead: Lead, home: Path, daemon: Running, role: str, other: str
) -> None:
    lead("rotate", other, "prepare")
    before = after(home, other)
    assert (
        f"{role} authority has expired, so nobody can build:  certkit rotate {role} prepare" in lead("rotate", role).out
    )
    issued = lead("issue", ALICE, "--device", "laptop", "--out", "early", *SECRET)
    assert issued.complaint[2] == f"Replace it: certkit rotate {role} prepare"
    assert lead("rotate", role, "prepare", "--json").data["trusted"] == [2]
    assert after(home, other) == before
    assert lead("daemon", "renew", "build").code == 0
    assert lead("issue", ALICE, "--device", "laptop", "--out", "new", *SECRET).code == 0


def test_amid_a_rotation_the_next_step_leads_out(
    lead: Lead, home: Path, daemon: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is asked for a daemon that cannot be proven any more: it is locked out already."""
    with monkeypatch.context() as patch:
        patch.setattr(context, "now", lambda: datetime.now(UTC) - timedelta(days=40))
        assert all(lead("rotate", role, "prepare").code == 0 for role in ("server", "client"))
        assert "\nauthority client expires in 19 days\n  certkit rotate client\n" in lead("status").out
    said = lead("status").out
    assert "\nauthority client expired\n  certkit rotate client switch\n" in said
    assert [ended.code for ended in follow(lead, said.partition("Note:")[0], "^")] == [0] * 4
    daemon.restart()
    assert lead("daemon", "check", "build").code == 0
    assert [lead("rotate", role, "retire").code for role in ("server", "client")] == [0, 0]


def end(home: Path) -> str:
    found = certificates.load((home / "authorities" / "client" / "cert.pem").read_bytes())
    return str(found.not_valid_after_utc.date())
