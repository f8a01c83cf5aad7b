"""EST clients that others wrote enroll and renew: strongSwan's, and Bouncy Castle's in Java."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

from certkit.pki import extensions, names
from tests.cli.conftest import ALICE, Lead
from tests.environment import CHECKOUT
from tests.server.running import Server

JARS = [Path("/usr/share/java") / f"{name}.jar" for name in ("bcpkix", "bcprov", "bcutil")]
"""Where Debian has them."""

Run = Callable[..., str]


def _has_est(pki: str) -> bool:
    """Tell whether a program of this name is strongSwan's, with EST, curves and what reaches a server over HTTP."""
    done = subprocess.run([pki], capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    plugins = next((line.split() for line in said.splitlines() if "loaded plugins" in line), [])
    return "--estca" in said and {"curl", "openssl"} <= {*plugins}


@pytest.fixture
def run(tmp_path: Path, home: Path) -> Run:
    """Return a way to run programs in a folder that has the server authority's certificate."""
    shutil.copy(home / "authorities" / "server" / "cert.pem", tmp_path / "ca.pem")

    def run(*command: str) -> str:
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def _invite(lead: Lead) -> str:
    return str(lead("invite", ALICE, "--device", "desk", "--json").data["password"])


def _loaded(path: Path) -> x509.Certificate:
    content = path.read_bytes()
    return x509.load_pem_x509_certificate(content) if b"BEGIN" in content else x509.load_der_x509_certificate(content)


def _assert_enrolled_and_renewed(lead: Lead, first: x509.Certificate, second: x509.Certificate) -> None:
    """Both are what the lead has granted, whatever was asked for; and the lead has seen who came."""
    for each in (first, second):
        assert extensions.dns_names(each) == [names.device_name("desk", ALICE, "acme")]
    assert first.serial_number != second.serial_number
    assert first.public_key() != second.public_key()
    [device] = lead("list", "--json").data["devices"]
    assert device["came"]


def test_strongswan_enrolls_and_renews(lead: Lead, home: Path, server: Server, run: Run, tmp_path: Path) -> None:
    pki = shutil.which("pki")
    if not pki or not _has_est(pki):
        pytest.skip(
            "strongSwan's pki with EST is not installed: strongswan-pki and libstrongswan-{standard,extra}-plugins"
        )
    url = ("--url", server.url, "--cacert", "ca.pem")
    run(pki, "--estca", *url, "--caout", "given.pem", "--outform", "pem")
    given = {_loaded(each).subject for each in tmp_path.glob("given*.pem")}
    known = {_loaded(home / "authorities" / role / "cert.pem").subject for role in ("server", "client")}
    assert given == known
    for number in (1, 2):
        key, request = f"key{number}.pem", f"csr{number}.der"
        (tmp_path / key).write_text(run(pki, "--gen", "--type", "ecdsa", "--size", "256", "--outform", "pem"))
        subject = "CN=mallory" if number == 1 else f"CN={ALICE}"
        made = subprocess.run(
            [pki, "--req", "--type", "ecdsa", "--in", key, "--dn", subject],
            cwd=tmp_path,
            capture_output=True,
            check=True,
        )
        (tmp_path / request).write_bytes(made.stdout)
        shown = ("--userpass", f"x:{_invite(lead)}") if number == 1 else ("--cert", "cert1.pem", "--key", "key1.pem")
        (tmp_path / f"cert{number}.pem").write_text(
            run(pki, "--est", *url, "--in", request, *shown, "--outform", "pem")
        )
    _assert_enrolled_and_renewed(lead, _loaded(tmp_path / "cert1.pem"), _loaded(tmp_path / "cert2.pem"))


def test_bouncy_castle_enrolls_and_renews(lead: Lead, server: Server, run: Run, tmp_path: Path) -> None:
    if not shutil.which("javac"):
        pytest.skip("there is no Java here with a compiler")
    if not all(jar.exists() for jar in JARS):
        pytest.skip("Bouncy Castle is not installed: libbcpkix-java")
    source = ("java", "-cp", os.pathsep.join(map(str, JARS)), str(CHECKOUT / "tests" / "clients" / "Est.java"))
    authority = f"{server.host}:{server.port}", "ca.pem"
    assert run(*source, *authority, _invite(lead), "cert1.pem", "cert2.pem").strip() == "2"
    _assert_enrolled_and_renewed(lead, _loaded(tmp_path / "cert1.pem"), _loaded(tmp_path / "cert2.pem"))
