"""Several servers, each on a host of its own with the authorities' keys, over one ledger in PostgreSQL.

CERTKIT_RENEWING_LAPTOPS sets how many laptops renew while a server is killed.
"""

import os
import shutil
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from certkit.cli import main
from certkit.pki import certificates, keys
from tests.cli.conftest import ALICE, Lead
from tests.postgres import server as postgres_server
from tests.postgres.server import Server as Database
from tests.server.running import OWN, Answer, Caller, Server, serving

REPLICAS = 3
LAPTOPS = int(os.environ.get("CERTKIT_RENEWING_LAPTOPS", "100"))
PATIENCE = 5
"""Servers that a laptop tries before it gives up."""


@pytest.fixture
def database() -> str:
    """Have the ledger in PostgreSQL."""
    return "postgresql"


@pytest.fixture
def postgres(own_environment: Path) -> Iterator[Database]:
    """Run a database that a test may end."""
    if reason := postgres_server.obstacle():
        pytest.skip(reason)
    with postgres_server.running(own_environment / f"pg-{os.urandom(4).hex()}") as running:
        yield running


@pytest.fixture
def replicas(database: str, home: Path) -> Iterator[list[Server]]:
    """Run servers; neither daemons' files nor the first one's identity are on the others' hosts."""
    with ExitStack() as stack:
        hosts = [home.with_name(f"host{number}") for number in range(REPLICAS)]
        for host in hosts:
            shutil.copytree(home, host, symlinks=True)
            shutil.rmtree(host / "daemons")
        yield [stack.enter_context(serving(host)) for host in hosts]


def invite(lead: Lead, *options: str) -> str:
    return str(lead("invite", ALICE, *options, "--json").data["password"])


def test_what_one_has_done_all_others_know(lead: Lead, replicas: list[Server], tmp_path: Path) -> None:
    callers, key = [Caller(each) for each in replicas], keys.generate("p256")
    password = invite(lead, "--device", "desk")
    certificate = callers[0].enroll(password, key).certificate
    assert [each.enroll(password, key).certificate for each in callers] == [certificate] * REPLICAS
    assert {each.enroll(password, keys.generate("p256")).code for each in callers} == {"code-used"}
    later, other = keys.generate("p256"), callers[1].showing(certificate, key, tmp_path)
    renewed = other.renew(later).certificate
    shown = [each.showing(renewed, later, tmp_path) for each in callers]
    assert [each.call("GET", f"{OWN}/settings").status for each in shown] == [200] * REPLICAS
    assert lead("revoke", ALICE).code == 0
    assert [each.call("GET", f"{OWN}/settings").code for each in shown] == ["person-revoked"] * REPLICAS
    assert [each.renew(keys.generate("p256")).code for each in shown] == ["person-revoked"] * REPLICAS
    assert len({each.call("GET", f"{OWN}/crl").body for each in callers}) == 1


def test_a_code_is_used_once_however_many_are_asked_while_one_is_killed(lead: Lead, replicas: list[Server]) -> None:
    password = invite(lead)

    def ask(number: int) -> Answer | None:
        if number == 4:
            replicas[0].stop(signal.SIGKILL)
        try:
            return Caller(replicas[number % REPLICAS]).enroll(password, keys.generate("p256"))
        except OSError:  # it was killed
            return None

    with ThreadPoolExecutor(12) as pool:
        answers = [each for each in pool.map(ask, range(12)) if each]
    found = Counter(each.status for each in answers)
    issued = [each for each in lead("log", "--json").data["events"] if each["action"] == "issue"]
    assert len(issued) == 1
    assert found[200] <= 1
    assert {each.code for each in answers if each.status == 403} <= {"code-used"}
    assert Caller(replicas[1]).call("GET", "/readyz").status == 200


def test_a_database_that_is_lost_costs_what_is_asked_meanwhile_and_nothing_else(
    lead: Lead, replicas: list[Server], postgres: Database
) -> None:
    callers, key = [Caller(each) for each in replicas], keys.generate("p256")
    password = invite(lead)
    postgres.stop(signal.SIGQUIT)
    refused = [each.enroll(password, key) for each in callers]
    assert {(each.status, each.code, each.headers["Retry-After"]) for each in refused} == {(503, "server-unable", "5")}
    assert callers[0].call("GET", "/healthz").status == 200
    assert callers[0].call("GET", "/readyz").status == 503
    assert "the ledger cannot be used" in replicas[0].text
    postgres.start()
    assert callers[0].call("GET", "/readyz").status == 200
    certificate = callers[1].enroll(password, key).certificate
    postgres.cut_off()
    assert [each.enroll(password, key).certificate for each in callers] == [certificate] * REPLICAS


def test_laptops_that_renew_while_a_server_is_killed_lose_nothing(
    lead: Lead, replicas: list[Server], tmp_path: Path
) -> None:
    password = invite(lead, "--uses", str(LAPTOPS))
    folders = [tmp_path / f"laptop{number}" for number in range(LAPTOPS)]
    renewed: dict[int, tuple[str, str]] = {}

    def live(number: int) -> None:
        """Enroll, and renew with one key at one server after the other until there is an answer."""
        folder, first, later = folders[number], keys.generate("p256"), keys.generate("p256")
        folder.mkdir()
        given = Caller(replicas[1 + number % 2]).enroll(password, first).certificate
        for attempt in range(PATIENCE):
            if number == LAPTOPS // 2 and attempt == 0:
                replicas[0].stop(signal.SIGKILL)
            server = replicas[(number + attempt) % REPLICAS]
            try:
                answer = Caller(server).showing(given, first, folder).renew(later)
            except OSError:  # it was killed
                continue
            if answer.status == 200:
                serials = [certificates.serial_text(each.serial_number) for each in (given, answer.certificate)]
                renewed[number] = serials[0], serials[1]
                return

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(live, range(LAPTOPS)))
    assert len(renewed) == LAPTOPS
    newest = {each["serial"] for each in lead("list", "--json").data["devices"]}
    assert newest == {later for _, later in renewed.values()}
    assert len({serial for both in renewed.values() for serial in both}) == 2 * LAPTOPS


def test_no_replica_makes_alone_what_all_of_them_must_have(
    lead: Lead,
    replicas: list[Server],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / ".earthly").mkdir()
    code = lead("invite", ALICE, "--json").data["code"]
    assert lead("enroll", code, "--no-probe").code == 0
    assert lead("lead", "add", ALICE).code == 0
    monkeypatch.delenv("CERTKIT_HOME")
    Path("roster.yml").write_text("team: acme\npolicy: {device_days: 30}\n")

    def refused(*words: str) -> list[str]:
        capsys.readouterr()
        assert main([*words]) == 1
        return capsys.readouterr().err.splitlines()

    for server in replicas:
        elsewhere = ["--server", server.url]
        assert main(["list", *elsewhere]) == 0
        assert main(["rotate", "client", *elsewhere]) == 0
        assert refused("rotate", "client", "prepare", *elsewhere) == [
            "certkit: the new authority's key would be on one of several servers",
            "Take this step at the home that the authorities are copied from.",
        ]
        assert refused("apply", "roster.yml", *elsewhere)[0] == (
            "certkit: the team's settings would change on one of several servers"
        )
    assert not list(tmp_path.glob("host*/authorities/client-2"))
