"""Cohorts: one client authority under several names, so that no anchor grows large.

Go puts the chain that it verified, anchor included, into its TLS 1.3 session tickets, and hangs up on OpenSSL's clients
when that takes more than 64 KiB: some 1,200 excluded names (compare golang/go issue 63763). A person belongs to one
cohort for good, and is excluded in that one's anchor alone. All cohorts share a key; only the subject tells them apart,
and the issuer in a certificate's signed part cannot be changed by its holder.
"""

import hashlib

from cryptography import x509
from cryptography.x509.oid import NameOID

from certkit.errors import InvalidError
from certkit.pki import certificates, names
from certkit.pki.certificates import Authority

COUNT = 24
"""Enough for 20,000 excluded names; the subjects of all that a daemon trusts must fit into 64 KiB, too."""


def cohort_of(person_label: str, count: int = COUNT) -> int:
    """Return the cohort, from 0 up, that a person belongs to where there are `count`, by the label (`names.label`)."""
    digest = hashlib.sha256(b"cohort\0" + person_label.encode()).digest()
    return int.from_bytes(digest[:8]) % count


def possible(person_label: str) -> frozenset[int]:
    """Return every cohort that may have issued to a person: the one of all before there were others, and their own."""
    return frozenset({0, cohort_of(person_label)})


def make(authority: Authority, cohort: int) -> Authority:
    """Return an authority under the name of a cohort; cohort 0 is the authority itself.

    It has the authority's key, extensions and validity. The certificate is another at each call: keep the first.
    Raises InvalidError for a number that is no cohort's.
    """
    if not 0 <= cohort < COUNT:
        raise InvalidError(f"{cohort} is no cohort's number", code="cohort-invalid", cohort=cohort, count=COUNT)
    if cohort == 0:
        return authority
    builder = certificates.reissue(authority.certificate, subject(authority.certificate.subject, cohort))
    return Authority(authority.signer.sign_certificate(builder), authority.signer)


def subject(original: x509.Name, cohort: int) -> x509.Name:
    """Return the name of a cohort: the authority's with its number in the common name, or in a unit of its own."""
    if cohort == 0:
        return original
    attributes = list(original)
    common = str(attributes[0].value) if [each.oid for each in attributes] == [NameOID.COMMON_NAME] else ""
    named = common_name(common, cohort)
    if common and len(named.encode()) <= names.TEXT_LIMIT:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, named)])
    unit = x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"cohort {cohort}")
    return x509.Name([*original.rdns, x509.RelativeDistinguishedName([unit])])


def common_name(authority: str, cohort: int) -> str:
    """Return a cohort's common name: that of its authority, and its number if it is not the first."""
    return f"{authority}, cohort {cohort}" if cohort else authority
