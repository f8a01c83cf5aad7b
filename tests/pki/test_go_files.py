"""certkit's idea of how Go loads the three files of mutual TLS, and Go itself, agree on files of every shape."""

import ssl
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certkit.errors import CertkitError, MalformedError
from certkit.pki import certificates, go_certificate, go_files, keys
from certkit.pki.go_keys import UnknownKindError
from certkit.pki.go_pem import Block, blocks
from certkit.pki.keys import EncryptedKeyError
from tests.clients.go_programs import OLD, Loader
from tests.pki.pem_files import MARK, SHAPES, key_forms, of_openssl, pair_of, strange_certificates

FUZZ = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
CERT, KEY = pair_of(keys.generate("p256"))
OTHER, _ = pair_of(keys.generate("p384"))
RSA_CERT, RSA_KEY = pair_of(keys.generate("rsa3072"))


@pytest.fixture(scope="module", params=["", OLD], ids=["this Go", OLD])
def go(request: pytest.FixtureRequest) -> Iterator[Loader]:
    started = Loader(request.param)
    yield started
    started.close()


@pytest.fixture(scope="module")
def newest() -> Iterator[Loader]:
    started = Loader()
    yield started
    started.close()


def loads(read: Callable[[bytes], object], content: bytes) -> bool:
    """Tell whether something reads a file."""
    try:
        read(content)
    except CertkitError:
        return False
    return True


def _agrees(go: Loader, content: bytes, key: bytes = KEY) -> None:
    """Ask Go about a file in the place of each of the three."""
    as_certificate = go.load(content, content, key)
    as_key = go.load(b"", CERT, content)
    assert loads(go_files.authorities, content) is as_certificate.adds_authorities, as_certificate
    assert loads(go_files.chain, content) is _has_certificate(as_certificate.pair), as_certificate.pair
    assert loads(go_files.key, content) is _has_key(as_key.pair), as_key.pair


def _has_certificate(said: str) -> bool:
    """Tell whether it was not the certificate that X509KeyPair stopped at: of a key `tls` itself says what is wrong."""
    return (not said or said.startswith("tls: ")) and "certificate input" not in said


def _has_key(said: str) -> bool:
    return not said or "does not match" in said


@pytest.mark.parametrize("shape", SHAPES)
def test_a_file_loads_here_where_it_loads_in_go(go: Loader, shape: str) -> None:
    for content in (CERT, CERT + OTHER, KEY, CERT + KEY, KEY + CERT):
        _agrees(go, SHAPES[shape](content))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_blocks_are_go_s(go: Loader, shape: str) -> None:
    content = SHAPES[shape](CERT + KEY + OTHER)
    found = [(each.kind, bool(each.headers), each.der) for each in blocks(content)]
    assert found == [each[:3] for each in go.load(content).blocks]


@pytest.mark.parametrize("key_type", ["p256", "p384", "ed25519", "rsa3072"])
def test_a_key_of_every_form_loads_where_it_loads_in_go(go: Loader, key_type: str) -> None:
    made = keys.generate(key_type)
    forms = key_forms(made) if key_type != "ed25519" else {"PKCS#8": keys.to_pem(made)}
    certificate, _ = pair_of(made)
    for form, content in forms.items():
        said = go.load(b"", certificate, content).pair
        assert loads(go_files.key, content) is _has_key(said), (form, said)
        if not said:
            assert keys.matches(go_files.key(content), certificates.load(certificate))


@pytest.mark.parametrize(
    ("kind", "arguments"),
    {
        "ECDSA on secp256k1": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"),
        "ECDSA on brainpoolP256r1": ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"),
        "RSASSA-PSS": ("-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"),
        "Ed448": ("-algorithm", "ED448"),
    }.items(),
)
def test_a_key_that_go_does_not_know_is_called_what_it_is(go: Loader, kind: str, arguments: tuple[str, ...]) -> None:
    certificate, key = of_openssl(*arguments)
    assert go.load(b"", certificate, key).pair
    with pytest.raises(UnknownKindError, match=kind):
        go_files.key(key)


def test_the_curves_that_go_knows_are_keys(go: Loader) -> None:
    for curve in (ec.SECP224R1(), ec.SECP521R1()):
        certificate, key = pair_of(ec.generate_private_key(curve))
        assert go.load(b"", certificate, key).pair == ""
        assert go_files.key(key)


@pytest.mark.parametrize("name", strange_certificates())
def test_a_certificate_parses_here_where_it_parses_in_go(newest: Loader, name: str) -> None:
    content = strange_certificates()[name]
    [(_, _, der, problem)] = newest.load(content).blocks
    assert bool(go_certificate.problem(der)) is bool(problem), problem


def test_one_that_go_cannot_parse_does_not_spoil_a_bundle(go: Loader) -> None:
    strange = strange_certificates()["secp256k1"]
    for content in (strange + CERT, CERT + strange):
        assert go.load(content).adds_authorities
        found = go_files.authorities(content)
        assert [len(found.loaded), len(found.skipped)] == [1, 1]
        assert "elliptic curve that Go does not know" in found.skipped[0].reason


def test_what_follows_the_client_s_certificate_is_not_parsed(go: Loader) -> None:
    strange = strange_certificates()["secp256k1"]
    assert go.load(b"", CERT + strange, KEY).pair == ""
    assert len(go_files.chain(CERT + strange)) == 2
    with pytest.raises(MalformedError, match="line 1 cannot be parsed"):
        go_files.chain(strange + CERT)


def test_an_encrypted_key_is_called_so() -> None:
    forms = key_forms(keys.generate("p256"))
    for form in ("encrypted", "encrypted as of old", "encrypted, then plain"):
        with pytest.raises(EncryptedKeyError):
            go_files.key(forms[form])


ENDS = [b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----", b"-----BEGIN X-----\n", b"\n-----END X-----\n"]
BETWEEN = [b"\n", b"\r\n", b"\r", b" ", b"\t", b"a: b\n", b"x\n", b"-----", b":", b"=", MARK]
LINES = [*CERT.splitlines(keepends=True)[:3], *KEY.splitlines(keepends=True)]
PIECES = st.sampled_from([CERT, KEY, OTHER, RSA_KEY, *BETWEEN, *ENDS, *LINES])


@FUZZ
@given(pieces=st.lists(PIECES, max_size=12))
def test_whatever_is_put_together_is_read_as_go_reads_it(newest: Loader, pieces: list[bytes]) -> None:
    content = b"".join(pieces)
    assert [(each.kind, bool(each.headers), each.der) for each in blocks(content)] == [
        each[:3] for each in newest.load(content).blocks
    ]
    _agrees(newest, content)


@FUZZ
@given(
    base=st.sampled_from([CERT + OTHER, KEY, RSA_KEY, RSA_CERT]),
    changes=st.lists(st.tuples(st.integers(0, 2500), st.integers(0, 4), st.binary(max_size=3)), min_size=1, max_size=4),
)
def test_whatever_is_changed_in_a_file_is_read_as_go_reads_it(
    newest: Loader, base: bytes, changes: list[tuple[int, int, bytes]]
) -> None:
    content = base
    for place, length, more in changes:
        content = content[:place] + more + content[place + length :]
    _agrees(newest, content)


@settings(deadline=None, max_examples=500, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    base=st.sampled_from([CERT, RSA_CERT, *strange_certificates().values()]),
    changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=3),
)
def test_a_certificate_with_other_bytes_parses_where_it_parses_in_go(
    newest: Loader, base: bytes, changes: list[tuple[float, int]]
) -> None:
    [block] = blocks(base)
    der = bytearray(block.der)
    for place, value in changes:
        der[min(int(place * len(der)), len(der) - 1)] = value
    content = ssl.DER_cert_to_PEM_cert(bytes(der)).encode()
    [(_, _, _, problem)] = newest.load(content).blocks
    assert bool(go_certificate.problem(bytes(der))) is bool(problem), problem


HOSTILE = {
    "beginnings": b"-----BEGIN CERTIFICATE-----\n",
    "ends": b"\n-----END CERTIFICATE-----",
    "empty blocks": b"-----BEGIN X-----\n-----END X-----\n",
    "headers": b"-----BEGIN X-----\na:\n\n-----END X-----:\n",
    "dashes": b"-----",
    "marks": MARK + b"-----BEGIN ",
    "one line": b"-----BEGIN CERTIFICATE----- A",
    "escapes": b"\\n",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_megabyte_of_anything_is_read_in_a_moment(kind: str) -> None:
    content = HOSTILE[kind] * (2**20 // len(HOSTILE[kind]))
    for read in (go_files.authorities, go_files.chain, go_files.key):
        assert not loads(read, content)


def test_the_line_of_each_block_is_told() -> None:
    assert [each.line for each in blocks(b"x\n" + CERT + b"\n\n" + KEY)] == [2, 2 + CERT.count(b"\n") + 2]


def test_a_file_of_many_blocks_is_not_mended_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"-----BEGIN X-----\n-----END X-----\n" * 2000 + b" -----BEGIN X-----\r \\n: ----------BEGIN \n"
    read: list[bytes] = []

    def counted(text: bytes) -> Iterator[Block]:
        read.append(text)
        return blocks(text)

    monkeypatch.setattr(go_files, "blocks", counted)
    for load in (go_files.authorities, go_files.chain, go_files.key):
        with pytest.raises(MalformedError, match=r"no (certificate|private key) in it, but X"):
            load(content)
    assert read == [content] * 3
