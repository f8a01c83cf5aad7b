"""The daemon's files on its host, replaced in one step in the way that the file mounts of containers survive.

They lie in a folder of their own inside the daemon's, behind a link, `current`; `ca.pem` and the others are links
through it. To turn that one link replaces all. The daemon's folder itself stays what it is: it may be a mount, or
hold more than these files. What mounts `ca.pem` as a file follows the links anew whenever it is started.
"""

from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509

from certkit import files
from certkit.errors import CertkitError, MissingError
from certkit.pki import certificates, keys

_CURRENT = "current"
_CA, _CRL, _CERTIFICATE, _KEY = "ca.pem", "crl.pem", "cert.pem", "key.pem"
NAMES = (_CA, _CRL, _CERTIFICATE, _KEY)


@dataclass(frozen=True)
class Files:
    """The content of the four files."""

    ca: bytes
    crl: bytes
    certificate: bytes
    key: bytes = field(repr=False)

    @property
    def contents(self) -> dict[str, bytes]:
        """The files by their names."""
        return {_CA: self.ca, _CRL: self.crl, _CERTIFICATE: self.certificate, _KEY: self.key}


def read(folder: Path) -> Files | None:
    """Return what is there; None if anything is missing, or cannot be read."""
    try:
        found = {name: files.read(folder / name) for name in NAMES}
    except CertkitError:
        return None
    return Files(found[_CA], found[_CRL], found[_CERTIFICATE], found[_KEY])


def certificate(present: Files | None) -> x509.Certificate | None:
    """Return the certificate that is there with its key; None if there is none that goes with it."""
    if present is None:
        return None
    try:
        found = certificates.load(present.certificate)
        return found if keys.matches(keys.load(present.key), found) else None
    except CertkitError:
        return None


def write(folder: Path, wanted: Files) -> None:
    """Put the files there in one step; whoever is killed at any moment leaves the former ones, or these."""
    if not folder.is_dir():
        files.make_private_directory(folder)
    if not is_linked(folder):
        _keep_present(folder)
    files.write_directory(folder / _CURRENT, wanted.contents)
    for name in NAMES:
        files.turn_link(folder / name, f"{_CURRENT}/{name}")


def is_linked(folder: Path) -> bool:
    """Tell whether all four files are links that are turned together."""
    links = [folder / name for name in NAMES]
    return all(each.is_symlink() and str(each.readlink()) == f"{_CURRENT}/{each.name}" for each in links)


def _keep_present(folder: Path) -> None:
    """Turn plain files into links to the same content, so that the step behind this one replaces them all."""
    present = {}
    for name in NAMES:
        try:
            present[name] = files.read(folder / name)
        except MissingError:
            continue
    if not present:
        return
    files.write_directory(folder / _CURRENT, present)
    for name in present:
        files.turn_link(folder / name, f"{_CURRENT}/{name}")
