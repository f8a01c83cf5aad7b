"""Servers that mean harm: bounded time, bounded memory, and nothing that breaks the probe."""

import contextlib
import itertools
import socket
import ssl
import time
import tracemalloc

import pytest
from OpenSSL import SSL

from certkit.pki import certificates
from certkit.probe import Report
from tests import patience
from tests.probe.pki import Pki, ids, probe
from tests.probe.servers import HTTP2_SETTINGS, Answer, over_tls, serving, tls_context, wait
from tests.team import Files

TIMEOUT = 0.5


def _endless(caller: socket.socket) -> None:
    while True:
        caller.sendall(bytes(65536))


def _endless_tls_record(caller: socket.socket) -> None:
    for _ in itertools.count():
        caller.sendall(b"\x16\x03\x03\x40\x00" + b"\x0b\xff\xff\xff" + bytes(16380))


def _drip(caller: socket.socket) -> None:
    for _ in itertools.count():
        caller.sendall(b"\x16")
        time.sleep(0.05)


def _probed(answer: Answer, alice: Files) -> Report:
    with serving(answer) as url, patience.ends():
        return probe(url, alice, timeout=TIMEOUT)


@pytest.mark.parametrize("answer", [_endless, _endless_tls_record, _drip])
def test_a_server_that_never_ends_is_given_up(answer: Answer, alice: Files) -> None:
    assert len(ids(_probed(answer, alice))) == 1


def test_endless_answers_over_tls_are_bounded_in_time_and_memory(pki: Pki, alice: Files) -> None:
    def answer(connection: SSL.Connection) -> None:
        connection.sendall(HTTP2_SETTINGS)
        with contextlib.suppress(SSL.Error):
            while True:
                connection.sendall(HTTP2_SETTINGS * 1000)

    tracemalloc.start()
    report = _probed(over_tls(tls_context(pki.daemon_files()), answer), alice)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(ids(report)) >= 1
    assert peak < 32 * 1024 * 1024


def test_a_server_that_speaks_http2_and_then_is_silent_is_found(pki: Pki, alice: Files) -> None:
    def answer(connection: SSL.Connection) -> None:
        connection.sendall(HTTP2_SETTINGS)
        wait(connection)

    report = _probed(over_tls(tls_context(pki.daemon_files()), answer), alice)
    assert ids(report) == ["no-grpc-answer"]


def test_a_chain_of_many_certificates_is_refused(pki: Pki, alice: Files) -> None:
    files = pki.daemon_files()
    files.cert.write_bytes(files.cert.read_bytes() * 400)
    report = _probed(over_tls(tls_context(files), wait), alice)
    assert len(ids(report)) == 1


def test_what_a_certificate_says_is_told_as_text_only(pki: Pki, alice: Files) -> None:
    from tests.probe.pki import authority

    files = pki.daemon_files(signer=authority("\x1b[2J evil"))
    report = _probed(over_tls(tls_context(files), wait), alice)
    assert ids(report) == ["daemon-of-another-authority"]


@pytest.mark.parametrize(
    ("place", "bytes_there"),
    [(b"\xa0\x03\x02\x01", b"\x05"), (b"\xa0\x03\x02\x01", b"\x00"), (b"\x30\x1e\x17\x0d", b"991399999999Z")],
    ids=["a version that there is not", "a version that is not said so", "a day that there is not"],
)
def test_a_certificate_that_only_openssl_can_read_is_not_believed(
    pki: Pki, alice: Files, place: bytes, bytes_there: bytes
) -> None:
    files = pki.daemon_files()
    der = certificates.to_der(certificates.load(files.cert.read_bytes()))
    start = der.index(place) + len(place)
    files.cert.write_text(ssl.DER_cert_to_PEM_cert(der[:start] + bytes_there + der[start + len(bytes_there) :]))
    report = _probed(over_tls(tls_context(files), wait), alice)
    assert "daemon-of-another-authority" in ids(report)
    assert report.checks[-1].status == "skipped"
