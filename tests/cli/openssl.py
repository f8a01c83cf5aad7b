"""What lies in a lead's home, and whom openssl lets in by it: a daemon that does not have to be started."""

import json
import subprocess
from pathlib import Path

from cryptography import x509

from certkit.pki import certificates
from certkit.trust import canary
from tests.cli.conftest import Lead


def issue(lead: Lead, person: str, device: str = "laptop") -> Path:
    """Issue a bundle and give the file of the certificate in it."""
    bundle = Path(f"{person}-{device}-{len(list(Path().iterdir()))}.certkit")
    ended = lead("issue", person, "--device", device, "--no-passphrase", "--out", bundle)
    assert ended.code == 0, ended.err
    content = json.loads(bundle.read_text())
    bundle.with_suffix(".pem").write_text(content["certificate"])
    return bundle.with_suffix(".pem")


def serial(leaf: Path) -> str:
    """Return a certificate's serial number as it is mostly written."""
    return certificates.serial_text(certificates.load(leaf.read_bytes()).serial_number)


def generation(leaf: Path) -> int:
    """Say which generation of an authority has signed a certificate."""
    name = certificates.words(certificates.load(leaf.read_bytes()).issuer)
    return int(name.removeprefix("acme ").split()[2]) if name[-1].isdigit() else 1


def complaint(authority: Path, leaf: Path, *options: str | Path) -> str:
    """Return what openssl has against a client's certificate; nothing if it is good."""
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", authority, *options, leaf]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if ended.returncode == 0 else ended.stderr


def is_let_in(home: Path, leaf: Path) -> bool:
    """Tell whether a client's certificate is good, by what lies ready for the daemon; it must be, or else shut out."""
    said = complaint(home / "daemons" / "build" / "ca.pem", leaf)
    assert not said or "excluded subtree violation" in said, said
    return not said


def excluded(home: Path, daemon: str = "build") -> set[str]:
    """Return the names of people and devices that every anchor of a daemon excludes."""
    *anchors, _ = certificates.load_all((home / "daemons" / daemon / "ca.pem").read_bytes())  # the last is the label
    lists = [_excluded(anchor) for anchor in anchors]
    assert all(each == lists[0] for each in lists)
    assert set(lists[0]) >= set(canary.excluded("acme"))
    return set(lists[0]).difference(canary.excluded("acme"))


def contents(home: Path) -> dict[Path, bytes]:
    """Return all that lies in a home but the ledger, which is read by its commands."""
    found = (path for path in home.rglob("*") if path.is_file() and not path.name.startswith("ledger"))
    return {path: path.read_bytes() for path in found}


def _excluded(anchor: x509.Certificate) -> list[str]:
    constraints = anchor.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    return [str(each.value) for each in constraints.value.excluded_subtrees or ()]
