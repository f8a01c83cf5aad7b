"""What the probe makes of a real daemon's certificate, as Earthly would."""

from typing import Any

import pytest
from OpenSSL import SSL

from certkit.cli.support.remedies import of_finding
from certkit.pki import certificates, keys
from tests.daemons.daemon import HOST, Daemon, Start
from tests.probe.pki import DAY, NAME, NOW, Pki, authority, ids, probe, stage
from tests.probe.servers import over_tls, serving, tls_context, wait
from tests.team import Files


def test_a_daemon_of_another_authority_is_not_believed(daemon_factory: Start, pki: Pki, alice: Files) -> None:
    files = pki.daemon_files(signer=authority("rival server authority"))
    report = probe(daemon_factory(**files.as_arguments()).url, alice)
    assert ids(report) == ["daemon-of-another-authority"]
    assert "issued by rival server authority" in report.findings[0].seen


def test_a_daemon_of_an_authority_of_the_same_name_is_not_believed(
    daemon_factory: Start, pki: Pki, alice: Files
) -> None:
    files = pki.daemon_files(signer=authority("acme server authority"))
    assert ids(probe(daemon_factory(**files.as_arguments()).url, alice)) == ["daemon-of-another-authority"]


def test_a_daemon_is_not_believed_by_a_name_that_it_does_not_bear(standing: Daemon, alice: Files) -> None:
    report = probe(standing.url, alice, server_name="other.test")
    assert ids(report) == ["daemon-misnamed"]
    assert HOST in report.findings[0].seen
    assert "--san other.test" in of_finding(report.findings[0])


def test_a_daemon_may_be_called_by_another_of_its_names(standing: Daemon, alice: Files) -> None:
    assert ids(probe(standing.url, alice, server_name=NAME)) == []


@pytest.mark.parametrize("version", [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION])
def test_a_daemon_that_is_not_believed_is_shown_no_certificate(pki: Pki, alice: Files, version: int) -> None:
    shown: list[int] = []

    def note(*seen: Any) -> bool:  # noqa: ANN401  as OpenSSL calls it
        shown.append(seen[3])
        return True

    files = pki.daemon_files(signer=authority("rival server authority"), hosts=["127.0.0.1"])
    context = tls_context(files, verify=note)
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
    with serving(over_tls(context, wait)) as url:
        assert ids(probe(url, alice, timeout=0.5)) == ["daemon-of-another-authority"]
    assert shown == []


def test_an_authority_that_is_not_self_signed_is_believed_as_go_does(
    daemon_factory: Start, pki: Pki, alice: Files
) -> None:
    middle = pki.below(pki.server, "acme daemons")
    files = pki.daemon_files(signer=middle)
    alone = pki.write("alone", [middle.certificate], certificates.load(alice.cert.read_bytes()), _key(alice))
    assert ids(probe(daemon_factory(**files.as_arguments()).url, alone)) == []


def _key(files: Files) -> keys.PrivateKey:
    return keys.load(files.key.read_bytes())


def test_an_expired_daemon_is_found(daemon_factory: Start, pki: Pki, alice: Files) -> None:
    files = pki.daemon_files(made=NOW - 30 * DAY, life=10 * DAY)
    report = probe(daemon_factory(**files.as_arguments()).url, alice)
    assert ids(report) == ["daemon-expired"]
    assert "20 days ago" in report.findings[0].seen


def test_a_daemon_before_its_time_is_found(daemon_factory: Start, pki: Pki, alice: Files) -> None:
    files = pki.daemon_files(made=NOW + 2 * DAY)
    assert ids(probe(daemon_factory(**files.as_arguments()).url, alice)) == ["daemon-not-yet-valid"]


def test_a_daemon_near_its_end_is_found(daemon_factory: Start, pki: Pki, alice: Files) -> None:
    files = pki.daemon_files(made=NOW - 355 * DAY)
    report = probe(daemon_factory(**files.as_arguments()).url, alice)
    assert ids(report) == ["daemon-near-end"]
    assert stage(report, "BuildKit") == "ok"


def test_a_daemon_with_a_clients_certificate_is_found(daemon_factory: Start, pki: Pki, alice: Files) -> None:
    key = keys.generate("p256")
    cert = certificates.device(pki.server, key.public_key(), person="eve", dns_name=NAME, now=NOW, life=90 * DAY)
    files = pki.write("odd", [pki.client.certificate], cert, key)
    report = probe(daemon_factory(**files.as_arguments()).url, alice, server_name=NAME)
    assert ids(report) == ["daemon-not-for-servers"]


def test_several_faults_of_one_certificate_are_all_told(daemon_factory: Start, pki: Pki, alice: Files) -> None:
    files = pki.daemon_files(made=NOW - 30 * DAY, life=10 * DAY, hosts=["elsewhere.test"])
    report = probe(daemon_factory(**files.as_arguments()).url, alice)
    assert ids(report) == ["daemon-misnamed", "daemon-expired"]


def test_an_open_daemon_is_found_out_even_if_it_is_not_believed(daemon_factory: Start, pki: Pki, alice: Files) -> None:
    files = pki.daemon_files(made=NOW - 30 * DAY, life=10 * DAY)
    report = probe(daemon_factory(cert=files.cert, key=files.key).url, alice)
    assert ids(report) == ["daemon-expired", "anyone-let-in"]


def test_somebody_elses_open_server_is_not_called_the_daemon(daemon_factory: Start, pki: Pki, alice: Files) -> None:
    files = pki.daemon_files(signer=authority("rival server authority"))
    report = probe(daemon_factory(cert=files.cert, key=files.key).url, alice)
    assert ids(report) == ["daemon-of-another-authority"]
    assert stage(report, "enforcement") == "skipped"


def test_nothing_is_told_of_enforcement_by_a_daemon_that_is_not_believed(
    daemon_factory: Start, pki: Pki, alice: Files
) -> None:
    files = pki.daemon_files(signer=authority("rival server authority"))
    assert stage(probe(daemon_factory(**files.as_arguments()).url, alice), "enforcement") == "skipped"
