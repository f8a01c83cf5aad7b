"""Passphrases of words, which people can read to each other."""

import secrets

from certkit.pki.words import WORDS

COUNT = 8
"""Of 860 words each: 78 bits, which scrypt makes 94."""


def generate() -> str:
    """Return random words, joined by hyphens."""
    return "-".join(secrets.choice(WORDS) for _ in range(COUNT))
