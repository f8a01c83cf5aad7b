"""Passphrases of words, which people can read to each other."""

import secrets

from certkit.pki.words import WORDS

COUNT = 9
"""Of 860 words each: 87 bits, which scrypt's least cost in `sealed` makes 97."""


def generate() -> str:
    """Return random words, joined by hyphens."""
    return "-".join(secrets.choice(WORDS) for _ in range(COUNT))
