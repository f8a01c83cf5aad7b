"""What a target is reached with: read from its files once, or in memory already; or why there is nothing of use.

Readers of certificates stand here too: a stranger can put anything into one, and most parts are parsed only when they
are asked for.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from cryptography import x509

from certkit import files
from certkit.errors import CertkitError, MalformedError
from certkit.pki import certificates, der, go_certificate, go_files, go_keys, keys, parsing
from certkit.pki.go_files import Skipped
from certkit.probe import weak_signatures
from certkit.probe.target import Chain, Pair, Target

Content = TypeVar("Content")

LIMIT = 1024 * 1024
"""Bytes of the largest file that is read."""


class Loaded(NamedTuple, Generic[Content]):
    """A file, or what is in memory in its place: at most one of `content` and `problem` is there."""

    path: Path
    content: Content | None = None
    problem: CertkitError | None = None


class Credentials(NamedTuple):
    """The authority that vouches for the daemon, and the client's own certificate and key."""

    ca: Loaded[Chain]
    cert: Loaded[Chain]
    key: Loaded[keys.PrivateKey]
    skipped: tuple[Skipped, ...] = ()
    """What the client passes over in the file of authorities."""

    @property
    def pair(self) -> Pair | None:
        """What can be shown to the daemon.

        None if there is none, if the key is not the certificate's, or if the signature is one that OpenSSL does not
        show and every daemon refuses.
        """
        chain, key = self.cert.content, self.key.content
        if not chain or not key or not keys.matches(key, chain[0]) or weak_signatures.among(chain):
            return None
        return Pair(chain, key)


def load(target: Target) -> Credentials:
    """Read the three files as their owner, unless the target has all in memory; what is wrong is kept beside each."""
    if target.authorities is not None:
        pair = target.pair
        return Credentials(
            Loaded(target.ca, target.authorities),
            Loaded(target.cert, pair.chain if pair else None),
            Loaded(target.key, pair.key if pair else None),
        )
    owner = target.owner
    ca = _load(target.ca, go_files.authorities, owner)
    cert = _load(target.cert, _chain, owner)
    key = _load(target.key, _key, owner)
    if ca.content is None:
        return Credentials(Loaded(ca.path, problem=ca.problem), cert, key)
    return Credentials(_authorities(ca.path, ca.content.loaded), cert, key, ca.content.skipped)


def is_unparsable(certificate: x509.Certificate) -> bool:
    """Tell whether Go cannot parse a certificate: daemons refuse a chain with one that they cannot."""
    return bool(go_certificate.problem(certificates.to_der(certificate)))


def read_certificate(der: bytes) -> x509.Certificate | None:
    """Return a certificate that can be read in every part, else None: OpenSSL takes some that cryptography does not."""
    try:
        certificate = x509.load_der_x509_certificate(der)
    except parsing.FAILURES:
        return None
    return certificate if _is_readable(certificate) else None


def words_of(name: bytes) -> str:
    """Say a name, DER, for people."""
    try:
        return certificates.words(der.name(name))
    except parsing.FAILURES:
        return certificates.UNREADABLE


def _load(path: Path, parse: Callable[[bytes], Content], owner: files.Owner | None) -> Loaded[Content]:
    try:
        with files.acting_as(owner):  # who may have planted links in their own folders
            content = files.read(path, limit=LIMIT)
        return Loaded(path, parse(content))
    except CertkitError as error:
        return Loaded(path, problem=error)


def _authorities(path: Path, loaded: Iterable[bytes]) -> Loaded[Chain]:
    """Keep those that can be read here, too; some that Go loads cannot."""
    found = tuple(filter(None, map(_loosely, loaded)))
    return Loaded(path, found) if found else Loaded(path, problem=_malformed())


def _chain(pem: bytes) -> Chain:
    found = [_loosely(each) for each in go_files.chain(pem)]
    if not found[0] or not _is_readable(found[0]) or not all(found):
        raise _malformed()
    return tuple(filter(None, found))


def _key(content: bytes) -> keys.PrivateKey:
    found = go_files.key(content)
    go_keys.check_signs(found)
    return found


def _malformed() -> MalformedError:
    return MalformedError(
        "a certificate in it is not well formed", "Get a new one.", code="probed-certificate-malformed"
    )


def _loosely(der: bytes) -> x509.Certificate | None:
    """Return a certificate whose names and dates can be read, whatever its extensions and its key."""
    try:
        return certificates.load(der)
    except MalformedError:
        return None


def _is_readable(certificate: x509.Certificate) -> bool:
    """Tell whether every part of a certificate can be read: most parts are parsed only when they are asked for."""
    try:
        names = (certificates.words(certificate.subject), certificates.words(certificate.issuer))
        parts = (names, certificate.extensions, certificate.public_key(), certificate.not_valid_after_utc)
    except parsing.FAILURES:
        return False
    return bool(parts)
