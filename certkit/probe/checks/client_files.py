"""Whether the three files are there, private, of one piece, and good for what they are used for."""

import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

from certkit.errors import CertkitError, MalformedError, MissingError
from certkit.pki import certificates, extensions, keys
from certkit.pki.certificates import has_signed
from certkit.pki.extensions import allows
from certkit.probe.credentials import Credentials, Loaded
from certkit.probe.stage import Found, Stage, finding
from certkit.probe.validity import is_near_end, span, until


@dataclass(frozen=True)
class Files:
    """What the files hold, and the time by this machine's clock."""

    credentials: Credentials
    now: datetime

    @property
    def own(self) -> x509.Certificate | None:
        """The client's own certificate."""
        chain = self.credentials.cert.content
        return chain[0] if chain else None


def _summary(evidence: Files) -> str:
    own = evidence.own
    return f"key matches, expires in {span(own.not_valid_after_utc - evidence.now)}" if own else ""


@finding("Earthly needs all three files: the daemon's authority, the certificate and its key.")
def file_missing(evidence: Files) -> Found | None:
    return _problem(evidence, lambda error: isinstance(error, MissingError))


@finding("Earthly runs as this user and cannot read it either.")
def file_unreadable(evidence: Files) -> Found | None:
    told_otherwise = (MissingError, MalformedError, keys.EncryptedKeyError)
    return _problem(evidence, lambda error: not isinstance(error, told_otherwise))


@finding("Earthly cannot use what is in the file: it must be PEM, and of the right kind.")
def file_garbage(evidence: Files) -> Found | None:
    return _problem(evidence, lambda error: isinstance(error, MalformedError))


@finding("Earthly cannot ask for a passphrase, so an encrypted key is no key to it.")
def key_encrypted(evidence: Files) -> Found | None:
    key = evidence.credentials.key
    if not isinstance(key.problem, keys.EncryptedKeyError):
        return None
    return Found(f"{key.path} is encrypted", path=key.path, new=f"{key.path}.new")


@finding(
    "Other users of this machine can read the key, and build on the daemon in its owner's name.", severity="warning"
)
def key_not_private(evidence: Files) -> Found | None:
    path = evidence.credentials.key.path
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None
    if not mode & (stat.S_IRWXG | stat.S_IRWXO):
        return None
    return Found(f"{path} has mode {mode:04o}", path=path)


@finding("The key and the certificate do not belong together, and Earthly stops before it connects.")
def key_of_another_pair(evidence: Files) -> Found | None:
    own, key = evidence.own, evidence.credentials.key
    if own is None or key.content is None or keys.matches(key.content, own):
        return None
    return Found(f"{key.path} is not the key of {evidence.credentials.cert.path}", path=key.path)


@finding(
    "After the client's own certificate, each must have signed the one before it; otherwise daemons may refuse all."
)
def chain_broken(evidence: Files) -> Found | None:
    chain = evidence.credentials.cert.content or ()
    if all(_follows(signed, signer) for signed, signer in pairwise(chain)):
        return None
    path = evidence.credentials.cert.path
    return Found(f"the {len(chain)} certificates in {path} do not follow one another", path=path)


@finding("Every daemon refuses an expired certificate. Earthly waits 60 seconds and does not say why.")
def certificate_expired(evidence: Files) -> Found | None:
    own, now = evidence.own, evidence.now
    if own is None or own.not_valid_after_utc >= now:
        return None
    return Found(f"the certificate expired on {until(own.not_valid_after_utc, now)}", expired=own.not_valid_after_utc)


@finding("Every daemon refuses a certificate before its time. The likely cause is a clock: here, or where it was made.")
def certificate_not_yet_valid(evidence: Files) -> Found | None:
    own, now = evidence.own, evidence.now
    if own is None or own.not_valid_before_utc <= now:
        return None
    return Found(
        f"the certificate becomes valid on {until(own.not_valid_before_utc, now)}; "
        f"it is {now:%Y-%m-%d %H:%M} UTC by this machine's clock",
        starts=own.not_valid_before_utc,
    )


@finding(
    "It still works. Once it has expired every build fails, after 60 seconds and without a reason.", severity="warning"
)
def certificate_near_end(evidence: Files) -> Found | None:
    own, now = evidence.own, evidence.now
    if own is None or not is_near_end(own, now):
        return None
    return Found(f"the certificate expires on {until(own.not_valid_after_utc, now)}", expires=own.not_valid_after_utc)


@finding(
    "The certificate may not be used by a client (no extended key usage clientAuth): every daemon refuses it. "
    "It may be a daemon's."
)
def certificate_not_for_clients(evidence: Files) -> Found | None:
    own = evidence.own
    if own is None or allows(own, ExtendedKeyUsageOID.CLIENT_AUTH):
        return None
    path = evidence.credentials.cert.path
    return Found(f"{path} lacks clientAuth", path=path)


@finding("A person's or a daemon's certificate stands in an authority's place, and vouches for no daemon.")
def not_an_authority(evidence: Files) -> Found | None:
    ca = evidence.credentials.ca
    if not ca.content or not all(map(_is_leaf, ca.content)):
        return None
    holders = ", ".join(certificates.words(certificate.subject) for certificate in ca.content)
    return Found(f"{ca.path} holds no authority's certificate, but that of {holders}", path=ca.path)


@finding("An authority that has expired vouches for no daemon any more.")
def authority_expired(evidence: Files) -> Found | None:
    ca, now = evidence.credentials.ca, evidence.now
    ends = [certificate.not_valid_after_utc for certificate in ca.content or ()]
    if not ends or max(ends) >= now:
        return None
    return Found(f"{ca.path} expired on {until(max(ends), now)}", path=ca.path, expired=max(ends))


@finding("No authority is made in the future: this machine's clock is behind, or the one where it was made was ahead.")
def clock_off(evidence: Files) -> Found | None:
    ca, now = evidence.credentials.ca, evidence.now
    starts = [certificate.not_valid_before_utc for certificate in ca.content or ()]
    if not starts or min(starts) <= now:
        return None
    made = ", ".join(certificates.words(certificate.subject) for certificate in ca.content or ())
    return Found(
        f"here it is {now:%Y-%m-%d %H:%M} UTC; {made} was made on {until(min(starts), now)}", starts=min(starts)
    )


files = Stage(
    "files",
    "The three files of mutual TLS.",
    _summary,
    findings=(
        file_missing,
        file_unreadable,
        file_garbage,
        key_encrypted,
        key_not_private,
        key_of_another_pair,
        chain_broken,
        certificate_expired,
        certificate_not_yet_valid,
        certificate_near_end,
        certificate_not_for_clients,
        not_an_authority,
        authority_expired,
        clock_off,
    ),
)


def _follows(signed: x509.Certificate, signer: x509.Certificate) -> bool:
    try:
        return has_signed(signer, signed)
    except UnsupportedAlgorithm:
        return False


def _is_leaf(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate says itself that it is no authority's."""
    constraints = extensions.find(certificate, x509.BasicConstraints)
    return constraints is not None and not constraints.ca


def _problem(evidence: Files, is_meant: Callable[[CertkitError], bool]) -> Found | None:
    meant = [loaded for loaded in _all(evidence) if loaded.problem and is_meant(loaded.problem)]
    return Found("; ".join(map(_told, meant)), paths=[loaded.path for loaded in meant]) if meant else None


def _all(evidence: Files) -> Iterator[Loaded[object]]:
    credentials = evidence.credentials
    for loaded in (credentials.ca, credentials.cert, credentials.key):
        yield Loaded(loaded.path, problem=loaded.problem)


def _told(loaded: Loaded[object]) -> str:
    message = loaded.problem.message if loaded.problem else ""
    return message if str(loaded.path) in message else f"{loaded.path}: {message}"
