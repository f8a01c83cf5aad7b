"""Whether Go can parse a certificate at all (crypto/x509's `ParseCertificate`, Go 1.26), and where it stops.

`AppendCertsFromPEM` passes over what cannot be parsed, and `X509KeyPair` and crypto/tls stop at it. Versions differ in
serial numbers alone that matter: see `has_negative_serial`.
"""

from collections.abc import Callable

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from certkit.pki import go_der, go_names
from certkit.pki.go_der import DerError, Reader, context

RSA, DSA, ECDSA, ED25519 = "1.2.840.113549.1.1.1", "1.2.840.10040.4.1", "1.2.840.10045.2.1", "1.3.101.112"
CURVES: dict[str, ec.EllipticCurve] = {
    "1.3.132.0.33": ec.SECP224R1(),
    "1.2.840.10045.3.1.7": ec.SECP256R1(),
    "1.3.132.0.34": ec.SECP384R1(),
    "1.3.132.0.35": ec.SECP521R1(),
}
"""The curves that Go knows."""

_VERSION_3 = 2
_KEY_OCTETS = 32
_LARGEST_INT = 2**63
_ADDRESSES = (4, 16)
_AIA = "1.3.6.1.5.5.7.1.1"
_DIGITS = b"0123456789"
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ALPHABETS = {
    go_der.T61: frozenset(range(256)),
    go_der.IA5: frozenset(range(128)),
    go_der.NUMERIC: frozenset(_DIGITS + b" "),
    go_der.PRINTABLE: frozenset(_DIGITS + _LETTERS + b"'()+,-./ :=?*&"),
}
_NOT_CHARACTERS = (range(0xD800, 0xE000), range(0xFDD0, 0xFDF0), range(0xFFFE, 0x10000))


def problem(der: bytes) -> str:
    """Say why Go cannot parse a certificate, in a few words; empty if it can. A negative serial number is none."""
    try:
        _certificate(der)
    except DerError as error:
        return str(error)
    return ""


def has_negative_serial(der: bytes) -> bool:
    """Tell whether a certificate has a serial number below zero: Go refuses it since 1.23.

    A program whose go.mod says `go 1.22` or less takes it with any Go (GODEBUG `x509negativeserial`).
    """
    try:
        signed = Reader(der).enter().enter()
        signed.optional(context(0, constructed=True))
        return signed.integer() < 0
    except DerError:
        return False


def _certificate(der: bytes) -> None:
    whole = Reader(der)
    outer = whole.enter()
    if whole.left:
        raise DerError("something follows it")
    signed = outer.enter()
    version = _version(signed)
    signed.integer()
    algorithm = signed.read(go_der.SEQUENCE)
    if outer.read(go_der.SEQUENCE) != algorithm:
        raise DerError("its two signature algorithms differ")
    _identifier(Reader(algorithm))
    _name(signed)
    _validity(signed.enter())
    _name(signed)
    _public_key(signed.enter())
    if version >= 1:
        signed.optional(context(1))
        signed.optional(context(2))
    if version == _VERSION_3 and (found := signed.optional(context(3, constructed=True))) is not None:
        _extensions(Reader(found).enter())
    outer.bits()


def _version(signed: Reader) -> int:
    found = signed.optional(context(0, constructed=True))
    if found is None:
        return 0
    inner = Reader(found)
    version = inner.integer()
    if inner.left or not 0 <= version <= _VERSION_3:
        raise DerError("version")
    return version


def _identifier(reader: Reader) -> tuple[str, bytes]:
    """Read an algorithm's identifier and its parameters, which may be missing."""
    name = reader.object()
    return name, reader.element() if reader.left else b""


def _name(signed: Reader) -> None:
    name = signed.enter()
    while name.left:
        attributes = name.enter(go_der.SET)
        while attributes.left:
            attribute = attributes.enter()
            attribute.object()
            tag = attribute.tag()
            if not _is_text(tag, attribute.read()):
                raise DerError("its subject or issuer is not well formed")


def _is_text(tag: int, value: bytes) -> bool:
    if tag in _ALPHABETS:
        return all(each in _ALPHABETS[tag] for each in value)
    match tag:
        case go_der.UTF8:
            return _decodes(value, "utf-8")
        case go_der.BMP:
            value = value.removesuffix(b"\0\0") if len(value) % 2 == 0 else value
            points = [int.from_bytes(value[place : place + 2]) for place in range(0, len(value), 2)]
            return len(value) % 2 == 0 and not any(each in some for each in points for some in _NOT_CHARACTERS)
    return False


def _decodes(value: bytes, encoding: str) -> bool:
    try:
        value.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _validity(reader: Reader) -> None:
    for _ in range(2):
        tag = reader.tag()
        if not go_der.is_time(tag, reader.read()):
            raise DerError("its dates are not well formed")


def _public_key(reader: Reader) -> None:
    name, parameters = _identifier(reader.enter())
    value = reader.bits()
    match name:
        case _ if name == RSA:
            _rsa(parameters, Reader(value))
        case _ if name == ECDSA:
            _ecdsa(parameters, value)
        case _ if name == ED25519 and (parameters or len(value) != _KEY_OCTETS):
            raise DerError("its Ed25519 key is not well formed")
        case _ if name == DSA:
            numbers = Reader(parameters).enter()
            if min(Reader(value).integer(), *(numbers.integer() for _ in range(3))) <= 0:
                raise DerError("its DSA key is not well formed")


def _rsa(parameters: bytes, key: Reader) -> None:
    if parameters != go_der.NULL:
        raise DerError("its RSA key lacks the NULL parameters")
    numbers = key.enter()
    modulus, exponent = numbers.integer(), numbers.integer()
    if modulus <= 0 or not 0 < exponent < _LARGEST_INT:
        raise DerError("its RSA key is not well formed")


def _ecdsa(parameters: bytes, point: bytes) -> None:
    curve = CURVES.get(Reader(parameters).object())
    if curve is None:
        raise DerError("its key is on an elliptic curve that Go does not know")
    try:
        if point[:1] != b"\x04":
            raise DerError("its elliptic key is not well formed")
        ec.EllipticCurvePublicKey.from_encoded_point(curve, point)
    except ValueError:
        raise DerError("its elliptic key is not well formed") from None


def _extensions(reader: Reader) -> None:
    found: dict[str, tuple[bool, bytes]] = {}
    while reader.left:
        extension = reader.enter()
        name = extension.object()
        critical = extension.boolean() if extension.tag() == go_der.BOOLEAN else False
        value = extension.read(go_der.OCTETS)
        if name in found:
            raise DerError(f"it has two extensions {name}")
        found[name] = critical, value
    for name, (critical, value) in found.items():
        if critical and name in _NEVER_CRITICAL:
            raise DerError(f"its extension {name} is critical, and must not be")
        if judge := _EXTENSIONS.get(name):
            try:
                judge(Reader(value))
            except DerError as error:
                raise DerError(f"its extension {name} is not well formed: {error}") from None


def _basic_constraints(reader: Reader) -> None:
    constraints = reader.enter()
    if constraints.tag() == go_der.BOOLEAN:
        constraints.boolean()
    if constraints.tag() == go_der.INTEGER and not 0 <= constraints.integer() < _LARGEST_INT:
        raise DerError("number")


def _alternative_names(reader: Reader) -> None:
    names = reader.enter()
    while names.left:
        tag = names.tag()
        value = names.read()
        kind = tag ^ 0x80  # as Go tells them apart
        if kind in (1, 2, 6) and not value.isascii():
            raise DerError("a name in it is not ASCII")
        if kind == 6 and not go_names.is_uri(value.decode()):  # noqa: PLR2004  uniformResourceIdentifier
            raise DerError("a URI in it cannot be read")
        if kind == 7 and len(value) not in _ADDRESSES:  # noqa: PLR2004  iPAddress
            raise DerError("an address in it has the wrong length")


def _name_constraints(reader: Reader) -> None:
    constraints = reader.enter()
    both = [constraints.optional(context(number, constructed=True)) for number in (0, 1)]
    if reader.left or constraints.left or not any(both):
        raise DerError("it is empty, or more follows")
    for subtrees in map(Reader, filter(None, both)):
        while subtrees.left:
            subtree = subtrees.enter()
            tag = subtree.tag()
            if not _is_constraint(tag, subtree.read()):
                raise DerError("a name in it cannot be read")


def _is_constraint(tag: int, value: bytes) -> bool:
    if tag == context(7):
        return len(value) in (8, 32) and _is_mask(value[len(value) // 2 :])
    read = _SUBTREES.get(tag)
    return read is None or (value.isascii() and go_names.is_subtree(read(value.decode())))


def _is_mask(mask: bytes) -> bool:
    bits = f"{int.from_bytes(mask):0{8 * len(mask)}b}"
    return "01" not in bits


def _distribution_points(reader: Reader) -> None:
    points = reader.enter()
    while points.left:
        name = points.enter().optional(context(0, constructed=True))
        if name is None:
            continue
        full = Reader(name).enter(context(0, constructed=True))
        while full.tag() == context(6):
            full.read()


def _authority_key(reader: Reader) -> None:
    identifier = reader.enter()
    if identifier.tag() == context(0):
        identifier.read()


def _policies(reader: Reader) -> None:
    policies, seen = reader.enter(), set()
    while policies.left:
        name = policies.enter().read(go_der.OBJECT)
        if name in seen or not _is_object(name):
            raise DerError("a policy in it cannot be read, or stands there twice")
        seen.add(name)


def _is_object(content: bytes) -> bool:
    """Tell whether an identifier is well formed, whatever the size of its arcs."""
    starts = [0, *(place + 1 for place, octet in enumerate(content) if octet < context(0))]
    return bool(content) and starts[-1] == len(content) and all(content[place] != context(0) for place in starts[:-1])


def _policy_mappings(reader: Reader) -> None:
    mappings = reader.enter()
    while mappings.left:
        mapping = mappings.enter()
        mapping.read(go_der.OBJECT)
        mapping.read(go_der.OBJECT)


def _policy_constraints(reader: Reader) -> None:
    constraints = reader.enter()
    for number in (0, 1):
        if constraints.tag() == context(number) and not -_LARGEST_INT <= constraints.integer(context(number)) < (
            _LARGEST_INT
        ):
            raise DerError("number")


def _any_policy(reader: Reader) -> None:
    if not -_LARGEST_INT <= reader.integer() < _LARGEST_INT:
        raise DerError("number")


def _usages(reader: Reader) -> None:
    usages = reader.enter()
    while usages.left:
        usages.object()


def _information_access(reader: Reader) -> None:
    descriptions = reader.enter()
    while descriptions.left:
        description = descriptions.enter()
        description.object()
        if description.tag() == context(6):
            description.read()


_SUBTREES: dict[int, Callable[[str], x509.GeneralName]] = {  # without cryptography's own judgement
    context(1): x509.RFC822Name._init_without_validation,  # noqa: SLF001
    context(2): x509.DNSName._init_without_validation,  # noqa: SLF001
    context(6): x509.UniformResourceIdentifier._init_without_validation,  # noqa: SLF001
}
_SUBJECT_KEY, _AUTHORITY_KEY = "2.5.29.14", "2.5.29.35"
_NEVER_CRITICAL = (_SUBJECT_KEY, _AUTHORITY_KEY, _AIA)
_EXTENSIONS: dict[str, Callable[[Reader], object]] = {
    _SUBJECT_KEY: lambda reader: reader.read(go_der.OCTETS),
    "2.5.29.15": Reader.bits,
    "2.5.29.17": _alternative_names,
    "2.5.29.19": _basic_constraints,
    "2.5.29.30": _name_constraints,
    "2.5.29.31": _distribution_points,
    "2.5.29.32": _policies,
    "2.5.29.33": _policy_mappings,
    _AUTHORITY_KEY: _authority_key,
    "2.5.29.36": _policy_constraints,
    "2.5.29.37": _usages,
    "2.5.29.54": _any_policy,
    _AIA: _information_access,
}
