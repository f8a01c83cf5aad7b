"""Codes turned into certificates: the answer to whoever comes with one, over the network."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from certkit.authority import issuance, visits
from certkit.authority.admission import Admission
from certkit.authority.invitations import DeadCodeError, State, check_open, identify
from certkit.authority.issuance import Certified
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.enroll import codes
from certkit.errors import RefusedError
from certkit.ledger import interface as ledger
from certkit.pki import certificates, keys, requests


class TakenError(DeadCodeError):
    """A code was good a moment ago: somebody has used or cancelled it, perhaps with the same key."""


class UnknownCodeError(RefusedError):
    """There never was such a code."""

    code = "code-unknown"


@dataclass(frozen=True)
class Use:
    """What prepares the answer to a CSR that came with a code's secret; of a daemon's host, just the code.

    Raises as `find` and `prepare` do.
    """

    secret: bytes = field(repr=False)
    request: bytes

    @property
    def digest(self) -> str:
        """What the ledger knows the code by."""
        return codes.digest(self.secret)

    def __call__(self, session: Session) -> Callable[[Session], Certified | ledger.Code]:
        """Prepare the answer."""
        code = find(session, self.secret)
        return (lambda _session: code) if code.daemon else prepare(session, code, self.request)


def prepare(session: Session, code: ledger.Code, request: bytes) -> Callable[[Session], Certified]:
    """Prepare the answer to a CSR that came with a code, which enrolls one device for each of its uses.

    What is returned gives the answer, and belongs into a transaction; it raises TakenError if somebody was faster, and
    all must be done once more. The same key with the same code gets the same certificate: an answer that was lost is no
    use lost.

    Both raise DeadCodeError for a code that is not good, else as `issuance.sign` does.
    """
    public_key = requests.read(request)
    again = _answered_before(session, code, public_key) if code.left < code.uses else None
    if again:
        return lambda _session: again
    check_open(session, code)
    person = code.person or ""
    device = code.device or issuance.new_device_name(session, person)
    made = issuance.draft_for(session, person, device, public_key)
    serial = certificates.serial_text(made.certificate.serial_number)

    def record(session: Session) -> Certified:
        if not code.device and session.ledger.device(person, device):  # of two for whom the same was made up at once
            raise TakenError("the device's name was just taken", "Ask again.", code="device-taken", device=device)
        certified = issuance.certified(session.acting(person), made)
        if not session.ledger.take_use(code.digest, ledger.CodeUse(session.now, made.pin, serial)):
            raise TakenError("the code was used already", code="code-used", state=State.USED.value, id=identify(code))
        visits.note(session, certified.person, certified.device)
        return certified

    return Admission((person, device, made.pin), record)


def find(view: View, secret: bytes) -> ledger.Code:
    """Find a code by its secret; raise UnknownCodeError if there is none."""
    code = view.ledger.code(codes.digest(secret))
    if code is None:
        raise UnknownCodeError("there is no such code")
    return code


def _answered_before(session: Session, code: ledger.Code, public_key: keys.PublicKey) -> Certified | None:
    for kept in given(session, code, public_key):
        if kept.person and kept.device:
            return issuance.certified_again(session, kept.person, kept.device, certificates.load(kept.der))
    return None


def given(view: View, code: ledger.Code, public_key: keys.PublicKey) -> Iterator[ledger.Certificate]:
    """Return the certificates that a code was used for by the holder of a key, and that have not expired."""
    pin = keys.public_pin(public_key).hex()
    for use in view.ledger.uses_of_code(code.digest):
        kept = view.ledger.certificate(use.serial) if use.pin == pin else None
        if kept and kept.not_after > view.now:
            yield kept
