"""Whether a bundle may take the place of an enrollment unasked: the same holder's, of the same team, for longer.

Anything else that comes by mail must not get a laptop to build elsewhere, or as somebody else, unnoticed. So it may
bring no authority that the laptop does not trust already: whoever makes up a bundle would only add the team's own.
"""

from pathlib import Path

from certkit import files
from certkit.enroll.bundle import Bundle
from certkit.errors import MalformedError, MissingError, RefusedError
from certkit.pki import certificates, extensions, keys


def check(bundle: Bundle, folder: Path, title: str) -> bool:
    """Tell whether a bundle renews the certificate in `folder`; it does not if there is none, or the same.

    Raises RefusedError if it would replace what it does not renew; `title` says what that is.
    """
    try:
        former = files.read(folder / "cert.pem")
    except MissingError:
        return False
    if obstacle := _obstacle(bundle, former, folder / "ca.pem"):
        raise RefusedError(
            f"already enrolled in {bundle.team} {title}, {obstacle}",
            "Enroll anew with --force: it replaces the certificate and its key.",
        )
    return former != bundle.certificate


def _obstacle(bundle: Bundle, former_pem: bytes, ca: Path) -> str:
    """Say why a bundle renews nothing; an empty text if it does."""
    new = certificates.load(bundle.certificate)
    try:
        former, trusted = certificates.load(former_pem), _pins(files.read(ca))
    except (MalformedError, MissingError):
        return "" if former_pem == bundle.certificate else "with files that are damaged"
    if extensions.dns_names(former) != extensions.dns_names(new):
        return "with the certificate of another person or device"
    if former.not_valid_after_utc > new.not_valid_after_utc:
        return "with a certificate that ends later"
    if not _pins(b"".join(bundle.server_authorities)) <= trusted:
        return "which had other authorities"
    return ""


def _pins(pem: bytes) -> set[bytes]:
    return {keys.public_pin(keys.public_of(certificate)) for certificate in certificates.load_all(pem)}
