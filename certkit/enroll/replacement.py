"""Whether a bundle may take the place of an enrollment: unasked only the same holder's, of the same team, for longer.

Anything else that comes by mail must not get a laptop to build elsewhere, or as somebody else, unnoticed. So a bundle
may bring no authority that the laptop does not trust already: whoever makes up a bundle would only add the team's own.
And where no passphrase vouches for it, it may change nothing but the certificate for a key that the laptop made.
What the team's own server says may change anything: one of the authorities that are trusted vouches for it.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

from cryptography import x509

from certkit import files
from certkit.enroll.bundle import Bundle
from certkit.errors import MalformedError, MissingError, RefusedError
from certkit.pki import certificates, extensions, keys


class Warrant(IntEnum):
    """What speaks for a bundle that would replace an enrollment, from the weakest to the strongest."""

    NOTHING = 0
    """It came in clear, with a key of its own."""
    OWN_KEY = 1
    """It came in clear, and answers a request that this laptop made."""
    PASSPHRASE = 2
    """Whoever made it knows the passphrase that its holder was told."""
    SERVER = 3
    """A server told it, by a code that somebody was given or to whoever showed the present certificate."""
    FORCE = 4
    """Its holder has said that it is to replace whatever is there."""


class Present(NamedTuple):
    """An enrollment that is there: where its three files lie, whose it is in words, and the URLs it is used with."""

    folder: Path
    title: str
    urls: AbstractSet[str]


def check(bundle: Bundle, urls: AbstractSet[str], present: Present, warrant: Warrant) -> bool:
    """Tell whether a bundle renews an enrollment; it does not if there is no certificate yet, or the same.

    Args:
        bundle: What would take its place.
        urls: The URLs that would be used with it.
        present: What may be there.
        warrant: What speaks for the bundle.

    Raises:
        RefusedError: It would replace what it does not renew, or more than its warrant allows.

    """
    if warrant is Warrant.FORCE:
        return False
    try:
        former_pem = files.read(present.folder / "cert.pem")
    except MissingError:
        return False
    is_same = former_pem == certificates.to_pem(bundle.certificate)
    former = _load(present.folder, former_pem)
    if former is None and not is_same:
        raise _refused("enrollment-not-renewed", bundle, present, "with files that are damaged")
    if warrant is Warrant.SERVER:
        if former and bundle.voucher not in former[1]:
            raise _refused("enrollment-not-renewed", bundle, present, "which had other authorities")
        return not is_same
    if former and (obstacle := _obstacle(bundle, *former)):
        raise _refused("enrollment-not-renewed", bundle, present, obstacle)
    if warrant < Warrant.PASSPHRASE and (obstacle := _unproven(bundle, former, urls - present.urls)):
        raise _refused("enrollment-unproven", bundle, present, obstacle)
    if warrant < Warrant.OWN_KEY and not is_same:
        obstacle = "and this file, which is not encrypted, brings a key that was not made here"
        raise _refused("enrollment-unproven", bundle, present, obstacle)
    return not is_same


def _load(folder: Path, certificate: bytes) -> tuple[x509.Certificate, set[bytes]] | None:
    """Return the certificate, and the pins of the authorities that the laptop trusts; None if they are damaged."""
    try:
        return certificates.load(certificate), _pins(certificates.load_all(files.read(folder / "ca.pem")))
    except (MalformedError, MissingError):
        return None


def _obstacle(bundle: Bundle, former: x509.Certificate, trusted: set[bytes]) -> str:
    """Return why a bundle renews nothing; an empty text if it does."""
    new = bundle.certificate
    if extensions.dns_names(former) != extensions.dns_names(new):
        return "with the certificate of another person or device"
    if former.not_valid_after_utc > new.not_valid_after_utc:
        return "with a certificate that ends later"
    if not _pins(bundle.server_authorities) <= trusted:
        return "which had other authorities"
    return ""


def _unproven(bundle: Bundle, former: tuple[x509.Certificate, set[bytes]] | None, new_urls: AbstractSet[str]) -> str:
    """Return what a bundle would change that only a passphrase could vouch for; an empty text if there is nothing."""
    if new_urls:
        return f"and this file, which is not encrypted, names another daemon: {min(new_urls)}"
    if former and _issuer(former[0]) != _issuer(bundle.certificate):
        return "and this file, which is not encrypted, has a certificate of another authority"
    return ""


def _issuer(certificate: x509.Certificate) -> tuple[x509.Name, bytes | None]:
    found = extensions.find(certificate, x509.AuthorityKeyIdentifier)
    return certificate.issuer, found.key_identifier if found else None


def _pins(authorities: Iterable[x509.Certificate]) -> set[bytes]:
    return {keys.public_pin(keys.public_of(certificate)) for certificate in authorities}


def _refused(code: str, bundle: Bundle, present: Present, obstacle: str) -> RefusedError:
    return RefusedError(
        f"already enrolled in {bundle.team} {present.title}, {obstacle}", code=code, team=bundle.team, reason=obstacle
    )
