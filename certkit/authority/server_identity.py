"""Who the server is that enrolls: its address, its certificate, and the pin by which laptops know it."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from cryptography import x509

from certkit import files
from certkit.authority import cohort_authorities
from certkit.authority.certificate_row import record_certificate
from certkit.authority.home import CERTIFICATE, KEY
from certkit.authority.session import Session
from certkit.authority.view import View, sound
from certkit.enroll import codes
from certkit.enroll.codes import Server
from certkit.errors import MalformedError, MissingError
from certkit.pki import certificates, extensions, keys, names

LIFE = timedelta(days=90)
_STATE, _FOLDER = "server", "server"


@dataclass(frozen=True)
class Identity:
    """The two files of the server's TLS: its chain, leaf and authority, and its key."""

    chain: Path
    key: Path


def address(view: View) -> Server:
    """Return where the team's server answers; raise MissingError if none was ever started."""
    found = view.ledger.state(_STATE)
    if found is None:
        raise MissingError("this team has no server yet", code="server-missing")
    with sound("the server"):
        return codes.parse_server(str(found["url"]))


def is_known(view: View) -> bool:
    """Tell whether the team has a server, which was started at least once."""
    return view.ledger.state(_STATE) is not None


def remember(session: Session, server: Server) -> None:
    """Let codes name this address from now on."""
    wanted = {"url": server.url}
    if session.ledger.state(_STATE) == wanted:
        return
    with session.transaction():
        session.ledger.set_state(_STATE, wanted)
        session.record("serve", session.team, url=server.url)


def pin(view: View) -> bytes:
    """Return the pin of the authority that vouches for the server."""
    return keys.public_pin(keys.public_of(view.certificate("server")))


def trust_of_clients(view: View) -> list[x509.Certificate]:
    """Return the authorities of the certificates that clients may show, those that daemons trust no more, too.

    To be let in by their signature alone says nothing: whose a certificate is, and whether it is good, says the ledger.
    """
    return [each for generation in view.generations("client") for each in cohort_authorities.of(view, generation)]


def trust_of_hosts(view: View) -> list[x509.Certificate]:
    """Return the authorities of the certificates that the hosts of daemons may show; what was said above holds."""
    return [view.certificate("server", generation) for generation in view.generations("server")]


def ensure(session: Session) -> Identity:
    """Return the server's certificate and key; make new ones where there are none, or none that will do for long."""
    folder = session.path / _FOLDER
    if not _will_do(session, folder):
        session.authority("server")  # asks for the passphrase, if at all, before others have to wait
        with session.locked():
            if not _will_do(session, folder):  # again: another process may have been at it
                _make(session, folder)
    current = folder.resolve()  # both files of one pair, whoever turns the link in between
    return Identity(current / CERTIFICATE, current / KEY)


def _will_do(view: View, folder: Path) -> bool:
    """Tell whether the certificate is for the server's address, of the authority that signs, and far from its end."""
    try:
        leaf, *_ = certificates.load_all(files.read(folder / CERTIFICATE))
        key = keys.load(files.read(folder / KEY))
    except (MissingError, MalformedError):
        return False
    authority, host = view.certificate("server"), names.parse_host(address(view).host)
    alternative = extensions.find(leaf, x509.SubjectAlternativeName)
    begin, end = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    return (
        keys.matches(key, leaf)
        and certificates.has_signed(authority, leaf)
        and alternative is not None
        and list(alternative) == [host]
        and begin <= view.now < begin + (end - begin) * 2 / 3
    )


def _make(session: Session, folder: Path) -> None:
    authority, host = session.issuing("server"), names.parse_host(address(session).host)
    key = keys.generate("p256")
    certificate = certificates.enrollment_server(authority, key.public_key(), host, session.now, LIFE)
    with session.transaction():
        record_certificate(session, "server", certificate, authority)
    chain = certificates.to_pem(certificate) + certificates.to_pem(authority.certificate)
    files.write_directory(folder, {CERTIFICATE: chain, KEY: keys.to_pem(key)})
