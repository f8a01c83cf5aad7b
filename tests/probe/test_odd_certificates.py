"""Whatever stands in certificates, a stranger's or one's own, the probe ends with a report."""

import ssl
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from OpenSSL import SSL

from certkit.cli import main
from certkit.pki import certificates, keys
from certkit.probe import Report
from certkit.probe.credentials import read_certificate, words_of
from tests.daemons.daemon import Daemon
from tests.probe.man_in_the_middle import forging_tls12, forging_tls13
from tests.probe.odd_certificates import odd, resigned
from tests.probe.pki import Pki, authority, ids, probe
from tests.probe.servers import HTTP2_SETTINGS, over_tls, serving, tls_context, wait
from tests.team import Files

ODDITIES = list(odd(authority("any"), keys.generate("p256")))
FUZZ = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
Captured = pytest.CaptureFixture[str]


class _changed:  # noqa: N801  drawn, so that a failing example prints what was done
    """Put bytes in the place of others."""

    def __init__(self, place: int, new: bytes, gone: int) -> None:
        self.place, self.new, self.gone = place, new, gone

    def __call__(self, content: bytes) -> bytes:
        place = self.place % len(content)
        return content[:place] + self.new + content[place + self.gone :]

    def __repr__(self) -> str:
        return f"_changed({self.place}, {self.new!r}, {self.gone})"


CHANGE = st.builds(_changed, st.integers(0, 2000), st.binary(max_size=8), st.integers(0, 8))


def _is_whole(report: Report) -> bool:
    return {check.title for check in report.checks} == {
        "configuration", "files", "network", "TLS", "BuildKit", "enforcement",
    }  # fmt: skip


@pytest.mark.parametrize("oddity", ODDITIES)
@pytest.mark.parametrize("whose", ["a stranger's", "the team's own"])
def test_a_server_with_an_odd_certificate_is_judged_and_nothing_breaks(
    pki: Pki, alice: Files, whose: str, oddity: str
) -> None:
    signer = authority("\nrival\x1b[2J authority") if whose == "a stranger's" else pki.server
    shown = odd(signer, keys.generate("p256"))[oddity]
    for forging in (forging_tls12, forging_tls13):
        with serving(forging([shown], 42)) as url:
            report = probe(url, alice, timeout=1)
        assert _is_whole(report)
        assert report.checks[-1].status == "skipped"
        assert all("\n" not in check.seen and "\x1b" not in check.seen for check in report.checks)
        if whose == "a stranger's":
            assert not {"daemon-of-another-authority", "tls-failed"}.isdisjoint(ids(report))


def test_a_team_s_daemon_whose_names_cannot_be_read_is_misnamed(pki: Pki, alice: Files, tmp_path: Path) -> None:
    key = keys.generate("p256")
    shown = odd(pki.server, key)["an x400Address"]
    files = pki.daemon_files()
    files.cert.write_text(ssl.DER_cert_to_PEM_cert(shown))
    files.key.write_bytes(keys.to_pem(key))
    with serving(over_tls(tls_context(files), _speak)) as url:
        report = probe(url, alice, timeout=1)
    assert ids(report) == ["daemon-misnamed"]
    assert "it names what cannot be read" in report.findings[0].seen


def _speak(connection: SSL.Connection) -> None:
    connection.sendall(HTTP2_SETTINGS)
    wait(connection)


@FUZZ
@given(data=st.data())
def test_no_certificate_of_a_server_breaks_the_probe(pki: Pki, alice: Files, data: st.DataObject) -> None:
    real = certificates.to_der(certificates.load(pki.daemon_files().cert.read_bytes()))
    changes = data.draw(st.lists(CHANGE, min_size=1, max_size=3))

    def mutate(content: bytes) -> bytes:
        for each in changes:
            content = each(content)
        return content

    is_signed = data.draw(st.booleans())
    shown = resigned(pki.server, real, mutate) if is_signed else mutate(real)
    forging = data.draw(st.sampled_from([forging_tls12, forging_tls13]))
    with serving(forging([shown, real] if data.draw(st.booleans()) else [shown], 42)) as url:
        assert _is_whole(probe(url, alice, timeout=0.3))


@settings(deadline=None, max_examples=300)
@given(der=st.binary(max_size=64))
def test_readers_of_what_a_server_says_raise_nothing(der: bytes) -> None:
    read_certificate(der)
    words_of(der)
    words_of(b"\x30" + len(der).to_bytes(1) + der)


@pytest.mark.parametrize("oddity", ODDITIES)
@pytest.mark.parametrize("name", ["ca", "cert"])
def test_an_odd_certificate_in_one_s_own_files_is_a_finding_and_no_defect(
    standing: Daemon, pki: Pki, tmp_path: Path, capsys: Captured, name: str, oddity: str
) -> None:
    files = pki.client_files()
    key = keys.load(files.key.read_bytes())
    path: Path = getattr(files, name)
    path.write_text(ssl.DER_cert_to_PEM_cert(odd(pki.client, key)[oddity]))
    named = ["--ca", files.ca, "--cert", files.cert, "--key", files.key]
    code = main(["probe", "--daemon", standing.url, "--timeout", "1", *map(str, named)])
    out, err = capsys.readouterr()
    assert (code, err) == (3 if "✗" in out else 0, "")


@FUZZ
@given(
    changes=st.lists(st.builds(_changed, st.integers(0, 2000), st.binary(max_size=8), st.integers(0, 8)), min_size=1)
)
@pytest.mark.parametrize("name", ["ca", "cert", "key"])
def test_no_file_breaks_the_probe(pki: Pki, name: str, changes: list[_changed]) -> None:
    files = pki.client_files()
    path: Path = getattr(files, name)
    content = path.read_bytes()
    if name != "key":
        content = certificates.to_der(certificates.load(content))
    for change in changes:
        content = change(content)
    path.write_text(ssl.DER_cert_to_PEM_cert(content)) if name != "key" else path.write_bytes(content)
    assert _is_whole(probe("tcp://127.0.0.1:1", files, timeout=0.3))
