"""Passphrases of words, which people can read to each other."""

import secrets

from certkit.pki.words import WORDS

COUNT = 10
"""Of 860 words each: 97 bits, more than anybody can try, whatever a guess costs."""


def generate() -> str:
    """Return random words, joined by hyphens."""
    return "-".join(secrets.choice(WORDS) for _ in range(COUNT))
