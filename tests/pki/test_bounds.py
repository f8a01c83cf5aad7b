"""Whatever a stranger sends is refused in a moment, and with an error of certkit's own."""

import base64
import subprocess
import sys
from collections.abc import Callable  # noqa: TC003  hypothesis reads annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import example, given, settings
from hypothesis import strategies as st

from certkit.errors import CertkitError, InvalidError, MalformedError, RefusedError
from certkit.pki import certificates, der, extensions, keys, names, requests, sealed
from certkit.pki.signer import KeySigner
from tests.pki.strangers import KEY, STRANGERS, certificate, small_order_points

pytestmark = pytest.mark.filterwarnings("ignore:Parsed a serial number:Warning")

DEVICE = certificates.to_der(certificate())
REQUEST = x509.load_pem_x509_csr(requests.make(KeySigner(KEY))).public_bytes(serialization.Encoding.DER)
PRIVATE = KEY.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def changed(content: bytes) -> st.SearchStrategy[bytes]:
    """Return what some bytes of a real input have become, and where it was cut."""
    changes = st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=4)

    def apply(places: list[tuple[int, int]], cut: int) -> bytes:
        mutated = bytearray(content)
        for place, value in places:
            mutated[place] = value
        return bytes(mutated[: cut or None])

    return st.builds(apply, changes, st.just(0) | st.integers(0, len(content)))


def pem(name: str, content: bytes) -> bytes:
    return f"-----BEGIN {name}-----\n".encode() + base64.encodebytes(content) + f"-----END {name}-----\n".encode()


def use(found: x509.Certificate) -> None:
    """Do with a stranger's certificate all that certkit does with any."""
    trusted = certificate()
    certificates.words(found.subject)
    certificates.words(found.issuer)
    certificates.serial_text(found.serial_number)
    certificates.fingerprint(found)
    for own, other in ((found, trusted), (trusted, found), (found, found)):
        certificates.has_signed(own, other)
    keys.matches(KEY, found)
    uses: list[Callable[[], object]] = [
        lambda: extensions.dns_names(found),
        lambda: extensions.allows(found, ExtendedKeyUsageOID.CLIENT_AUTH),
        lambda: extensions.key_identifier(found),
        lambda: keys.public_of(found),
        lambda: keys.check_public(keys.public_of(found)),
    ]
    for each in uses:
        try:
            each()
        except CertkitError:
            continue


@settings(deadline=None)
@given(st.binary(max_size=300) | changed(DEVICE))
@example(b"-----BEGIN CERTIFICATE-----\n\xff\n-----END CERTIFICATE-----")
def test_no_bytes_make_the_reader_of_certificates_fail_in_another_way(content: bytes) -> None:
    for each in (content, pem("CERTIFICATE", content)):
        for read in (lambda given: [certificates.load(given)], certificates.load_all):
            try:
                found = read(each)
            except CertkitError:
                continue
            for one in found:
                use(one)


@pytest.mark.parametrize("name", STRANGERS)
def test_a_strangers_certificate_is_used_or_refused_and_never_a_defect(name: str) -> None:
    try:
        use(certificates.load(STRANGERS[name]))
    except MalformedError:
        return


@pytest.mark.parametrize("name", STRANGERS)
def test_whatever_a_strangers_certificate_says_it_can_be_spelled(name: str) -> None:
    try:
        found = x509.load_der_x509_certificate(STRANGERS[name])  # as it comes out of a handshake
    except (ValueError, x509.InvalidVersion):
        return  # it does not even come out of one
    assert certificates.subject_words(found)
    assert certificates.issuer_words(found)


def test_a_name_that_cannot_be_read_is_called_so() -> None:
    found = x509.load_der_x509_certificate(STRANGERS["a common name that is not UTF-8"])
    assert certificates.subject_words(found) == "a name that cannot be read"
    with pytest.raises(MalformedError):
        certificates.load(STRANGERS["a common name that is not UTF-8"])


@settings(deadline=None)
@given(changed(REQUEST))
def test_no_change_of_a_request_makes_its_reader_fail_in_another_way(content: bytes) -> None:
    for each in (content, pem("CERTIFICATE REQUEST", content)):
        try:
            assert requests.read(each) == KEY.public_key()
        except CertkitError:
            continue


@settings(deadline=None)
@given(changed(PRIVATE), st.none() | st.just(b"kettle"), st.sampled_from(["", "EC ", "RSA ", "ENCRYPTED ", "DSA "]))
def test_no_change_of_a_key_makes_its_reader_fail_in_another_way(
    content: bytes, passphrase: bytes | None, kind: str
) -> None:
    try:
        keys.load(pem(f"{kind}PRIVATE KEY", content), passphrase)
    except CertkitError:
        return


SEALED = sealed.seal(b"content", "kettle", b"test")


@settings(deadline=None, max_examples=10)
@given(changed(SEALED), st.text(st.characters(), max_size=5))
def test_no_change_of_what_is_sealed_makes_its_reader_fail_in_another_way(content: bytes, passphrase: str) -> None:
    try:
        assert sealed.open_sealed(content, passphrase, b"test") == b"content"
    except CertkitError:
        return


@given(st.text(st.characters(), max_size=80))
@example("\udc80")
def test_no_text_makes_a_name_fail_in_another_way(text: str) -> None:
    names.label(text)
    names.folded(text)
    for read in (lambda: names.text(text, "person"), lambda: names.slug(text, "team"), lambda: names.parse_host(text)):
        try:
            read()
        except InvalidError:
            continue


def test_too_much_is_refused_before_it_is_read() -> None:
    with pytest.raises(MalformedError) as refused:
        certificates.load_all(bytes(certificates.LARGEST + 1))
    assert refused.value.code == "certificate-too-large"
    with pytest.raises(MalformedError, match="not a certificate request"):
        requests.read(REQUEST + bytes(requests.LARGEST))


def rsa_numbers(bits: int) -> bytes:
    """Write what looks like an RSA key of a size, and would take long to be judged."""
    whole, half = (1 << bits - 1) + 1, (1 << bits // 2 - 1) + 1
    parts = (0, whole, 65537, whole - 2, half, half, half, half, half)
    return der.encode(der.SEQUENCE, *map(der.integer, parts))


@pytest.mark.parametrize("bits", [9600, 16384, 65536])
def test_a_private_key_of_absurd_size_is_refused_before_it_is_judged(bits: int) -> None:
    for content in (pem("RSA PRIVATE KEY", rsa_numbers(bits)), b"x\n" + pem("RSA PRIVATE KEY", rsa_numbers(bits))):
        with pytest.raises(MalformedError, match="larger than any in use") as refused:
            keys.load(content)
        assert refused.value.code == "private-key-too-large"


@pytest.mark.parametrize("modulus", [3072, 8192])
@pytest.mark.parametrize("prime", [4423, 9941])  # Mersenne's: they are prime, and that is hard to prove
def test_a_private_keys_primes_are_measured_before_they_are_proven(modulus: int, prime: int) -> None:
    numbers = (0, (1 << modulus) - 1, 65537, 3, (1 << prime) - 1, 3, 5, 7, 1)
    content = der.encode(der.SEQUENCE, *map(der.integer, numbers))
    with pytest.raises(MalformedError) as refused:  # what is judged first is found not to fit together, after a minute
        keys.load(pem("RSA PRIVATE KEY", content))
    assert refused.value.code == "private-key-too-large"


def encrypted(*cost: int) -> bytes:
    """Write an encrypted key whose opening would take long, or all memory."""
    algorithm = der.encode(
        der.SEQUENCE, der.object_identifier("2.16.840.1.101.3.4.1.42"), der.encode(der.OCTETS, bytes(16))
    )
    name = "1.3.6.1.4.1.11591.4.11" if len(cost) == 3 else "1.2.840.113549.1.5.12"
    parameters = der.encode(der.SEQUENCE, der.encode(der.OCTETS, bytes(16)), *map(der.integer, cost))
    function = der.encode(der.SEQUENCE, der.object_identifier(name), parameters)
    scheme = der.encode(
        der.SEQUENCE,
        der.object_identifier("1.2.840.113549.1.5.13"),
        der.encode(der.SEQUENCE, function, algorithm),
    )
    return pem("ENCRYPTED PRIVATE KEY", der.encode(der.SEQUENCE, scheme, der.encode(der.OCTETS, bytes(160))))


@pytest.mark.parametrize("cost", [(2**30, 8, 1), (2**14, 2**20, 1), (2**14, 8, 2**20), (2**40,)])
def test_an_encrypted_key_that_would_take_all_time_or_memory_is_not_opened(cost: tuple[int, ...]) -> None:
    with pytest.raises(MalformedError, match="takes too long to open"):
        keys.load(encrypted(*cost), b"kettle")


def test_strangers_keys_are_read_in_bounded_time() -> None:
    """All of the above in one process, which is ended if it takes a minute: unbounded, one key takes longer."""
    code = (
        "from tests.pki import test_bounds as t\n"
        "for bits in (9600, 16384, 65536): t.test_a_private_key_of_absurd_size_is_refused_before_it_is_judged(bits)\n"
        "for cost in ((2**14, 8, 2**20), (2**40,)): "
        "t.test_an_encrypted_key_that_would_take_all_time_or_memory_is_not_opened(cost)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_what_an_oversized_key_has_signed_says_nothing() -> None:
    small = certificate()
    huge = rsa.RSAPublicNumbers(65537, (1 << 16384) + 1).public_key()
    assert not keys.can_vouch(huge)
    assert keys.can_vouch(small.public_key())
    assert not keys.can_vouch("no key")


@pytest.mark.parametrize("point", small_order_points(), ids=bytes.hex)
def test_a_key_of_small_order_is_refused_wherever_it_stands(point: bytes) -> None:
    key = ed25519.Ed25519PublicKey.from_public_bytes(point)
    with pytest.raises(RefusedError, match="Ed25519 of small order"):
        keys.check_public(key)
    assert not keys.can_vouch(key)


def test_a_request_by_nobodys_key_is_refused() -> None:
    """The identity point verifies a signature of nothing: anybody can make such a request."""
    identity = (1).to_bytes(32, "little")
    signature = identity + bytes(32)
    info = der.encode(
        der.SEQUENCE,
        der.encode(der.SEQUENCE, der.object_identifier("1.3.101.112")),
        der.encode(b"\x03", b"\0", identity),
    )
    body = der.encode(der.SEQUENCE, der.integer(0), der.encode(der.SEQUENCE), info, der.encode(b"\xa0"))
    algorithm = der.encode(der.SEQUENCE, der.object_identifier("1.3.101.112"))
    made = der.encode(der.SEQUENCE, body, algorithm, der.encode(b"\x03", b"\0", signature))
    with pytest.raises(RefusedError, match="small order"):
        requests.read(made)


def test_an_ordinary_ed25519_key_is_of_no_small_order() -> None:
    for _ in range(50):
        assert keys.check_public(keys.generate("ed25519").public_key())
