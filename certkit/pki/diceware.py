"""Passphrases of words, which people can read to each other."""

import secrets

WORDS = 6
"""Of 7,776 each: 77 bits, which scrypt makes 93."""


def generate() -> str:
    """Return random words of the EFF's long list, joined by hyphens."""
    # Slow, and needed only where no passphrase is given; it has no types.
    from xkcdpass import xkcd_password  # type: ignore[import-untyped]

    words = xkcd_password.generate_wordlist(wordfile="eff-long", min_length=3, max_length=9)
    return "-".join(secrets.choice(words) for _ in range(WORDS))
