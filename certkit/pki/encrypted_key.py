"""Private keys under a passphrase: PKCS#8 with PBES2 and scrypt (RFC 5958, RFC 8018, RFC 7914), AES-256-CBC.

`cryptography` writes PBKDF2 with 2,048 rounds, as OpenSSL does: 1,800 guesses a second on one core. Here a guess costs
as much as at what certkit seals (`sealed`), and `openssl pkey` still opens it: with more memory it would refuse.
"""

import base64
import os
import re

from certkit.pki import der

_N, _R, _P = 2**14, 8, 4  # 16 MB; OpenSSL allows 32
_PBES2, _SCRYPT = "1.2.840.113549.1.5.13", "1.3.6.1.4.1.11591.4.11"
_AES_256_CBC = "2.16.840.1.101.3.4.1.42"
_SALT, _KEY, _BLOCK = 16, 32, 16

_LARGEST_DER = 5000  # an RSA key of 8,192 bits takes 4,800
_MOST_MEMORY = 2**27
_MOST_WORK = 2**24  # blocks of scrypt: half a minute
_MOST_ROUNDS = 10_000_000
_NAME = b"ENCRYPTED PRIVATE KEY"
_PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----(.*?)(?:-----END|\Z)", re.DOTALL)


def to_pem(pkcs8: bytes, passphrase: bytes) -> bytes:
    """Encrypt a key in DER (PKCS#8) under a passphrase that is not empty."""
    # They load OpenSSL's bindings, which no command that only reads needs.
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
    from cryptography.hazmat.primitives.padding import PKCS7

    salt, vector = os.urandom(_SALT), os.urandom(_BLOCK)
    secret = Scrypt(salt=salt, length=_KEY, n=_N, r=_R, p=_P).derive(passphrase)
    padder, encryptor = PKCS7(8 * _BLOCK).padder(), Cipher(algorithms.AES256(secret), modes.CBC(vector)).encryptor()
    sealed = encryptor.update(padder.update(pkcs8) + padder.finalize()) + encryptor.finalize()
    cost = der.encode(der.SEQUENCE, der.encode(der.OCTETS, salt), *map(der.integer, (_N, _R, _P)))
    scheme = der.encode(
        der.SEQUENCE, _algorithm(_SCRYPT, cost), _algorithm(_AES_256_CBC, der.encode(der.OCTETS, vector))
    )
    content = der.encode(der.SEQUENCE, _algorithm(_PBES2, scheme), der.encode(der.OCTETS, sealed))
    text = base64.b64encode(content)
    lines = b"\n".join(text[place : place + 64] for place in range(0, len(text), 64))
    return b"-----BEGIN %s-----\n%s\n-----END %s-----\n" % (_NAME, lines, _NAME)


def is_bounded(pem: bytes) -> bool:
    """Tell whether every key in a PEM file is of a size, and under a cost, that reading it takes no long time."""
    return all(_is_bounded(name, body) for name, body in _PEM.findall(pem))


def _is_bounded(name: bytes, body: bytes) -> bool:
    if len(body) > 2 * _LARGEST_DER:
        return False
    try:
        content = base64.b64decode(body)
        return len(content) <= _LARGEST_DER and (name != _NAME or _costs_little(content))
    except (ValueError, IndexError):
        return True  # it is no key, and its reader will say so


def _costs_little(content: bytes) -> bool:
    scheme = der.split(der.content(content))[0]
    name, parameters = der.split(der.content(scheme))
    if name != der.object_identifier(_PBES2):
        return True  # schemes of old, with a fixed cost or one in their own form
    function, cost = der.split(der.content(der.split(der.content(parameters))[0]))
    _, *numbers = der.split(der.content(cost))
    values = [int.from_bytes(der.content(each)) for each in numbers[:3]]
    if function == der.object_identifier(_SCRYPT):
        n, r, p = values
        return 128 * n * r <= _MOST_MEMORY and n * r * p <= _MOST_WORK
    return values[0] <= _MOST_ROUNDS


def _algorithm(name: str, parameters: bytes) -> bytes:
    return der.encode(der.SEQUENCE, der.object_identifier(name), parameters)
