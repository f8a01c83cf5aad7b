"""The ledger in a PostgreSQL database: what is lost with it, and how everything goes on."""

import itertools
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from unittest import mock
from urllib.parse import quote

import psycopg
import pytest

from certkit import ledger as ledgers
from certkit.errors import CertkitError, InvalidError, MissingError, RefusedError
from certkit.ledger import create_ledger, open_ledger
from certkit.ledger.interface import CodeUse, Ledger
from certkit.ledger.postgres import PostgresDatabase
from certkit.ledger.rows import Row
from certkit.ledger.sql import SqlLedger, Values
from tests.ledger.test_ledger import ALICE, ANCHORS, CODE, EVENT, LAPTOP, NOW, device_certificate
from tests.postgres import server
from tests.postgres.server import DATABASE, Server


@pytest.fixture
def url(postgres: Server) -> str:
    """Make a ledger."""
    found = postgres.new_url()
    create_ledger(found).close()
    return found


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    with closing(open_ledger(url)) as ledger:
        yield ledger


@pytest.fixture(scope="module")
def own_server(own_environment: Path) -> Iterator[Server]:
    """Run a server that a test may end."""
    if reason := server.obstacle():
        pytest.skip(reason)
    with server.running(own_environment / "pg-own") as running:
        yield running


def add_alice(ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.add_person(ALICE)


def test_a_connection_that_was_lost_in_between_is_made_anew_and_nobody_notices(
    ledger: Ledger, postgres: Server
) -> None:
    add_alice(ledger)
    postgres.cut_off()
    assert ledger.people() == [ALICE]
    postgres.cut_off()
    with ledger.transaction():
        ledger.add_event(EVENT)
    assert ledger.events() == [EVENT]


def test_a_connection_that_is_lost_within_a_change_undoes_it_and_the_next_change_is_made(
    ledger: Ledger, postgres: Server
) -> None:
    def change() -> None:
        with ledger.transaction():
            ledger.add_person(ALICE)
            postgres.cut_off()
            ledger.add_event(EVENT)

    with pytest.raises(CertkitError, match="the ledger cannot be used"):
        change()
    assert ledger.people() == []
    add_alice(ledger)
    assert ledger.people() == [ALICE]


def test_a_connection_that_is_lost_at_the_commit_leaves_it_open_and_says_so(ledger: Ledger, postgres: Server) -> None:
    def change() -> None:
        with ledger.transaction():
            ledger.add_person(ALICE)
            assert ledger.person(ALICE.name)  # nothing but the commit is left
            postgres.cut_off()

    with pytest.raises(CertkitError, match="it may have been made or not"):
        change()
    assert ledger.people() == []


def test_what_nobody_waits_for_is_written_with_what_somebody_waits_for(ledger: Ledger) -> None:
    with ledger.transaction():
        ledger.add_event(EVENT)
        ledger.add_person(ALICE)
        ledger.add_device(LAPTOP)
        ledger.add_code(CODE._replace(uses=1, left=1))
    execute = psycopg.Connection.execute
    counted = mock.patch.object(psycopg.Connection, "execute", autospec=True, side_effect=execute)
    with counted as asked, ledger.transaction():
        assert ledger.applicant(ALICE.name, LAPTOP.name).device == LAPTOP
        ledger.add_certificate(device_certificate(1))
        ledger.add_event(EVENT)
        ledger.set_device_came(ALICE.name, LAPTOP.name, NOW)
        assert ledger.take_use(CODE.digest, CodeUse(NOW, "aa", "0001"))
    assert asked.call_count == 4  # one to begin, to ask, to write and to commit


def test_what_is_found_out_at_once_is_found_by_an_index(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plans: list[list[str]] = []
    run = PostgresDatabase.execute

    def explain(database: PostgresDatabase, statement: str, values: Values) -> list[Row]:
        if "ANY(" in statement or "unnest(" in statement:
            plans.append([str(row[0]).strip() for row in run(database, f"EXPLAIN {statement}", values)])
        return run(database, statement, values)

    with closing(open_ledger(url)) as ledger:
        assert isinstance(ledger, SqlLedger)
        with ledger.foreseeing():
            ledger.state("team")
        ledger.database.execute("SET enable_seqscan = off", {})  # where there are a few rows it is the better way
        monkeypatch.setattr(PostgresDatabase, "execute", explain)
        with ledger.foreseeing([(ALICE.name, "laptop", "aa"), ("bob", None, "bb")], [CODE.digest, "other"]):
            pass
    assert len(plans) == 3
    steps = [step for plan in plans for step in itertools.pairwise([*plan, ""])]
    assert not [step for step, _ in steps if "Seq Scan" in step]
    found = [(step, within) for step, within in steps if "Index" in step and " Scan " in step]
    assert len(found) > len(plans)
    assert all(within.startswith("Index Cond") for _, within in found)  # else all of an index is gone through


def test_the_lock_of_all_homes_is_not_believed_in_after_the_connection_was_lost(
    ledger: Ledger, postgres: Server
) -> None:
    def change() -> None:
        postgres.cut_off()
        with ledger.transaction():
            ledger.add_person(ALICE)

    with pytest.raises(CertkitError, match="the ledger cannot be used"), ledger.locked():
        change()
    add_alice(ledger)


def test_hosts_hold_the_lock_of_all_homes_one_after_the_other(url: str, ledger: Ledger) -> None:
    with closing(open_ledger(url, patience=0.1)) as other:
        with ledger.locked():
            with pytest.raises(CertkitError, match="lock timeout") as caught, other.locked():
                pass
            assert "try again" in caught.value.hint
            add_alice(other)  # it keeps nobody from the ledger itself
        with other.locked():
            pass


def test_a_writer_gives_up_after_its_patience_and_who_reads_waits_for_nobody(url: str, ledger: Ledger) -> None:
    with closing(open_ledger(url, patience=0.1)) as other, ledger.transaction():
        ledger.add_person(ALICE)
        assert other.people() == []
        with pytest.raises(CertkitError, match="lock timeout"):
            add_alice(other)
        assert other.people() == []


def test_teams_in_schemas_of_one_database_do_not_wait_for_each_other(ledger: Ledger, postgres: Server) -> None:
    with closing(create_ledger(postgres.new_url())) as other, ledger.locked(), ledger.transaction(), other.locked():
        add_alice(other)
        assert other.people() == [ALICE]
        assert ledger.people() == []


def test_a_change_of_which_a_part_failed_is_never_committed(ledger: Ledger) -> None:
    def change() -> None:
        with ledger.transaction():
            ledger.add_person(ALICE)
            ledger.add_certificate(device_certificate(1))
            with pytest.raises(CertkitError, match="refused a change"):
                ledger.people()

    with pytest.raises(CertkitError, match="a part of a change has failed"):
        change()
    assert ledger.people() == []


def test_a_server_that_is_down_is_told_in_one_line_and_used_when_it_is_up_again(own_server: Server) -> None:
    url = own_server.new_url()
    with closing(create_ledger(url)) as ledger:
        own_server.stop()
        for _ in range(2):
            with pytest.raises(CertkitError, match="the ledger cannot be used") as caught:
                ledger.people()
            assert "\n" not in caught.value.message
        own_server.start()
        add_alice(ledger)


def test_whoever_waits_goes_on_waiting_when_the_server_was_started_again(own_server: Server) -> None:
    url = own_server.new_url()
    with closing(create_ledger(url)) as ledger:
        assert ledger.wait(60)
        own_server.stop()
        with pytest.raises(CertkitError, match="the ledger cannot be used"):
            ledger.wait(60)
        own_server.start()
        assert ledger.wait(60)  # something may have been missed
        with closing(open_ledger(url)) as other, other.transaction():
            other.add_anchors(ANCHORS)
        assert ledger.wait(60)


def test_a_standby_is_refused(url: str) -> None:
    with pytest.raises(CertkitError, match="read-only"):
        open_ledger(f"{url}{quote(' -cdefault_transaction_read_only=on')}")


def test_nothing_is_committed_that_could_still_be_lost(url: str) -> None:
    with closing(ledgers.opened(f"{url}{quote(' -csynchronous_commit=off')}")) as ledger:
        assert ledger.database.execute("SHOW synchronous_commit", {}) == [("on",)]


def test_a_database_without_a_ledger_is_missing_one_and_gets_none(postgres: Server) -> None:
    url = postgres.new_url()
    for _ in range(2):
        with pytest.raises(MissingError, match="holds no ledger"):
            open_ledger(url)


def test_a_ledger_is_never_made_over_another(url: str) -> None:
    with pytest.raises(RefusedError, match="holds a ledger already"):
        create_ledger(url)


def test_what_libpq_does_not_know_is_invalid() -> None:
    with pytest.raises(InvalidError, match="is not the URL of a ledger"):
        open_ledger("postgresql://db/team?nothing=1")


def test_a_database_with_another_encoding_is_refused(postgres: Server) -> None:
    with postgres.connection() as connection:
        connection.execute("CREATE DATABASE narrow ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(CertkitError, match="does not keep texts in UTF-8"):
        open_ledger(postgres.url("public").replace(f"/{DATABASE}?", "/narrow?"))


def test_a_password_comes_from_its_file(own_server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with own_server.connection() as connection:
        connection.execute("CREATE USER lead PASSWORD 'violet anchor'")
        connection.execute("CREATE SCHEMA lead AUTHORIZATION lead")
    (own_server.folder / "data" / "pg_hba.conf").write_text("local all lead scram-sha-256\nlocal all all trust\n")
    own_server.stop()
    own_server.start()
    url = own_server.url("lead", "lead")
    with pytest.raises(CertkitError, match="no password supplied"):
        create_ledger(url)
    passwords = tmp_path / "pgpass"
    passwords.write_text("*:*:*:lead:violet anchor\n")
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    create_ledger(url).close()
    monkeypatch.delenv("PGPASSFILE")
    with_password = url.replace("lead@", "lead:violet%20anchor@")
    open_ledger(with_password).close()
    with pytest.raises(CertkitError, match="password authentication failed") as caught:
        open_ledger(with_password.replace("violet", "purple"))
    assert "purple" not in f"{caught.value}{caught.value.fields}"


def test_a_user_without_rights_is_told_so(postgres: Server, url: str) -> None:
    with postgres.connection() as connection:
        connection.execute("CREATE USER stranger")
        connection.execute("GRANT USAGE ON SCHEMA public TO stranger")
    with pytest.raises(CertkitError, match="permission denied") as caught:
        create_ledger(postgres.url("public", "stranger"))
    assert "Let this user" in caught.value.hint


def test_a_driver_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "certkit.ledger.postgres", None)
    monkeypatch.delattr(ledgers, "postgres", raising=False)
    with pytest.raises(MissingError, match="is not installed here"):
        open_ledger("postgresql://db/team")


def test_a_waiting_writer_whose_turn_it_is_sees_what_was_committed_before(url: str, ledger: Ledger) -> None:
    seen: list[object] = []

    def look() -> None:
        with closing(open_ledger(url)) as other, other.transaction():
            seen.extend(other.people())

    thread = threading.Thread(target=look)
    with ledger.transaction():
        thread.start()
        thread.join(0.3)
        ledger.add_person(ALICE)
    thread.join()
    assert seen == [ALICE]


def test_a_connection_is_known_to_be_certkits(postgres: Server, ledger: Ledger) -> None:
    with postgres.connection() as connection:
        found = connection.execute("SELECT application_name FROM pg_stat_activity").fetchall()
    assert ("certkit",) in found
