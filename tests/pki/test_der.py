"""Names by themselves are read alike by every version of the library, those for Intel Macs too."""

from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from certkit.pki import der

NAMES = [
    x509.Name([]),
    x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Zoë's authority")]),
    x509.Name([x509.NameAttribute(kind, "acme") for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)]),
]


FORMER = SimpleNamespace(Name=object, load_der_x509_csr=x509.load_der_x509_csr)
"""The library when it could not read a name."""


@pytest.mark.parametrize("name", NAMES, ids=str)
@pytest.mark.parametrize("is_former", [True, False])
def test_a_name_is_read_by_itself(name: x509.Name, monkeypatch: pytest.MonkeyPatch, *, is_former: bool) -> None:
    encoded = name.public_bytes()
    if is_former:
        monkeypatch.setattr(der, "x509", FORMER)
    assert der.name(encoded) == name


@pytest.mark.parametrize("odd", [b"", b"\x30", b"\x02\x01\x00", b"\x30\x02\x01\x01"])
@pytest.mark.parametrize("is_former", [True, False])
def test_what_is_none_is_refused(odd: bytes, monkeypatch: pytest.MonkeyPatch, *, is_former: bool) -> None:
    if is_former:
        monkeypatch.setattr(der, "x509", FORMER)
    with pytest.raises(ValueError):  # noqa: PT011  of the library's, with words of its own
        der.name(odd)
