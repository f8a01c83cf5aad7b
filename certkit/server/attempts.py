"""Failed attempts, by whatever they are counted for: whoever fails too often is told to wait.."""

import math
from collections import OrderedDict
from dataclasses import dataclass, field

ALLOWED = 10
WINDOW = 600.0
"""Seconds in which so many may fail."""
_REMEMBERED = 10_000


@dataclass
class Attempts:
    """How often each has come of late; `now` is seconds of any clock that never goes back."""

    allowed: int = ALLOWED
    _failures: "OrderedDict[str, list[float]]" = field(default_factory=OrderedDict)

    def count(self, who: str, now: float) -> None:
        """Count one; of very many, whoever came longest ago is forgotten."""
        recent = [*self._recent(who, now), now][-self.allowed :]
        self._failures[who] = recent
        self._failures.move_to_end(who)
        while len(self._failures) > _REMEMBERED:
            self._failures.popitem(last=False)

    def wait(self, who: str, now: float) -> int:
        """Return for how many seconds nothing more is heard from them; 0 if they may try."""
        recent = self._recent(who, now)
        return math.ceil(recent[0] + WINDOW - now) if len(recent) >= self.allowed else 0

    def _recent(self, who: str, now: float) -> list[float]:
        return [each for each in self._failures.get(who, ()) if each > now - WINDOW]
