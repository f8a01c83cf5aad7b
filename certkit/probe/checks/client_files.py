"""Whether the three files are there, private, of one piece, and good for what they are used for."""

import stat
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby, pairwise
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import ExtendedKeyUsageOID

from certkit.errors import CertkitError, MalformedError, MissingError
from certkit.pki import certificates, extensions, go_certificate, go_extensions, go_names, keys, names
from certkit.pki.certificates import has_signed
from certkit.pki.extensions import allows
from certkit.pki.go_keys import UnknownKindError
from certkit.probe import weak_signatures
from certkit.probe.credentials import Credentials, Loaded, is_unparsable
from certkit.probe.file_modes import hindrance
from certkit.probe.stage import Found, Stage, finding
from certkit.probe.validity import is_near_end, span, until

_MOST_TOLD = 5


class Files(NamedTuple):
    """What the files hold, and the time by this machine's clock."""

    credentials: Credentials
    now: datetime
    is_pinned: bool = False
    """Whether the daemon has shown a certificate that stands in the file of authorities itself: Go trusts that, too."""

    @property
    def own(self) -> x509.Certificate | None:
        """The client's own certificate."""
        chain = self.credentials.cert.content
        return chain[0] if chain else None


def _summary(evidence: Files) -> str:
    own, credentials = evidence.own, evidence.credentials
    skipped = [
        f"Earthly skips line {each.line} of {credentials.ca.path}: {each.reason}"
        for each in credentials.skipped[:_MOST_TOLD]
    ]
    if more := len(credentials.skipped) - len(skipped):
        skipped.append(f"and {more} more")
    matches = f"key matches, expires in {span(own.not_valid_after_utc - evidence.now)}" if own else ""
    return "; ".join([matches, *skipped])


@finding("Earthly needs all three files: the daemon's authority, the certificate and its key.")
def file_missing(evidence: Files) -> Found | None:
    return _problem(evidence, lambda error: isinstance(error, MissingError))


@finding("Earthly runs as this user and cannot read it either.")
def file_unreadable(evidence: Files) -> Found | None:
    told_otherwise = (MissingError, MalformedError, keys.EncryptedKeyError)
    return _problem(evidence, lambda error: not isinstance(error, told_otherwise))


@finding(
    "Earthly cannot use what is in the file: it must be PEM, and of the right kind. Go, which Earthly is made with, "
    "passes over blocks that other programs read."
)
def file_garbage(evidence: Files) -> Sequence[Found]:
    meant = [loaded for loaded in _all(evidence) if isinstance(loaded.problem, MalformedError)]
    unread = sorted((each for each in meant if not isinstance(each.problem, UnknownKindError)), key=_code)
    return [_told_together(list(alike), code=code) for code, alike in groupby(unread, _code)]


@finding(
    "Earthly's TLS uses keys of RSA from 1024 bits, of Ed25519, and of ECDSA on P-256, P-384 and P-521, and no other. "
    "It would not even show the certificate."
)
def key_of_unknown_kind(evidence: Files) -> Found | None:
    key = evidence.credentials.key
    if not isinstance(key.problem, UnknownKindError):
        return None
    return Found(f"{key.path} cannot be used: {key.problem.message}", path=key.path)


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
        code = hindrance(path)
    except OSError:
        return None
    if not mode & (stat.S_IRWXG | stat.S_IRWXO):
        return None
    return Found(f"{path} has mode {mode:04o}", path=path, folder=path.parent, **({"code": code} if code else {}))


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
    if not any(map(is_unparsable, chain)) and all(_follows(signed, signer) for signed, signer in pairwise(chain)):
        return None
    path = evidence.credentials.cert.path
    return Found(f"the {len(chain)} certificates in {path} do not follow one another", path=path)


@finding("Every daemon refuses an expired certificate. Earthly waits 60 seconds and does not say why.")
def certificate_expired(evidence: Files) -> Found | None:
    own, now = evidence.own, evidence.now
    if own is None or own.not_valid_after_utc >= now:
        return None
    end = own.not_valid_after_utc
    return Found(f"the certificate expired on {until(end, now)}", expired=end, **_holder(own))


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
    end = own.not_valid_after_utc
    return Found(f"the certificate expires on {until(end, now)}", expires=end, **_holder(own))


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


@finding(
    "Go refuses a certificate with a critical extension that it does not know, and so does every daemon. Earthly waits "
    "60 seconds and does not say why."
)
def certificate_extension_unknown(evidence: Files) -> Found | None:
    own = evidence.own
    unknown = [each.oid.dotted_string for each in own.extensions if go_extensions.is_unhandled(each)] if own else []
    if not unknown:
        return None
    path = evidence.credentials.cert.path
    return Found(f"{path} has the critical extension {', '.join(unknown)}", path=path)


@finding(
    "Go cannot read a name in the certificate. A daemon looks at these names as soon as anybody of the team has been "
    "revoked, and then refuses the certificate, whoever it is.",
    severity="warning",
)
def certificate_name_unreadable(evidence: Files) -> Found | None:
    own = evidence.own
    held = extensions.find(own, x509.SubjectAlternativeName) if own else None
    unreadable = [str(each.value) for each in held or () if not go_names.readable([each])]
    if not unreadable:
        return None
    path = evidence.credentials.cert.path
    return Found(f"{path} names {' and '.join(unreadable[:_MOST_TOLD])}", path=path)


@finding(
    "Go refuses signatures made with SHA-1 or MD5, and so does every daemon: it is as if nobody had signed. Earthly "
    "waits 60 seconds and does not say why."
)
def certificate_signed_weakly(evidence: Files) -> Found | None:
    weak = weak_signatures.among(evidence.credentials.cert.content or ())
    if not weak:
        return None
    path = evidence.credentials.cert.path
    return Found(f"the certificate in {path} is signed with {weak}", path=path, hash=weak)


@finding(
    "What is built with Go 1.23 or later refuses a serial number below zero; Earthly 0.8.16 takes it. Sooner or later "
    "one of the two sides is updated.",
    severity="warning",
)
def serial_negative(evidence: Files) -> Found | None:
    meant = [loaded for loaded in (evidence.credentials.ca, evidence.credentials.cert) if _has_negative(loaded)]
    if not meant:
        return None
    named = " and ".join(str(loaded.path) for loaded in meant)
    return Found(f"{named}: a certificate in it has a negative serial number", path=meant[0].path)


@finding("A person's or a daemon's certificate stands in an authority's place, and vouches for no daemon.")
def not_an_authority(evidence: Files) -> Found | None:
    ca = evidence.credentials.ca
    if not ca.content or evidence.is_pinned or not all(map(_is_leaf, ca.content)):
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
        clock_off,  # first, for it may explain what follows
        file_missing,
        file_unreadable,
        file_garbage,
        key_of_unknown_kind,
        key_encrypted,
        key_not_private,
        key_of_another_pair,
        chain_broken,
        certificate_expired,
        certificate_not_yet_valid,
        certificate_near_end,
        certificate_not_for_clients,
        certificate_extension_unknown,
        certificate_name_unreadable,
        certificate_signed_weakly,
        serial_negative,
        not_an_authority,
        authority_expired,
    ),
)


def _follows(signed: x509.Certificate, signer: x509.Certificate) -> bool:
    try:
        return has_signed(signer, signed)
    except UnsupportedAlgorithm:
        return False


def _is_leaf(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate says itself that it is no authority's."""
    try:
        constraints = extensions.find(certificate, x509.BasicConstraints)
    except MalformedError:
        return False
    return constraints is not None and not constraints.ca


def _has_negative(loaded: Loaded[tuple[x509.Certificate, ...]]) -> bool:
    return any(go_certificate.has_negative_serial(certificates.to_der(each)) for each in loaded.content or ())


def _holder(own: x509.Certificate) -> dict[str, object]:
    """Return whose the next certificate is to be, where certkit has made this one; and the code of what tells it."""
    try:
        called = extensions.dns_names(own)
    except MalformedError:
        return {}
    subject = certificates.subject_words(own)
    device = names.device_named(called[0], subject) if called else ""
    return {"code": "device-certificate-ends", "subject": subject, "device": device} if device else {}


def _code(loaded: Loaded[object]) -> str:
    return loaded.problem.code if loaded.problem else ""


def _problem(evidence: Files, is_meant: Callable[[CertkitError], bool]) -> Found | None:
    meant = [loaded for loaded in _all(evidence) if loaded.problem and is_meant(loaded.problem)]
    return _told_together(meant) if meant else None


def _told_together(meant: Sequence[Loaded[object]], **fields: object) -> Found:
    return Found("; ".join(map(_told, meant)), paths=[loaded.path for loaded in meant], **fields)


def _all(evidence: Files) -> Iterator[Loaded[object]]:
    credentials = evidence.credentials
    for loaded in (credentials.ca, credentials.cert, credentials.key):
        yield Loaded(loaded.path, problem=loaded.problem)


def _told(loaded: Loaded[object]) -> str:
    message = loaded.problem.message if loaded.problem else ""
    return message if str(loaded.path) in message else f"{loaded.path}: {message}"
