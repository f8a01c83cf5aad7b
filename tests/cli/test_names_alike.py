"""Names that look alike: no second one is let in, and one that a former certkit let in can be found and revoked."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from certkit.ledger import migrations
from tests.cli.conftest import Lead
from tests.cli.openssl import excluded, is_let_in, issue

HIDDEN = "a\u034fl"


def rename(home: Path, table: str, former: str, name: str) -> None:
    """Give somebody, or a device, the name that a former certkit would have given."""
    with contextlib.closing(sqlite3.connect(home / "ledger.sqlite")) as ledger, ledger:
        if table == "people":
            ledger.execute("UPDATE people SET name = ?, folded = ? WHERE name = ?", (name, name, former))
            ledger.execute("UPDATE devices SET person = ? WHERE person = ?", (name, former))
            ledger.execute("UPDATE certificates SET person = ? WHERE person = ?", (name, former))
            migrations.fold_anew(lambda statement, **values: ledger.execute(statement, values).fetchall())
        else:
            ledger.execute("UPDATE devices SET name = ? WHERE name = ?", (name, former))
            ledger.execute("UPDATE certificates SET device = ? WHERE device = ?", (name, former))


@pytest.mark.parametrize("other", ["AL", "\uff41l", "Al", "al "])
def test_a_second_person_whose_name_looks_alike_is_refused(lead: Lead, home: Path, other: str) -> None:
    issue(lead, "al")
    ended = lead("issue", other, "--out", "other", "--no-passphrase", "--json")
    if other.strip() == "al":
        assert ended.data["person"] == "al"
    else:
        assert ended.code == 1
        assert "is too similar to al, who is there already" in ended.err
        assert not Path("other").exists()


@pytest.mark.parametrize("other", ["LAPTOP", "\uff4captop", "Laptop"])
def test_a_second_device_of_one_person_whose_name_looks_alike_is_refused(lead: Lead, home: Path, other: str) -> None:
    issue(lead, "al", "laptop")
    code, what, _ = lead("issue", "al", "--device", other, "--out", "other", "--no-passphrase").complaint
    assert (code, what.endswith("is too similar to that of another device of al: laptop")) == (1, True)
    assert lead("issue", "bo", "--device", other, "--out", "bo", "--no-passphrase").code == 0


def test_nobody_is_let_in_beside_somebody_of_a_former_name_that_looks_alike(lead: Lead, home: Path) -> None:
    issue(lead, "zed")
    rename(home, "people", "zed", HIDDEN)
    assert "is too similar to" in lead("issue", "al", "--out", "al", "--no-passphrase").err


@pytest.mark.parametrize("typed", [HIDDEN, "al", "AL"])
def test_somebody_with_a_former_name_that_cannot_be_typed_is_found_and_revoked(
    lead: Lead, home: Path, typed: str
) -> None:
    leaf = issue(lead, "zed")
    rename(home, "people", "zed", HIDDEN)
    assert lead("show", typed, "--json").data["person"] == HIDDEN
    assert lead("revoke", typed).code == 0
    assert lead("list", "--json").data["devices"][0]["state"] == "revoked"
    assert len(excluded(home)) == 1
    assert lead("reinstate", typed).code == 0
    assert excluded(home) == set()
    assert is_let_in(home, leaf)


def test_a_device_with_a_former_name_that_cannot_be_typed_is_found_and_revoked(lead: Lead, home: Path) -> None:
    issue(lead, "al", "desk")
    rename(home, "devices", "desk", "de\u034fsk")
    assert lead("revoke", "--device", "desk").code == 0
    assert lead("list", "--json").data["devices"][0]["state"] == "revoked"
    assert lead("reinstate", "al", "--device", "de\u034fsk").code == 0


def test_the_name_as_it_was_typed_comes_first(lead: Lead, home: Path) -> None:
    """Both were let in by a former certkit, and either can be meant."""
    issue(lead, "zed")
    issue(lead, "al")
    rename(home, "people", "zed", HIDDEN)
    lead("revoke", "al")
    assert [each["state"] for each in lead("list", "--json").data["devices"] if each["person"] == "al"] == ["revoked"]
    lead("revoke", HIDDEN)
    assert {each["state"] for each in lead("list", "--json").data["devices"]} == {"revoked"}


def test_a_former_name_is_found_while_a_restored_ledger_may_lack_somebody(lead: Lead, home: Path) -> None:
    issue(lead, "zed")
    rename(home, "people", "zed", HIDDEN)
    Path("secret").write_text("violet anchor\n")
    lead("backup", "sealed", "--passphrase-file", "secret")
    home.rename(home.with_name("former"))
    assert lead("restore", "sealed", "--passphrase-file", "secret").code == 0
    assert lead("revoke", "al").code == 0
    assert [each["person"] for each in lead("list", "--json").data["devices"]] == [HIDDEN]
