"""Mail addresses as Go's crypto/x509 reads them in certificates: "Mailbox" of RFC 2821, section 4.1.2.

Go checks every address of a client certificate as soon as an anchor has constraints, and refuses the certificate for
one that it cannot read.
"""

import re

_QUOTED = rb'(?s)"((?:[\x01-\x08\x0b\x0c\x0e-\x1f !\x23-\x5b\x5d-\x7f]|\\[\x01-\x09\x0b\x0c\x0e-\x7f])*)"@(.*)'
_ATOMS = rb"(?s)((?:[0-9a-zA-Z!#$%&'*+\-/=?^_`{|}~.]|\\.)+)@(.*)"
DOMAIN = re.compile(r"(?:[!-\-/-~]+(?:\.[!-\-/-~]+)*)?")
"""What Go takes for a domain, in a mail address as anywhere else in a certificate."""


def parse(address: str) -> tuple[str, str] | None:
    """Split an address into its local part and its domain in lower case; return None if it is none."""
    raw = address.encode("latin-1", "replace")
    quoted = raw.startswith(b'"')
    found = re.fullmatch(_QUOTED if quoted else _ATOMS, raw)
    if not found:
        return None
    local = re.sub(rb"\\(.)", rb"\1", found[1], flags=re.DOTALL).decode("latin-1")
    domain = found[2].decode("latin-1").lower()
    if not quoted and (local.startswith(".") or local.endswith(".") or ".." in local):
        return None
    return (local, domain) if DOMAIN.fullmatch(domain) else None
