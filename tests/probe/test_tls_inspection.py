"""A proxy that inspects TLS is called that, by what this machine trusts for the web; nobody is told to use force."""

import pytest

from certkit.cli.support.remedies import of_finding
from certkit.pki import certificates
from tests.daemons.daemon import HOST
from tests.probe.pki import Pki, authority, ids, probe
from tests.probe.servers import over_tls, serving, tls_context, wait
from tests.team import Files


@pytest.mark.parametrize("name", ["Zscaler Intermediate Root CA", "FortiGate CA", "Company web authority"])
@pytest.mark.parametrize("trusted", [True, False])
def test_it_is_told_from_a_daemon_of_another_team(
    pki: Pki, alice: Files, monkeypatch: pytest.MonkeyPatch, name: str, *, trusted: bool
) -> None:
    proxy = authority(name)
    files = pki.daemon_files(signer=proxy, hosts=[HOST, "127.0.0.1"])
    if trusted:  # as a company installs it on every machine
        place = files.ca.with_name("web.pem")
        place.write_bytes(certificates.to_pem(proxy.certificate))
        monkeypatch.setenv("SSL_CERT_FILE", str(place))
    with serving(over_tls(tls_context(files), wait)) as url:
        report = probe(url, alice, timeout=0.5)
    is_seen = trusted or not name.startswith("Company")
    assert ids(report) == ["tls-inspected" if is_seen else "daemon-of-another-authority"]
    assert f"issued by {name}" in report.findings[0].seen
    assert ("--force" in of_finding(report.findings[0])) is not is_seen


def test_a_certificate_of_the_web_s_for_another_name_is_none(
    pki: Pki, alice: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = authority("Zscaler Root CA")
    with serving(over_tls(tls_context(pki.daemon_files(signer=proxy, hosts=["web.example"])), wait)) as url:
        assert "tls-inspected" not in ids(probe(url, alice, timeout=0.5))
