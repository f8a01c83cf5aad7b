"""`certkit rotate`: step by step, forward and back, and nobody is locked out who is not named."""

from pathlib import Path

import pytest

from certkit.pki import certificates
from tests.cli.conftest import Lead
from tests.cli.daemons import Running, running, take_up
from tests.cli.openssl import complaint, contents, generation, is_let_in, issue

FORWARD = ("prepare", "switch", "retire")
AL = {"person": "al", "device": "laptop", "daemon": None, "came": None}


def standing(lead: Lead, role: str) -> dict[str, object]:
    """Return the JSON of where a rotation stands."""
    ended = lead("rotate", role, "--json")
    assert ended.code == 0
    return dict(ended.data)


def test_the_client_authority_is_replaced_while_everybody_gets_in(lead: Lead, home: Path, daemon: Running) -> None:
    old = [issue(lead, "al"), issue(lead, "bo")]
    assert lead("rotate", "client", "prepare").code == 0
    what = "certkit: to switch now would lock out daemon build"
    assert lead("rotate", "client", "switch").complaint[:2] == (1, what)
    take_up(lead, daemon)
    assert "issue a new bundle for every device" in lead("rotate", "client", "switch").out
    assert all(is_let_in(home, each) for each in old)
    what = "certkit: to retire now would lock out al laptop, bo laptop"
    assert lead("rotate", "client", "retire").complaint[:2] == (1, what)
    new = [issue(lead, "al")]
    assert lead("rotate", "client", "retire").complaint[1] == "certkit: to retire now would lock out bo laptop"
    new.append(issue(lead, "bo"))
    assert [generation(each) for each in (*old, *new)] == [1, 1, 2, 2]
    assert all(is_let_in(home, each) for each in (*old, *new))
    assert lead("rotate", "client", "retire").code == 0
    assert all(is_let_in(home, each) for each in new)
    assert all(complaint(home / "daemons/build/ca.pem", each) for each in old)
    take_up(lead, daemon)
    assert standing(lead, "client")["trusted"] == [2]


def test_the_server_authority_is_replaced_while_every_laptop_believes_the_daemon(
    lead: Lead, home: Path, daemon: Running
) -> None:
    issue(lead, "al")
    lead("rotate", "server", "prepare")
    assert lead("rotate", "server", "switch").complaint[1] == "certkit: to switch now would lock out al laptop"
    assert generation(home / "daemons/build/cert.pem") == 1
    bundle = issue(lead, "al").with_suffix(".certkit")
    assert bundle.read_text().count("BEGIN CERTIFICATE") == 3
    assert lead("rotate", "server", "switch").code == 0
    assert generation(home / "daemons/build/cert.pem") == 2
    assert lead("rotate", "server", "retire").complaint[1] == "certkit: to retire now would lock out daemon build"
    take_up(lead, daemon)
    assert lead("rotate", "server", "retire").code == 0
    assert issue(lead, "al").with_suffix(".certkit").read_text().count("BEGIN CERTIFICATE") == 2


@pytest.mark.parametrize("role", ["client", "server"])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_after_a_rollback_at_any_step_all_is_as_it_was(
    lead: Lead, home: Path, daemon: Running, role: str, steps: int
) -> None:
    leaf, ca = issue(lead, "al"), home / "daemons/build/ca.pem"
    for step in FORWARD[:steps]:
        assert lead("rotate", role, step, "--force").code == 0
    for _ in range(steps):
        assert lead("rotate", role, "rollback", "--force").code == 0
    found = standing(lead, role)
    assert (found["stage"], found["issuing"], found["trusted"]) == ("settled", 1, [1])
    assert generation(home / "daemons/build/cert.pem") == 1
    assert len(certificates.load_all(ca.read_bytes())) == 2  # the anchor and the label
    assert is_let_in(home, leaf)
    take_up(lead, daemon)
    assert lead("rotate", role, "prepare").code == 0
    assert standing(lead, role)["trusted"] == [1, 3]


@pytest.mark.parametrize(("done", "wrong"), [(0, "switch"), (0, "retire"), (0, "rollback"), (1, "prepare"),
    (1, "retire"), (2, "prepare"), (2, "switch"), (3, "retire"), (3, "switch")])  # fmt: skip
def test_a_step_out_of_turn_is_told_what_can_be_done(lead: Lead, daemon: Running, done: int, wrong: str) -> None:
    for step in FORWARD[:done]:
        lead("rotate", "client", step, "--force")
    before = contents(daemon.folder.parent.parent)
    code, what, remedy = lead("rotate", "client", wrong, "--force").complaint
    assert (code, what.endswith(f"so there is nothing to {wrong}")) == (2, True)
    assert remedy.startswith("What can be done: ")
    assert contents(daemon.folder.parent.parent) == before


def test_who_still_lacks_the_new_one_is_told(lead: Lead, daemon: Running) -> None:
    issue(lead, "al")
    lead("rotate", "server", "prepare")
    assert standing(lead, "server") == {
        "role": "server",
        "stage": "prepared",
        "issuing": 1,
        "trusted": [1, 2],
        "steps": [{"step": "switch", "would_lock_out": [AL]}, {"step": "rollback", "would_lock_out": []}],
        "if_compromised": [AL],
    }
    said = lead("rotate", "server", "status").out.splitlines()
    assert said[:2] == [
        "The server authority is prepared: generation 1 signs; generations 1 and 2 are trusted.",
        "  switch    would lock out 1: al laptop",
    ]


def test_the_revoked_stay_out_and_hold_nothing_up(lead: Lead, home: Path, daemon: Running) -> None:
    gone = issue(lead, "gone")
    lead("revoke", "gone")
    lead("rotate", "client", "prepare")
    take_up(lead, daemon)
    for step in ("switch", "retire"):
        assert not is_let_in(home, gone)
        assert lead("rotate", "client", step).code == 0
    lead("rotate", "client", "rollback")
    assert not is_let_in(home, gone)


def test_every_daemon_must_have_taken_it_up_and_each_is_certified_anew(lead: Lead, home: Path, daemon: Running) -> None:
    with running(lead, home, "arm") as arm:
        lead("rotate", "client", "prepare")
        take_up(lead, daemon)
        assert lead("rotate", "client", "switch").complaint[1].endswith("would lock out daemon arm")
        take_up(lead, arm, "arm")
        assert lead("rotate", "client", "switch").code == 0
        lead("rotate", "server", "prepare")
        assert lead("rotate", "server", "switch").code == 0
        assert [generation(home / "daemons" / name / "cert.pem") for name in ("arm", "build")] == [2, 2]
        take_up(lead, daemon)
        assert lead("rotate", "server", "retire").complaint[1].endswith("would lock out daemon arm")
