"""`certkit rotate` when a key has leaked, when commands meet, and when keys have a passphrase."""

from pathlib import Path
from typing import Any

import pytest

from certkit.authority.session import Session
from certkit.cli import main
from certkit.pki import keys
from certkit.pki.certificates import Authority
from tests.cli.conftest import Lead
from tests.cli.daemons import Running, running, take_up
from tests.cli.openssl import complaint, generation, is_let_in, issue

AGAIN = "These must enroll again; until they have, they cannot build:"


def test_a_leaked_client_authority_is_trusted_no_more_at_once(lead: Lead, home: Path, daemon: Running) -> None:
    old = issue(lead, "al")
    issue(lead, "gone")
    lead("revoke", "gone")
    lines = lead("rotate", "client", "--compromised").out.splitlines()
    assert lines[0] == "The client authority is settled: generation 2 signs and is the only one trusted."
    assert lines[lines.index(AGAIN) :][1:3] == [
        "  al laptop",
        "Issue a new bundle for each: certkit issue PERSON --device DEVICE --out FILE",
    ]
    assert complaint(home / "daemons/build/ca.pem", old)
    new = issue(lead, "al")
    assert (generation(new), is_let_in(home, new)) == (2, True)
    assert lead("daemon", "check", "build").code == 3
    take_up(lead, daemon)
    assert lead("rotate", "client", "rollback").complaint[0] == 2


def test_a_leaked_server_authority_signs_nothing_more_and_every_daemon_shows_the_next(
    lead: Lead, home: Path, daemon: Running
) -> None:
    issue(lead, "al")
    with running(lead, home, "arm"):
        found = lead("rotate", "server", "--compromised", "--json").data
        assert (found["stage"], found["trusted"]) == ("settled", [2])
        assert found["must_enroll_again"] == [{"person": "al", "device": "laptop", "daemon": None, "came": None}]
        assert [generation(home / "daemons" / name / "cert.pem") for name in ("arm", "build")] == [2, 2]


def test_the_next_generation_takes_over_where_it_is_prepared(lead: Lead, daemon: Running) -> None:
    lead("rotate", "server", "prepare")
    said = lead("rotate", "server", "--compromised").out
    assert "generation 2 signs and is the only one trusted" in said
    assert "Nobody needs to enroll again." in said
    assert "generation 3 signs" in lead("rotate", "server", "--compromised").out


def test_what_it_would_cost_is_said_before(lead: Lead, daemon: Running) -> None:
    issue(lead, "al")
    assert "If its key leaked, --compromised would make 1 enroll again." in lead("rotate", "client").out


def test_the_short_way_has_no_steps(lead: Lead, daemon: Running) -> None:
    said = lead("rotate", "client", "switch", "--compromised").complaint
    assert said == (2, "certkit: --compromised does not take a step", "Run certkit rotate client --compromised")


def test_a_bundle_in_flight_survives_until_its_authority_is_retired(lead: Lead, home: Path, daemon: Running) -> None:
    bundle = issue(lead, "al")
    lead("enroll", "--request", "bo.csr")
    lead("rotate", "client", "prepare")
    take_up(lead, daemon)
    lead("rotate", "client", "switch")
    assert is_let_in(home, bundle)
    assert lead("sign", "bo.csr", "--person", "bo", "--device", "x", "--out", "bo").code == 0
    assert lead("rotate", "client", "retire").complaint[1].endswith("would lock out al laptop")
    lead("revoke", "al")
    assert lead("rotate", "client", "retire").code == 0


def test_nothing_is_signed_by_an_authority_that_is_replaced_at_that_moment(
    lead: Lead, home: Path, daemon: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead("rotate", "client", "prepare")
    take_up(lead, daemon)
    opened = Session.authority

    def overtaken(self: Session, *arguments: Any) -> Authority:  # noqa: ANN401  they are handed on as they come
        found = opened(self, *arguments)
        monkeypatch.setattr(Session, "authority", opened)
        assert main(["rotate", "client", "switch", "--home", str(home)]) == 0
        return found

    monkeypatch.setattr(Session, "authority", overtaken)
    ended = lead("issue", "al", "--out", "al", "--no-passphrase")
    assert (ended.code, ended.err) == (1, "certkit: the client authority has just been replaced\nRun it again.\n")
    assert lead("list", "--json").data == {"devices": []}
    assert not Path("al").exists()
    assert generation(issue(lead, "al")) == 2


@pytest.mark.parametrize("source", ["--passphrase-file", "--passphrase-command"])
def test_a_new_generation_has_the_passphrase_of_the_others(lead: Lead, home: Path, source: str) -> None:
    Path("secret").write_text("violet anchor\n")
    given = "secret" if source == "--passphrase-file" else f"cat {Path('secret').absolute()}"
    with running(lead, home, "build", source, given) as daemon:
        issue(lead, "al")
        for role in ("client", "server"):
            assert lead("rotate", role, "prepare").code == 0
            take_up(lead, daemon)
            assert lead("rotate", role, "switch", "--force").code == 0
        assert lead("rotate", "client", "--compromised").code == 0
        pems = [path.read_bytes() for path in (home / "authorities").glob("*-*/key.pem")]
        assert len(pems) == 4
        assert all(b"ENCRYPTED" in pem and keys.load(pem, b"violet anchor") for pem in pems)
        assert generation(issue(lead, "al")) == 2
