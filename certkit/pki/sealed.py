"""Content encrypted under a passphrase: scrypt (RFC 7914) makes the key, AES-256-GCM (NIST SP 800-38D) encrypts.

    8 bytes  `certkit` and the format's number, 1
    3 bytes  the cost of scrypt: log2 N, r, p
   16 bytes  salt
   12 bytes  nonce
    the rest the ciphertext and its tag of 16 bytes

All of it is authenticated, and so is a label that says what the content is for. Exactly two costs are accepted, so
nobody's file can make its reader work for hours or take all memory: one for what people choose, which has to be slow to
guess, and one for words that were drawn (`diceware`), of which there are more than anybody can try.
"""

import os
import unicodedata
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag

from certkit.errors import MalformedError
from certkit.pki.keys import WrongPassphraseError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_LOG_N, _R, _P = 16, 8, 1  # 64 MB and a quarter of a second
_LOG_N_OF_DRAWN = 4  # 16 kB and less than a tenth of a millisecond
_MAGIC = b"certkit\x01"
_SALT, _NONCE, _TAG = 16, 12, 16
_COST = slice(len(_MAGIC), len(_MAGIC) + 3)
_HEADER = _COST.stop + _SALT + _NONCE


def seal(content: bytes, passphrase: str, label: bytes, *, is_drawn: bool = False) -> bytes:
    """Encrypt content of at most 2 GB; the same `label` is needed to open it.

    `is_drawn` says that the passphrase is one of `diceware.generate`, and no person's choice.
    """
    cost, salt, nonce = _costs()[is_drawn], os.urandom(_SALT), os.urandom(_NONCE)
    header = _MAGIC + cost + salt + nonce
    return header + _cipher(passphrase, salt, cost).encrypt(nonce, content, header + label)


def open_sealed(sealed: bytes, passphrase: str, label: bytes) -> bytes:
    """Decrypt what `seal` made.

    Raises MalformedError if it is something else or cut short, WrongPassphraseError if the passphrase is another or a
    single bit has been changed: nobody can tell these two apart.
    """
    if not sealed.startswith(tuple(_MAGIC + cost for cost in _costs())) or len(sealed) < _HEADER + _TAG:
        raise MalformedError(
            "it is not what certkit has encrypted, or it is cut short", "Fetch the file again.", code="not-sealed"
        )
    header = sealed[:_HEADER]
    salt, nonce = header[-_SALT - _NONCE : -_NONCE], header[-_NONCE:]
    try:
        return _cipher(passphrase, salt, header[_COST]).decrypt(nonce, memoryview(sealed)[_HEADER:], header + label)
    except InvalidTag:
        raise WrongPassphraseError(
            "the passphrase is wrong, or the file has been changed",
            "Try again, or ask for a new file.",
            code="sealed-passphrase-wrong",
        ) from None


def _costs() -> tuple[bytes, bytes]:
    """Return the cost for what people choose, and for what was drawn."""
    return bytes((_LOG_N, _R, _P)), bytes((_LOG_N_OF_DRAWN, _R, _P))


def _cipher(passphrase: str, salt: bytes, cost: bytes) -> "AESGCM":
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM  # what is not encrypted needs neither
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    # One passphrase typed on two keyboards may come as different code points.
    secret = unicodedata.normalize("NFC", passphrase).encode(errors="surrogatepass")
    log_n, r, p = cost
    return AESGCM(Scrypt(salt=salt, length=32, n=1 << log_n, r=r, p=p).derive(secret))
