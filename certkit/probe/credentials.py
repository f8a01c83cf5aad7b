"""The three files of a target, read once: what is in each, or why there is nothing of use in it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from certkit import files
from certkit.errors import CertkitError, MalformedError
from certkit.pki import certificates, keys
from certkit.probe.target import Target

Content = TypeVar("Content")
Chain = tuple[x509.Certificate, ...]

LIMIT = 1024 * 1024
"""Bytes of the largest file that is read."""


@dataclass(frozen=True)
class Pair:
    """What a client shows: its certificate first, then what leads to its authority; and the key."""

    chain: Chain
    key: keys.PrivateKey


@dataclass(frozen=True)
class Loaded(Generic[Content]):
    """A file: exactly one of `content` and `problem` is there."""

    path: Path
    content: Content | None = None
    problem: CertkitError | None = None


@dataclass(frozen=True)
class Credentials:
    """The authority that vouches for the daemon, and the client's own certificate and key."""

    ca: Loaded[Chain]
    cert: Loaded[Chain]
    key: Loaded[keys.PrivateKey]

    @property
    def pair(self) -> Pair | None:
        """What can be shown to the daemon: None if there is none, or if the key is not the certificate's."""
        chain, key = self.cert.content, self.key.content
        return Pair(chain, key) if chain and key and keys.matches(key, chain[0]) else None


def load(target: Target) -> Credentials:
    """Read the three files; what is wrong with one is kept beside it."""
    return Credentials(ca=_load(target.ca, _chain), cert=_load(target.cert, _chain), key=_load(target.key, keys.load))


def _load(path: Path, parse: Callable[[bytes], Content]) -> Loaded[Content]:
    try:
        return Loaded(path, parse(files.read(path, limit=LIMIT)))
    except CertkitError as error:
        return Loaded(path, problem=error)


def _chain(pem: bytes) -> Chain:
    chain = tuple(certificates.load_all(pem))
    if not all(map(is_readable, chain)):
        raise MalformedError("a certificate in it is not well formed", "Get a new one.")
    return chain


def is_readable(certificate: x509.Certificate) -> bool:
    """Tell whether every part of a certificate can be read: most parts are parsed only when they are asked for."""
    try:
        parts = (certificate.subject, certificate.issuer, certificate.extensions, certificate.public_key())
    except (MalformedError, ValueError, UnsupportedAlgorithm):
        return False
    return bool(parts)
