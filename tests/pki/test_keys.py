"""Keys are written as others read them, read however others write them, and judged before they are trusted."""

import base64
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, rsa, x25519
from hypothesis import given
from hypothesis import strategies as st

from certkit.errors import CertkitError, MalformedError, RefusedError
from certkit.pki import der, keys, sealed

PKCS8 = b"-----BEGIN PRIVATE KEY-----"
ENCRYPTED = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


@pytest.fixture(scope="module", params=keys.KEY_TYPES)
def key(request: pytest.FixtureRequest) -> keys.PrivateKey:
    """Make a key of every type in turn."""
    return keys.generate(request.param)


def test_a_key_of_each_type_is_of_the_kind_and_size_its_name_says() -> None:
    described = {key_type: keys.describe(keys.generate(key_type).public_key()) for key_type in keys.KEY_TYPES}
    assert described == {
        "p256": "ECDSA on secp256r1",
        "p384": "ECDSA on secp384r1",
        "ed25519": "Ed25519",
        "rsa3072": "RSA with 3072 bits",
        "rsa4096": "RSA with 4096 bits",
    }


def test_a_key_is_written_as_pkcs8_and_read_again(key: keys.PrivateKey) -> None:
    pem = keys.to_pem(key)
    assert pem.startswith(PKCS8)
    assert keys.to_pem(keys.load(pem)) == pem


def test_openssl_reads_what_is_written_clear_and_encrypted(key: keys.PrivateKey) -> None:
    for pem in (keys.to_pem(key), keys.to_pem(key, b"kettle")):
        subprocess.run(["openssl", "pkey", "-noout", "-passin", "pass:kettle"], input=pem, check=True)


def test_an_encrypted_key_opens_with_its_passphrase_alone(key: keys.PrivateKey) -> None:
    pem = keys.to_pem(key, b"kettle")
    assert pem.startswith(ENCRYPTED)
    assert keys.public_pin(keys.load(pem, b"kettle").public_key()) == keys.public_pin(key.public_key())
    with pytest.raises(keys.EncryptedKeyError, match="the key is encrypted"):
        keys.load(pem)
    with pytest.raises(keys.EncryptedKeyError):
        keys.load(pem, b"")
    with pytest.raises(keys.WrongPassphraseError, match="does not open the key"):
        keys.load(pem, b"Kettle")


def test_a_passphrase_that_a_clear_key_does_not_want_is_ignored(key: keys.PrivateKey) -> None:
    assert keys.load(keys.to_pem(key), b"kettle").public_key() == key.public_key()


@pytest.mark.parametrize("key_type", ["p256", "p384", "rsa3072"])
def test_the_older_forms_of_keys_are_read(key_type: str) -> None:
    key = keys.generate(key_type)
    older = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    assert older.startswith((b"-----BEGIN EC PRIVATE KEY-----", b"-----BEGIN RSA PRIVATE KEY-----"))
    assert keys.to_pem(keys.load(older)) == keys.to_pem(key)


def test_an_empty_passphrase_never_means_an_unencrypted_key() -> None:
    with pytest.raises(RefusedError, match="passphrase"):
        keys.to_pem(keys.generate("p256"), b"")


def test_a_passphrase_that_the_format_cannot_take_is_refused_in_words() -> None:
    longest = b"x" * 1023
    key = keys.generate("p256")
    assert keys.load(keys.to_pem(key, longest), longest)
    with pytest.raises(RefusedError, match="longer than 1023 bytes"):
        keys.to_pem(key, longest + b"x")


@pytest.mark.parametrize("passphrase", [None, b"kettle"])
@pytest.mark.parametrize("cut", [0, 1, 40, 100, -30])
def test_a_key_that_is_cut_short_is_told_to_be_none(cut: int, passphrase: bytes | None) -> None:
    pem = keys.to_pem(keys.generate("p256"))
    with pytest.raises(MalformedError, match="not a private key in PEM form"):
        keys.load(pem[:cut], passphrase)


@given(st.binary(max_size=300), st.none() | st.binary(min_size=1, max_size=8))
def test_no_bytes_make_the_reader_fail_in_another_way(content: bytes, passphrase: bytes | None) -> None:
    for pem in (content, PKCS8 + b"\n" + content + b"\n-----END PRIVATE KEY-----\n"):
        with pytest.raises(CertkitError):
            keys.load(pem, passphrase)


def test_a_certificate_is_no_key_and_a_key_of_an_unknown_kind_is_named_so() -> None:
    with pytest.raises(MalformedError):
        keys.load(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    other = x25519.X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(MalformedError, match="kind is not supported"):
        keys.load(other)


def test_every_public_key_that_certkit_makes_is_accepted(key: keys.PrivateKey) -> None:
    assert keys.check_public(key.public_key()) == key.public_key()


@pytest.mark.parametrize(
    ("public_key", "described"),
    [
        (rsa.generate_private_key(65537, 2048).public_key(), "RSA with 2048 bits"),
        (rsa.generate_private_key(3, 3072).public_key(), "RSA with 3072 bits and exponent 3"),
        (ec.generate_private_key(ec.SECP224R1()).public_key(), "ECDSA on secp224r1"),
        (ec.generate_private_key(ec.SECP256K1()).public_key(), "ECDSA on secp256k1"),
        (ed448.Ed448PrivateKey.generate().public_key(), "Ed448"),
        (dsa.generate_private_key(1024).public_key(), "DSA"),
        ("no key", "str"),
    ],
)
def test_a_weak_or_an_odd_public_key_is_refused_by_its_name(public_key: object, described: str) -> None:
    with pytest.raises(RefusedError, match=rf"not accepted: {described}\Z"):
        keys.check_public(public_key)


def test_a_pin_is_what_openssl_computes(key: keys.PrivateKey) -> None:
    command = "openssl pkey -pubout -outform DER | openssl dgst -sha256 -binary"
    done = subprocess.run(["sh", "-c", command], input=keys.to_pem(key), stdout=subprocess.PIPE, check=True)
    assert keys.public_pin(key.public_key()) == done.stdout


def test_a_guess_at_an_authoritys_passphrase_costs_as_much_as_at_what_is_sealed() -> None:
    """The product of scrypt's three parameters is the work of one guess; OpenSSL's default is a thousandth of it."""
    pem = keys.to_pem(keys.generate("p256"), b"kettle")
    body = base64.b64decode(b"".join(pem.splitlines()[1:-1]))
    assert der.object_identifier("1.3.6.1.4.1.11591.4.11") in body
    cost = b"".join(map(der.integer, (2**14, 8, 4)))
    assert cost in body
    log_n, r, p = sealed.seal(b"", "kettle", b"")[8:11]
    assert 2**14 * 8 * 4 >= 2**log_n * r * p >= 2**16 * 8


def test_no_two_encryptions_of_a_key_share_anything() -> None:
    key = keys.generate("p256")
    one, other = (base64.b64decode(b"".join(keys.to_pem(key, b"k").splitlines()[1:-1])) for _ in range(2))
    (_, salt_one), (_, salt_other) = ((each, each[each.index(b"\x04\x10") + 2 :][:16]) for each in (one, other))
    assert salt_one != salt_other
    assert one[-100:] != other[-100:]
    vectors = {each[each.rindex(b"\x04\x10", 0, 100) + 2 :][:16] for each in (one, other)}
    assert len(vectors) == 2


def test_keys_that_were_encrypted_by_pbkdf2_are_still_read(key: keys.PrivateKey) -> None:
    former = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"kettle"),
    )
    assert keys.load(former, b"kettle").public_key() == key.public_key()
    with pytest.raises(keys.WrongPassphraseError):
        keys.load(former, b"Kettle")


def test_openssl_refuses_another_passphrase() -> None:
    pem = keys.to_pem(keys.generate("p256"), b"kettle")
    command = ["openssl", "pkey", "-noout", "-passin", "pass:Kettle"]
    assert subprocess.run(command, input=pem, capture_output=True, check=False).returncode
