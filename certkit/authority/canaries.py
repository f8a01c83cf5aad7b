"""The canary of the newest client authority that daemons trust: its key never leaves the home."""

import contextlib

from cryptography import x509

from certkit import files
from certkit.authority.certificate_row import record_certificate
from certkit.authority.home import CERTIFICATE, KEY
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.errors import MissingError
from certkit.ledger.interface import Anchors
from certkit.pki import certificates, extensions, keys
from certkit.trust import canary
from certkit.trust.canary import Canary

FOLDER = "canary"
"""Where it lies in the home."""


def kept(view: View) -> Canary | None:
    """Return the canary that is in the home; None if it is not there, or of a former authority."""
    folder = (view.path / FOLDER).resolve()  # both files of one canary, whoever turns the link in between
    with contextlib.suppress(MissingError):
        certificate, key = certificates.load(files.read(folder / CERTIFICATE)), keys.load(files.read(folder / KEY))
        newest = view.newest_anchors()
        if _is_of(view, certificate, newest) and certificates.has_signed(_authority(view, newest), certificate):
            return Canary(certificate, key)
    return None


def is_kept(view: View, newest: Anchors) -> bool:
    """Tell whether the canary of what daemons trust is in the home, by the names in it: every reader asks first.

    A signature is not checked here. That loads OpenSSL, and whoever writes in the home can sign, too.
    """
    folder = (view.path / FOLDER).resolve()
    with contextlib.suppress(MissingError):
        certificate = certificates.load(files.read(folder / CERTIFICATE))
        return _is_of(view, certificate, newest) and (folder / KEY).exists()
    return False


def replace(session: Session) -> None:
    """Make the canary of the newest authority that daemons trust; hold the home's lock."""
    authority = session.authority("client", _generation(session))
    made = canary.make(authority, session.team)
    with session.transaction():
        record_certificate(session, "canary", made.certificate, authority)
    content = {CERTIFICATE: certificates.to_pem(made.certificate), KEY: keys.to_pem(made.key)}
    files.write_directory(session.path / FOLDER, content)


def control(session: Session) -> Canary:
    """Return a control certificate: recorded as every certificate is, and never written to a file."""
    authority = session.authority("client", _generation(session))
    made = canary.control(authority, session.team, session.now)
    with session.transaction():
        record_certificate(session, "control", made.certificate, authority)
    return made


def _is_of(view: View, certificate: x509.Certificate, anchors: Anchors) -> bool:
    is_named = extensions.dns_names(certificate) == [canary.name(view.team)]
    return is_named and certificates.points_to(certificate, _authority(view, anchors))


def _authority(view: View, anchors: Anchors) -> x509.Certificate:
    return view.certificate("client", anchors.generations[-1])


def _generation(view: View) -> int:
    return view.newest_anchors().generations[-1]
