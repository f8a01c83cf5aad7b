"""The canary of the newest anchors: its key never leaves the home."""

import contextlib

from certkit import files
from certkit.authority.certificate_row import record_certificate
from certkit.authority.home import CERTIFICATE, KEY
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.errors import MissingError
from certkit.pki import certificates, extensions, keys
from certkit.trust import canary
from certkit.trust.canary import Canary

_FOLDER = "canary"


def pair(view: View) -> tuple[bytes, bytes] | None:
    """Return certificate and key of the newest anchors' canary, PEM both; None if a crash has lost it."""
    newest = view.newest_anchors()
    folder = (view.path / _FOLDER).resolve()  # both files of one canary, whoever turns the link in between
    with contextlib.suppress(MissingError):
        certificate = files.read(folder / CERTIFICATE)
        if canary.name(newest.number) in extensions.dns_names(certificates.load(certificate)):
            return certificate, files.read(folder / KEY)
    return None


def make(session: Session, generation: int, number: int) -> Canary:
    """Make and record the canary of anchors; belongs into their transaction, and `keep` follows it."""
    authority = session.authority("client", generation)
    made = canary.make(authority, number, session.now)
    record_certificate(session, "canary", made.certificate, authority)
    return made


def keep(session: Session, made: Canary) -> None:
    """Write a canary into the home."""
    with session.locked():
        files.write_directory(
            session.path / _FOLDER, {CERTIFICATE: certificates.to_pem(made.certificate), KEY: keys.to_pem(made.key)}
        )


def replace_lost(session: Session) -> None:
    """Make a canary in the place of one that a crash has lost."""
    newest = session.newest_anchors()
    with session.transaction():
        made = make(session, newest.generations[-1], newest.number)
    keep(session, made)
