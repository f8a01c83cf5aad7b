"""Whether the three files are there, private, of one piece, and good for what they are used for."""

import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from certkit.errors import CertkitError, MalformedError, MissingError
from certkit.pki import certificates, extensions, keys
from certkit.pki.certificates import has_signed
from certkit.pki.extensions import allows
from certkit.probe.credentials import Credentials, Loaded
from certkit.probe.stage import Found, Stage
from certkit.probe.validity import is_near_end, span, until

RENEW = "get a new certificate from who runs the team's certkit:\n  certkit enroll FILE"


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


files = Stage("files", _summary)


@files.finding
def file_missing(evidence: Files) -> Found | None:
    """Earthly needs all three files: the daemon's authority, the certificate and its key."""
    return _problem(evidence, lambda error: isinstance(error, MissingError), "check the paths, or enroll again:")


@files.finding
def file_unreadable(evidence: Files) -> Found | None:
    """Earthly runs as this user and cannot read it either."""
    return _problem(evidence, lambda error: type(error) is CertkitError, "see who owns it, or enroll again:")


@files.finding
def file_garbage(evidence: Files) -> Found | None:
    """Earthly cannot use what is in the file: it must be PEM, and of the right kind."""
    return _problem(evidence, lambda error: isinstance(error, MalformedError), "enroll again:")


@files.finding
def key_encrypted(evidence: Files) -> Found | None:
    """Earthly cannot ask for a passphrase, so a key that is encrypted is no key to it."""
    key = evidence.credentials.key
    if not isinstance(key.problem, keys.EncryptedKeyError):
        return None
    return Found(
        f"{key.path} is encrypted",
        f"store it unencrypted, readable by you alone:\n"
        f"  (umask 077; openssl pkey -in {key.path} -out {key.path}.new) && mv {key.path}.new {key.path}",
    )


@files.finding
def key_not_private(evidence: Files) -> Found | None:
    """Other users of this machine can read the key, and build on the daemon in its owner's name."""
    path = evidence.credentials.key.path
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return None
    if not mode & (stat.S_IRWXG | stat.S_IRWXO):
        return None
    return Found(f"{path} has mode {mode:04o}", f"make it yours alone:\n  chmod 600 {path}")


@files.finding
def key_of_another_pair(evidence: Files) -> Found | None:
    """The key and the certificate do not belong together, and Earthly stops before it connects."""
    own, key = evidence.own, evidence.credentials.key
    if own is None or key.content is None or keys.matches(key.content, own):
        return None
    return Found(
        f"{key.path} is not the key of {evidence.credentials.cert.path}", "enroll again:\n  certkit enroll FILE"
    )


@files.finding
def chain_broken(evidence: Files) -> Found | None:
    """After the client's own certificate, each must have signed the one before it; else daemons may refuse all."""
    chain = evidence.credentials.cert.content or ()
    if all(has_signed(signer, signed) for signed, signer in pairwise(chain)):
        return None
    return Found(f"the {len(chain)} certificates in {evidence.credentials.cert.path} do not follow on another", RENEW)


@files.finding
def certificate_expired(evidence: Files) -> Found | None:
    """Every daemon refuses an expired certificate. Earthly waits 60 seconds and does not say why."""
    own, now = evidence.own, evidence.now
    if own is None or own.not_valid_after_utc >= now:
        return None
    return Found(f"the certificate expired on {until(own.not_valid_after_utc, now)}", RENEW)


@files.finding
def certificate_not_yet_valid(evidence: Files) -> Found | None:
    """Every daemon refuses a certificate before its time. The likely cause is a clock: here, or where it was made."""
    own, now = evidence.own, evidence.now
    if own is None or own.not_valid_before_utc <= now:
        return None
    return Found(
        f"the certificate becomes valid on {until(own.not_valid_before_utc, now)}",
        f"it is {now:%Y-%m-%d %H:%M} UTC by this machine's clock; compare it with the true time:\n  date -u",
    )


@files.finding
def certificate_near_end(evidence: Files) -> Found | None:
    """It still works. When it has expired every build fails, after 60 seconds and without a reason."""
    own, now = evidence.own, evidence.now
    if own is None or not is_near_end(own, now):
        return None
    return Found(f"the certificate expires on {until(own.not_valid_after_utc, now)}", RENEW)


@files.finding
def certificate_not_for_clients(evidence: Files) -> Found | None:
    """The certificate may not be used by a client (no extended key usage clientAuth): every daemon refuses it."""
    own = evidence.own
    if own is None or allows(own, ExtendedKeyUsageOID.CLIENT_AUTH):
        return None
    return Found(f"{evidence.credentials.cert.path} lacks clientAuth", f"it may be a daemon's; {RENEW}")


@files.finding
def not_an_authority(evidence: Files) -> Found | None:
    """By what vouches for nobody no daemon is believed: a person's or daemon's is in an authority's place."""
    ca = evidence.credentials.ca
    if not ca.content or not all(map(_is_leaf, ca.content)):
        return None
    holders = ", ".join(certificates.words(certificate.subject) for certificate in ca.content)
    return Found(
        f"{ca.path} holds no authority's certificate, but that of {holders}", "enroll again:\n  certkit enroll FILE"
    )


@files.finding
def authority_expired(evidence: Files) -> Found | None:
    """No certificate of a daemon is believed any more by an authority that has expired."""
    ca, now = evidence.credentials.ca, evidence.now
    ends = [certificate.not_valid_after_utc for certificate in ca.content or ()]
    if not ends or max(ends) >= now:
        return None
    return Found(f"{ca.path} expired on {until(max(ends), now)}", "ask who runs the team's certkit for the new one")


@files.finding
def clock_off(evidence: Files) -> Found | None:
    """No authority is made in the future: this machine's clock is behind, or the one where it was made was ahead."""
    ca, now = evidence.credentials.ca, evidence.now
    starts = [certificate.not_valid_before_utc for certificate in ca.content or ()]
    if not starts or min(starts) <= now:
        return None
    made = ", ".join(certificates.words(certificate.subject) for certificate in ca.content or ())
    return Found(
        f"here it is {now:%Y-%m-%d %H:%M} UTC; {made} was made on {until(min(starts), now)}",
        "set this machine's clock:\n  timedatectl set-ntp true",
    )


def _is_leaf(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate says itself that it is no authority's."""
    constraints = extensions.find(certificate, x509.BasicConstraints)
    return constraints is not None and not constraints.ca


def _problem(evidence: Files, is_meant: Callable[[CertkitError], bool], remedy: str) -> Found | None:
    seen = [_told(loaded) for loaded in _all(evidence) if loaded.problem and is_meant(loaded.problem)]
    return Found("; ".join(seen), f"{remedy}\n  certkit enroll FILE") if seen else None


def _all(evidence: Files) -> Iterator[Loaded[object]]:
    credentials = evidence.credentials
    for loaded in (credentials.ca, credentials.cert, credentials.key):
        yield Loaded(loaded.path, problem=loaded.problem)


def _told(loaded: Loaded[object]) -> str:
    message = loaded.problem.message if loaded.problem else ""
    return message if str(loaded.path) in message else f"{loaded.path}: {message}"
