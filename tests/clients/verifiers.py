"""Four judges of certificates: OpenSSL, GnuTLS, pkilint and zlint. Each gives its complaints, none if it is content."""

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pkilint import loader
from pkilint.pkix import certificate, extension, name
from pkilint.validation import ValidationFindingSeverity

from tests.clients import go_programs

SERVER, CLIENT = "server", "client"
_CONTENT = {"pass", "NA", "NE", "info"}

Verify = Callable[[Path, Path, str], str]
"""Takes a certificate, the authority's, and a purpose."""

_OPENSSL_PURPOSES = {SERVER: "sslserver", CLIENT: "sslclient"}
_GNUTLS_PURPOSES = {SERVER: "1.3.6.1.5.5.7.3.1", CLIENT: "1.3.6.1.5.5.7.3.2"}


def openssl(leaf: Path, authority: Path, purpose: str) -> str:
    """Ask `openssl verify`, at its strictest, whether a certificate is good for a purpose."""
    options = ("-x509_strict", "-purpose", _OPENSSL_PURPOSES[purpose], "-CAfile", authority)
    return _complaint("openssl", "verify", *options, leaf)


def gnutls(leaf: Path, authority: Path, purpose: str) -> str:
    """Ask GnuTLS's `certtool --verify` the same."""
    command = [
        "--verify",
        "--verify-profile=medium",
        f"--verify-purpose={_GNUTLS_PURPOSES[purpose]}",
        f"--infile={leaf}",
    ]
    return _complaint("certtool", *command, f"--load-ca-certificate={authority}")


def pkilint(path: Path) -> list[str]:
    """Return what pkilint's linters for RFC 5280 find in one certificate; what merely informs is no complaint."""
    linter = certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )
    document = loader.load_pem_certificate(path.read_text(), str(path))
    return [
        f"{found.finding.severity.name} {found.finding.code}: {found.message}"
        for result in linter.validate(document.root)
        for found in result.finding_descriptions
        if found.finding.severity <= ValidationFindingSeverity.NOTICE
    ]


def zlint(path: Path) -> list[str]:
    """Return what zlint's lints for the RFCs find in one certificate, or in one list of revoked certificates."""
    command: list[str | Path] = [
        go_programs.program("zlint"),
        "-includeSources",
        "RFC3279,RFC5280,RFC5480,RFC5891,RFC8813",
        path,
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    results: dict[str, dict[str, str]] = json.loads(done.stdout)
    assert results
    return [f"{found['result']} {name}" for name, found in results.items() if found["result"] not in _CONTENT]


def _complaint(program: str, *arguments: str | Path) -> str:
    if not shutil.which(program):
        pytest.skip(f"there is no {program} here")
    result = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    return "" if result.returncode == 0 else result.stdout + result.stderr
