"""HAProxy's own opinion of its configuration; tests/trust/test_haproxy.py has it stand in front of a daemon."""

import datetime as dt
import shutil
import subprocess
from pathlib import Path

import pytest

from certkit.deploy import FLAVOURS, Site, render
from certkit.pki import certificates, keys, names
from certkit.pki.signer import KeySigner

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)

pytestmark = pytest.mark.skipif(not shutil.which("haproxy"), reason="HAProxy is not installed")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Lay down every file that the configuration names, in a folder with a space."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    place = tmp_path / "build kit"
    place.mkdir()
    authority = certificates.authority(KeySigner(keys.generate("p256")), "acme client authority", NOW, 10 * DAY)
    key = keys.generate("p256")
    leaf = certificates.daemon(authority, key.public_key(), [names.parse_host("build.acme.example")], NOW, DAY)
    crl = x509.CertificateRevocationListBuilder().issuer_name(authority.certificate.subject)
    signed = authority.signer.sign_crl(crl.last_update(NOW).next_update(NOW + DAY))
    for name in ("ca.pem", "server-ca.pem"):
        (place / name).write_bytes(certificates.to_pem(authority.certificate))
    (place / "cert.pem").write_bytes(certificates.to_pem(leaf))
    (place / "key.pem").write_bytes(keys.to_pem(key))
    (place / "cert.pem.key").symlink_to("key.pem")
    (place / "client.pem").write_bytes(certificates.to_pem(leaf) + keys.to_pem(key))
    (place / "crl.pem").write_bytes(signed.public_bytes(Encoding.PEM))
    return place


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("host", ["build.acme.example", "192.0.2.7", "2001:db8::7"])
def test_haproxy_accepts_its_configuration_without_a_warning(folder: Path, flavour: str, host: str) -> None:
    configuration = folder / "haproxy.cfg"
    configuration.write_text(render("haproxy", Site("build", host, 8372, flavour, str(folder))))
    found = subprocess.run(["haproxy", "-c", "-f", str(configuration)], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert "WARNING" not in found.stdout + found.stderr


def test_haproxy_demands_a_certificate_and_looks_at_both_lists() -> None:
    text = render("haproxy", Site("build", "build.acme.example", 8372))
    bind = next(line for line in text.splitlines() if line.strip().startswith("bind"))
    assert 'ca-file "/etc/buildkit-certs/ca.pem" crl-file "/etc/buildkit-certs/crl.pem" verify required' in bind


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_haproxy_does_not_serve_as_root(flavour: str) -> None:
    settings = [
        line.split() for line in render("haproxy", Site("build", "build.acme.example", 8372, flavour)).splitlines()
    ]
    assert ["user", "haproxy"] in settings
    assert ["group", "haproxy"] in settings
    assert (["chroot", "/var/lib/haproxy"] in settings) is (flavour != "buildkit")  # its socket lies outside
