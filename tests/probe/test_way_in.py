"""`certkit.probe.run` is the only way in: it costs nothing to import, works without docstrings, and returns data."""

import json
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from certkit.pki import certificates, keys
from certkit.pki.certificates import Authority
from certkit.probe import Pair, Report, Target, run
from certkit.probe.authorities import Comparison, compare, words
from certkit.probe.observed import CANARY, CLIENT, CONTROL, IMPOSTOR, NO_CERTIFICATE, Answer, Outcome
from certkit.probe.stage import Stage
from tests.daemons.daemon import Daemon, Start
from tests.documents.probe_page import STAGES
from tests.probe.pki import NOW, Pki, authority, probe
from tests.team import Files

HEAVY = ("cryptography", "OpenSSL", "grpc", "google.protobuf", "yaml")


def test_importing_the_probe_imports_nothing_heavy() -> None:
    script = f"import sys, certkit.probe; print([name for name in {HEAVY} if name in sys.modules])"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_without_docstrings_and_assertions_nothing_is_lost(standing: Daemon, pki: Pki) -> None:
    files = pki.client_files(made=NOW - timedelta(days=30), life=timedelta(days=10))
    named = ["--daemon", standing.url, "--ca", files.ca, "--cert", files.cert, "--key", files.key]
    command = [sys.executable, "-OO", "-m", "certkit", "probe", "--json", *named]
    ended = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert ended.returncode == 3, ended.stderr
    found = [check for check in json.loads(ended.stdout)["checks"] if check["status"] == "finding"]
    expected = probe(standing.url, files).findings
    assert [(check["id"], check["meaning"]) for check in found] == [(check.id, check.meaning) for check in expected]
    assert all(check["meaning"] and check["remedy"] for check in found)


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.title)
def test_every_finding_says_what_it_means_and_how_grave_it_is(stage: Stage[Any]) -> None:
    for each in stage.findings:
        assert each.meaning.endswith((".", '"'))
        assert each.severity in ("error", "warning")


def test_no_two_findings_have_one_name() -> None:
    names = [each.id for stage in STAGES for each in stage.findings]
    assert len(set(names)) == len(names)


def test_times_are_written_as_rfc_3339(standing: Daemon, pki: Pki) -> None:
    made = NOW - timedelta(days=30)
    report = probe(standing.url, pki.client_files(made=made, life=timedelta(days=10)))
    fields = report.as_data()["checks"][1]["fields"]
    assert fields == {"expired": (made + timedelta(days=10)).strftime("%Y-%m-%dT%H:%M:%SZ")}


def _device(pki: Pki, signer: Authority | None = None) -> Pair:
    key = keys.generate("p256")
    cert = pki.device(key, signer, NOW, timedelta(days=1))
    return Pair((cert,), key)


def test_all_can_be_given_in_memory_and_all_that_was_seen_is_data(standing: Daemon, pki: Pki) -> None:
    target = Target(standing.url, "the ledger", authorities=(pki.server.certificate,), pair=_device(pki))
    stranger, like = _device(pki, signer=authority("acme client authority")), _device(pki)
    report = run(target, {}, NOW, canary=stranger, control=like)
    assert [check.status for check in report.checks] == ["ok", "skipped", "ok", "ok", "ok", "finding"]
    [address] = report.addresses
    assert address.address == standing.url.removeprefix("tcp://")
    answers = {name: exchange.answer for name, exchange in address.exchanges.items()}
    assert answers == {
        CLIENT: Answer.SERVED,
        NO_CERTIFICATE: Answer.REFUSED,
        IMPOSTOR: Answer.REFUSED,
        CANARY: Answer.REFUSED,
        CONTROL: Answer.SERVED,
    }
    assert {name: each.alert for name, each in address.exchanges.items()}[CANARY] == 48
    for exchange in address.exchanges.values():
        assert exchange.version == "TLSv1.3"
        assert exchange.is_authenticated
        assert exchange.authorities == (pki.client.certificate.subject.public_bytes(),)
        assert certificates.load(exchange.chain[0]).issuer == pki.server.certificate.subject


def test_a_target_in_memory_without_a_certificate_shows_none(standing: Daemon, pki: Pki) -> None:
    target = Target(standing.url, "the ledger", authorities=(pki.server.certificate,))
    exchanges = run(target, {}, NOW, canary=_device(pki)).addresses[0].exchanges
    assert exchanges[CLIENT].alert == 116
    assert exchanges[IMPOSTOR].outcome is Outcome.REFUSED


def test_authorities_are_listed_in_order_and_as_often_as_the_daemon_names_them(
    daemon_factory: Start, flavour: str, pki: Pki, alice: Files
) -> None:
    files = pki.daemon_files()
    held = [pki.client, authority("other"), authority("acme client authority")]
    files.ca.write_bytes(b"".join(certificates.to_pem(each.certificate) for each in held))
    report: Report = probe(daemon_factory(flavour, **files.as_arguments()).url, alice)
    listed = report.addresses[0].exchanges[CLIENT].authorities
    assert listed == tuple(each.certificate.subject.public_bytes() for each in held)
    own, other = listed[:2]
    assert compare(listed, [own]) == Comparison(extra=(other,), duplicated=(own,))
    assert compare(listed, [own, own, other]).is_equal
    assert compare([other], [own, other]) == Comparison(missing=(own,))
    assert (words(own), words(b"\x30\x03bad")) == ("acme client authority", "a name that cannot be read")
