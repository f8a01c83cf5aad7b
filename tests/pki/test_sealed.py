"""What is encrypted under a passphrase opens with it, whole, and with nothing else."""

import hashlib
import math
import resource

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from certkit.errors import MalformedError
from certkit.pki import diceware
from certkit.pki.keys import WrongPassphraseError
from certkit.pki.sealed import open_sealed, seal
from certkit.pki.words import WORDS

LABEL = b"test"
CONTENT = b"a secret"
PASSPHRASE = "correct-kettle-violet"


@pytest.fixture(scope="module")
def sealed() -> bytes:
    return seal(CONTENT, PASSPHRASE, LABEL)


def test_the_passphrase_opens_it(sealed: bytes) -> None:
    assert open_sealed(sealed, PASSPHRASE, LABEL) == CONTENT


def test_the_format_is_what_it_says_and_every_part_of_it_is_used(sealed: bytes) -> None:
    """Opened here by hand, as another program would: the cost, the salt, the nonce, and the header authenticated."""
    header, salt, nonce = sealed[:39], sealed[11:27], sealed[27:39]
    log_n, r, p = sealed[8:11]
    key = hashlib.scrypt(PASSPHRASE.encode(), salt=salt, n=1 << log_n, r=r, p=p, dklen=32, maxmem=2**27)
    assert AESGCM(key).decrypt(nonce, sealed[39:], header + LABEL) == CONTENT
    for less in (header, LABEL, header[8:] + LABEL):
        with pytest.raises(InvalidTag):
            AESGCM(key).decrypt(nonce, sealed[39:], less)


def test_a_guess_takes_64_megabytes_and_half_a_million_blocks(sealed: bytes) -> None:
    log_n, r, p = sealed[8:11]
    assert 128 * (r << log_n) >= 2**26
    assert p * (r << log_n) >= 2**19


def test_words_that_were_drawn_need_no_slow_guess_and_are_more_by_that() -> None:
    words = diceware.generate()
    drawn = seal(CONTENT, words, LABEL, is_drawn=True)
    assert open_sealed(drawn, words, LABEL) == CONTENT
    log_n, r, _ = drawn[8:11]
    assert 128 * (r << log_n) <= 2**14
    assert math.log2(len(WORDS)) * (words.count("-") + 1) > 97
    chosen = drawn[:8] + bytes((16, 8, 1)) + drawn[11:]
    with pytest.raises(WrongPassphraseError):
        open_sealed(chosen, words, LABEL)


def test_salt_and_nonce_are_new_every_time(sealed: bytes) -> None:
    others = [seal(CONTENT, PASSPHRASE, LABEL) for _ in range(2)]
    assert len({each[11:27] for each in (sealed, *others)}) == 3
    assert len({each[27:39] for each in (sealed, *others)}) == 3


def test_nothing_of_the_content_is_seen_and_no_two_are_alike(sealed: bytes) -> None:
    again = seal(CONTENT, PASSPHRASE, LABEL)
    assert CONTENT not in sealed
    assert sealed[11:39] != again[11:39]
    assert sealed[39:] != again[39:]


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE + " ", PASSPHRASE.upper()])
def test_another_passphrase_does_not(sealed: bytes, passphrase: str) -> None:
    with pytest.raises(WrongPassphraseError, match="wrong, or the file has been changed"):
        open_sealed(sealed, passphrase, LABEL)


def test_another_label_does_not(sealed: bytes) -> None:
    with pytest.raises(WrongPassphraseError):
        open_sealed(sealed, PASSPHRASE, b"backup")


def test_a_passphrase_is_the_same_however_its_accents_are_encoded() -> None:
    assert open_sealed(seal(CONTENT, "caf\u00e9", LABEL), "cafe\u0301", LABEL) == CONTENT


@pytest.mark.parametrize("position", [0, 7, 8, 10, 11, 26, 27, 38, 39, 46, 47, 62])
def test_a_change_of_any_part_is_noticed(sealed: bytes, position: int) -> None:
    changed = bytearray(sealed)
    changed[position] ^= 1
    with pytest.raises((WrongPassphraseError, MalformedError)):
        open_sealed(bytes(changed), PASSPHRASE, LABEL)


@pytest.mark.parametrize("length", [0, 1, 8, 38, 39, 54])
def test_what_is_cut_short_is_refused_at_once(sealed: bytes, length: int) -> None:
    with pytest.raises(MalformedError, match="cut short"):
        open_sealed(sealed[:length], PASSPHRASE, LABEL)


def test_what_lacks_its_end_or_has_more_is_refused(sealed: bytes) -> None:
    for other in (sealed[:-1], sealed + b"\0"):
        with pytest.raises(WrongPassphraseError):
            open_sealed(other, PASSPHRASE, LABEL)


@pytest.mark.parametrize("cost", [b"\x1e\x08\x01", b"\x10\xff\x01", b"\x10\x08\xff", b"\x01\x01\x01"])
def test_another_cost_is_refused_before_any_work(sealed: bytes, cost: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("certkit.pki.sealed._cipher", None)  # to use it would be another error
    with pytest.raises(MalformedError):
        open_sealed(sealed[:8] + cost + sealed[11:], PASSPHRASE, LABEL)


def test_a_large_file_costs_a_few_times_its_size_in_memory() -> None:
    content = bytes(range(256)) * 4 * 1024 * 30
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert open_sealed(seal(content, PASSPHRASE, LABEL), PASSPHRASE, LABEL) == content
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 250_000
