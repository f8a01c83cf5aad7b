"""A team that has grown has its client authority under several names: each anchor stays small, nobody notices."""

import json
from pathlib import Path

import pytest
from cryptography.x509 import Certificate

from certkit.authority import cohort_authorities
from certkit.pki import certificates
from certkit.trust import cohorts
from tests.cli.conftest import Lead
from tests.cli.daemons import Running, take_up
from tests.cli.openssl import is_let_in, issue


@pytest.fixture(autouse=True)
def early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a team of four have grown."""
    monkeypatch.setattr(cohort_authorities, "MANY_PEOPLE", 4)


def issuer(leaf: Path) -> str:
    return certificates.issuer_words(certificates.load(leaf.read_bytes()))


def held(home: Path) -> list[Certificate]:
    return certificates.load_all((home / "daemons" / "build" / "ca.pem").read_bytes())


def test_cohorts_sign_once_every_daemon_is_proven_to_trust_them(lead: Lead, home: Path, daemon: Running) -> None:
    early = [issue(lead, f"early{number}") for number in range(3)]
    lead("revoke", "early0")
    assert len(held(home)) == 2
    before = issue(lead, "late0")
    lead("revoke", "early1")
    assert len(held(home)) == cohorts.COUNT + 1
    assert issuer(issue(lead, "late1")) == "acme client authority"
    take_up(lead, daemon)
    late = [issue(lead, f"late{number}") for number in range(2, 8)]
    assert {issuer(leaf) for leaf in late} - {"acme client authority"}
    assert [is_let_in(home, leaf) for leaf in (*early, before, *late)] == [False, False, True, True, *[True] * 6]
    for number in range(2, 8):
        lead("revoke", f"late{number}")
    take_up(lead, daemon)
    assert [is_let_in(home, leaf) for leaf in (*early, before, *late)] == [False, False, True, True, *[False] * 6]


def test_somebody_with_certificates_of_two_cohorts_is_shut_out_with_both(
    lead: Lead, home: Path, daemon: Running
) -> None:
    person = next(name for number in range(99) if cohorts.cohort_of(name := f"person{number}"))
    old = issue(lead, person)
    for number in range(4):
        issue(lead, f"other{number}")
    lead("revoke", "other0")
    take_up(lead, daemon)
    new = issue(lead, person)
    assert issuer(old) != issuer(new)
    lead("revoke", person)
    assert (is_let_in(home, old), is_let_in(home, new)) == (False, False)
    lead("reinstate", person)
    assert (is_let_in(home, old), is_let_in(home, new)) == (True, True)


def test_an_authority_with_cohorts_is_rotated_with_them(lead: Lead, home: Path, daemon: Running) -> None:
    for number in range(4):
        issue(lead, f"other{number}")
    lead("revoke", "other0")
    take_up(lead, daemon)
    old = issue(lead, "al")
    for step in ("prepare", "switch"):
        assert lead("rotate", "client", step).code == 0
        take_up(lead, daemon)
    blocked = {step["step"]: step["would_lock_out"] for step in lead("rotate", "client", "--json").data["steps"]}
    assert {"person": "al", "device": "laptop", "daemon": None, "came": None} in blocked["retire"]
    new = issue(lead, "al")
    assert issuer(new).startswith("acme client authority 2")
    assert (is_let_in(home, old), is_let_in(home, new)) == (True, True)
    lead("rotate", "client", "retire", "--force")
    assert len(held(home)) == cohorts.COUNT + 1
    lead("revoke", "al")
    text = (home / "daemons" / "build" / "crl.pem").read_text()
    assert text.count("BEGIN X509 CRL") == cohorts.COUNT
    assert json.loads(lead("show", "al", "--json").out)["revoked"]
