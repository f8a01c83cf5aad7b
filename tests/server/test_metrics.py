"""What Prometheus is told: sums over all processes, and what the ledger says."""

import http.client
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from certkit.pki import certificates, keys
from tests.cli.conftest import ALICE, Lead
from tests.daemons.daemon import HOST, free_port
from tests.server.running import Caller, serving

KEY, OTHER = keys.generate("p256"), keys.generate("p256")
Samples = dict[tuple[str, tuple[str, ...]], float]


def ask(port: int, path: str = "/metrics") -> tuple[int, str]:
    """Ask as Prometheus does: status and text."""
    with closing(http.client.HTTPConnection(HOST, port, timeout=60)) as connection:
        connection.request("GET", path)
        found = connection.getresponse()
        return found.status, found.read().decode()


def samples(port: int) -> Samples:
    """Return what is told, by name and the labels' values."""
    status, text = ask(port)
    assert status == 200
    found = [each for family in text_string_to_metric_families(text) for each in family.samples]
    return {(each.name, tuple(each.labels.values())): each.value for each in found}


def code(lead: Lead) -> str:
    """Return the secret of a new code."""
    return str(lead("invite", ALICE, "--json").data["password"])


@pytest.mark.parametrize("processes", ["1", "2"])
def test_what_any_process_has_answered_is_counted_by_all(
    lead: Lead, home: Path, processes: str, tmp_path: Path
) -> None:
    port = free_port(HOST)
    with serving(home, "--metrics", f"{HOST}:{port}", "--processes", processes) as server:
        caller, password = Caller(server), code(lead)
        first = caller.enroll(password, KEY).certificate
        assert caller.enroll(password, KEY).certificate == first
        for _ in range(3):
            assert caller.enroll(password, OTHER).status == 403
        assert caller.showing(first, KEY, tmp_path).renew(OTHER).status == 200
        for _ in range(8):
            caller.call("GET", "/healthz")
        several = [samples(port) for _ in range(4)]
    assert all(each == several[0] for each in several)
    found = several[0]
    assert found["certkit_issued_total", ("code",)] == 1
    assert found["certkit_issued_total", ("certificate",)] == 1
    assert found["certkit_refused_total", ("code-used",)] == 3
    assert found["certkit_requests_total", ("simpleenroll", "200")] == 2
    assert found["certkit_requests_total", ("healthz", "200")] == 8
    assert found["certkit_request_seconds_count", ("simplereenroll",)] == 1
    assert ALICE not in str(found)


def test_what_ends_and_what_each_daemon_holds_is_told(lead: Lead, home: Path) -> None:
    port = free_port(HOST)
    with serving(home, "--metrics", f"{HOST}:{port}"):
        lead("issue", ALICE, "--out", "a", "--no-passphrase")
        lead("revoke", ALICE)
        found = samples(port)
    assert found["certkit_ledger_up", ()] == 1
    assert found["certkit_publication", ()] == 2
    assert found["certkit_daemon_publication", ("build",)] < 2
    for role in ("server", "client"):
        authority = certificates.load((home / "authorities" / role / "cert.pem").read_bytes())
        assert (
            found["certkit_authority_expiry_timestamp_seconds", ("1", role)]
            == authority.not_valid_after_utc.timestamp()
        )
    daemon = certificates.load((home / "daemons" / "build" / "cert.pem").read_bytes())
    assert found["certkit_daemon_expiry_timestamp_seconds", ("build",)] == daemon.not_valid_after_utc.timestamp()
    assert found["certkit_server_expiry_timestamp_seconds", ()] > datetime.now(UTC).timestamp()


def test_nothing_else_is_answered_there_and_nothing_of_it_on_the_port_of_laptops(lead: Lead, home: Path) -> None:
    port = free_port(HOST)
    with serving(home, "--metrics", f"{HOST}:{port}") as server:
        assert ask(port, "/healthz")[0] == 404
        assert Caller(server).call("GET", "/metrics").status == 404


def test_a_ledger_that_does_not_answer_is_told_too(lead: Lead, home: Path) -> None:
    port = free_port(HOST)
    with serving(home, "--metrics", f"{HOST}:{port}") as server:
        Caller(server).call("GET", "/healthz")
        with closing(sqlite3.connect(home / "ledger.sqlite", isolation_level=None)) as broken:
            broken.execute("ALTER TABLE daemons RENAME TO elsewhere")
            found = samples(port)
            broken.execute("ALTER TABLE elsewhere RENAME TO daemons")
    assert found["certkit_ledger_up", ()] == 0
    assert found["certkit_requests_total", ("healthz", "200")] == 1
    assert not [name for name, _ in found if name.startswith("certkit_daemon")]


@pytest.mark.parametrize("processes", ["1", "2"])
def test_nothing_is_left_of_the_numbers_when_it_has_ended(
    home: Path, processes: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    with serving(home, "--metrics", f"{HOST}:{free_port(HOST)}", "--processes", processes) as server:
        [kept] = folder.glob("certkit-metrics-*")
        assert kept.stat().st_mode & 0o777 == 0o700
        assert server.stop() == 0
    assert not list(folder.glob("certkit-metrics-*"))


def test_a_place_that_is_none_or_taken_is_refused_before_anything_is_served(lead: Lead, home: Path) -> None:
    taken = free_port(HOST)
    found = lead("serve", "--url", "https://ca.acme.example", "--metrics", "9090")
    assert (found.code, "HOST:PORT" in found.err) == (2, True)
    with serving(home, "--metrics", f"{HOST}:{taken}"):
        found = lead("serve", "--listen", f"{HOST}:0", "--metrics", f"{HOST}:{taken}")
    assert found.code == 1
    assert f"port {taken}" in found.err
