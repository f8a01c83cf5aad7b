"""What the server answers to a daemon's host, and to whoever is none."""

import contextlib
import json
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from certkit.authority import host_sync
from certkit.authority.changes import changing
from certkit.authority.home import open_home
from certkit.errors import CertkitError
from certkit.pki import certificates, extensions, keys
from certkit.results import as_json
from certkit.sync import news
from tests.cli.conftest import ALICE, Lead, desk, founded, home, lead
from tests.server.identity import ACTOR, start
from tests.server.running import OWN, Caller, Server, csr, serving

__all__ = ["desk", "founded", "home", "lead"]

DAEMON = f"{OWN}/daemon"
SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "server.schema.json").read_text())


def enrolled(lead: Lead, server: Server, folder: Path, *who: str) -> Caller:
    """Return somebody who has used a code."""
    password, key = lead("invite", *who, "--json").data["password"], keys.generate("p256")
    caller = Caller(server)
    return caller.showing(caller.enroll(password, key).certificate, key, folder)


def test_a_host_is_told_the_news_and_nobody_else_is(lead: Lead, home: Path, tmp_path: Path) -> None:
    with serving(home) as server:
        host = enrolled(lead, server, tmp_path, "--daemon", "build")
        told = host.call("GET", DAEMON)
        forms = {"$defs": SCHEMA["$defs"], "$ref": "#/$defs/daemon"}
        Draft202012Validator(forms).validate(json.loads(told.body))
        assert news.read(told.body).label.number == 1
        assert (json.loads(told.body)["renew"], told.status) == (True, 200)
        tag = told.headers["ETag"].strip('"')
        assert host.call("GET", f"{DAEMON}?known={tag}").status == 304
        (tmp_path / "laptop").mkdir()
        laptop = enrolled(lead, server, tmp_path / "laptop", ALICE)
        assert laptop.call("GET", DAEMON).code == "certificate-foreign"
        assert Caller(server).call("GET", DAEMON).code == "certificate-wanted"
        for answer in (host.call("GET", f"{OWN}/settings"), host.renew(keys.generate("p256"))):
            assert (answer.status, answer.code) == (403, "certificate-foreign")
        for query in ("wait=soon", "wait=-1", f"wait={'9' * 13}"):
            assert host.call("GET", f"{DAEMON}?{query}").code == "query-malformed"
        asks_for_certificates(host)
        reports(host, lead)
        assert lead("daemon", "remove", "build", "--yes").code == 0
        assert host.call("GET", DAEMON).code == "host-revoked"
        assert {each["status"] for each in server.lines if each.get("event") == "request"}.isdisjoint({500, 503})


def asks_for_certificates(host: Caller) -> None:
    """Ask as a host does: for a key once made it is given the same again, and names are the lead's to decide."""
    key = keys.generate("p256")
    given = [host.call("POST", f"{DAEMON}/certificate", csr(key)).certificate for _ in range(2)]
    assert given[0] == given[1]
    assert extensions.hosts(given[0]) == {"build.acme.example"}
    assert host.call("POST", f"{DAEMON}/identity", csr(key)).code == "key-of-another"
    other = keys.generate("p256")
    identities = [host.call("POST", f"{DAEMON}/identity", csr(other)).certificate for _ in range(2)]
    assert identities[0] == identities[1]
    assert extensions.dns_names(identities[0]) == []
    assert host.call("POST", f"{DAEMON}/certificate", b"nonsense").status == 400
    serial = certificates.serial_text(given[0].serial_number)
    assert json.loads(host.call("GET", f"{DAEMON}?serial={serial}").body)["renew"] is False


def reports(host: Caller, lead: Lead) -> None:
    """Report what cannot be, and find nothing of it believed."""
    [own] = [each["serial"] for each in [lead("daemon", "list", "--json").data["daemons"][0]]]
    good: dict[str, Any] = {"outcome": "proven", "anchors": 1, "serial": own}
    for wrong in ({"outcome": "fine"}, {"anchors": "1"}, {"anchors": True}, {"serial": 7}, {"reason": 7}):
        assert host.call("POST", f"{DAEMON}/report", json.dumps(good | wrong).encode()).code == "report-malformed"
    for wrong in ({"anchors": 2}, {"anchors": -1}, {"serial": "00"}):
        assert (
            host.call("POST", f"{DAEMON}/report", json.dumps(good | wrong).encode()).code == "report-of-unknown-files"
        )
    for body in (b"", b"[]", b"[" * 10_000):
        assert host.call("POST", f"{DAEMON}/report", body).code == "report-malformed"
    assert lead("daemon", "list", "--json").data["daemons"][0]["proven"] is None
    assert host.call("POST", f"{DAEMON}/report", json.dumps(good).encode()).status == 204
    assert lead("daemon", "list", "--json").data["daemons"][0]["proven"] == 1


def test_who_waits_is_told_at_once_and_a_server_that_ends_waits_for_nobody(
    lead: Lead, home: Path, tmp_path: Path
) -> None:
    lead("issue", ALICE, "--out", "a", "--no-passphrase")
    with serving(home) as server:
        host = enrolled(lead, server, tmp_path, "--daemon", "build")
        first = host.call("GET", DAEMON)
        heard: list[int] = []

        def wait(tag: str) -> None:
            with contextlib.suppress(OSError):  # the server may have ended before it was reached
                heard.append(host.call("GET", f"{DAEMON}?wait=40&known={tag}").status)

        waiting = threading.Thread(target=wait, args=(first.headers["ETag"].strip('"'),))
        waiting.start()
        lead("revoke", ALICE)
        waiting.join()
        second = host.call("GET", DAEMON)
        assert (heard, json.loads(second.body)["number"]) == ([200], 2)
        waiting = threading.Thread(target=wait, args=(second.headers["ETag"].strip('"'),))
        waiting.start()
        time.sleep(0.5)
        assert server.stop() == 0
        waiting.join()
        [draining] = [each for each in server.lines if each.get("event") == "draining"]
        assert heard[1:] == [304] * draining["calls"]


@pytest.mark.parametrize("field", ["team", "daemon", "url", "directory", "server", "authorities", "anchors", "crl"])
def test_news_that_do_not_fit_together_are_not_believed(lead: Lead, home: Path, tmp_path: Path, field: str) -> None:
    told = json.loads(_told(home))
    wrong = ["", 7, None, *([] if field in {"daemon", "url"} else ["nonsense"])]
    for value in wrong:
        with pytest.raises(CertkitError):
            news.read(json.dumps(told | {field: value}).encode())


def _told(home: Path) -> bytes:
    """Return the news of a home without a server that runs."""
    with changing(open_home(home, lambda: b""), ACTOR, datetime.now(UTC)) as session:
        start(session)
        found = host_sync.news(session, session.ledger.daemons()[0], "")
    return json.dumps(as_json(found)).encode()
