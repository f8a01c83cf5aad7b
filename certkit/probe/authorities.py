"""The client authorities that a daemon lists in its handshakes, beside those that it should list."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple


class Comparison(NamedTuple):
    """How two lists of names (DER) differ; each name as often as there is one too few or too many of it."""

    missing: tuple[bytes, ...] = ()
    """What should be listed and is not: the daemon does not trust it, or not yet."""
    extra: tuple[bytes, ...] = ()
    """What is listed and should not be: whoever holds its key gets in."""
    duplicated: tuple[bytes, ...] = ()
    """What is listed more often than it should: there may be another authority of the same name."""

    @property
    def is_equal(self) -> bool:
        """Whether the lists hold the same, in whatever order."""
        return not (self.missing or self.extra or self.duplicated)


def compare(listed: Iterable[bytes], expected: Iterable[bytes]) -> Comparison:
    """Compare the authorities that a daemon lists with those that it should list, each with its count."""
    have, want = Counter(listed), Counter(expected)
    too_many = tuple((have - want).elements())
    return Comparison(
        missing=tuple((want - have).elements()),
        extra=tuple(name for name in too_many if name not in want),
        duplicated=tuple(name for name in too_many if name in want),
    )


def words(name: bytes) -> str:
    """Say a name (DER) for people, whoever made it up."""
    from certkit.probe.credentials import words_of  # cryptography, while the network is awaited

    return words_of(name)
