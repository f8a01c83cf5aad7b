"""Whether Go's `regexp` takes a pattern: the rules of `regexp/syntax`, but for limits of size and classes' names.

Python's `re` is no judge of that: it takes look-around and references, which Go does not, and knows no classes of
Unicode's.
"""

import re
from dataclasses import dataclass

_COUNT = re.compile(r"\{(0|[1-9][0-9]*)(?:(,)(0|[1-9][0-9]*)?)?\}")
_MOST_REPEATS = 1000
_MOST_DIGITS = 5
"""As many as tell a number that is too large."""
_GROUP_NAME = re.compile(r"\(\?P?<[A-Za-z0-9_]+>")
_FLAGS = re.compile(r"\(\?[imsU]*(?:-[imsU]+)?([:)])")
_LITERAL = re.compile(r"\\Q(.*?)(?:\\E|$)", re.DOTALL)
_NAMED_CLASSES = (
    *("alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space", "upper"),
    *("word", "xdigit"),
)
_UNICODE_CLASS = re.compile(r"\\[pP](?:[A-Za-z]|\{\^?[A-Za-z_]+\})")
_ESCAPE = re.compile(
    r"\\(?:([1-7][0-7]{1,2}|0[0-7]{0,2})|x([0-9A-Fa-f]{2})|x\{([0-9A-Fa-f]+)\}|([afnrtv])|([ -/:-@\[-`{-~]))"
)
_CONTROLS = dict(zip("afnrtv", "\a\f\n\r\t\v", strict=True))
_LARGEST_CHARACTER = 0x10FFFF


class _NotGoError(Exception):
    """Something that Go does not take."""


def problem(pattern: str) -> str:
    """Return what Go does not take in a pattern; empty if it takes it."""
    try:
        _Scanner(pattern).scan()
    except _NotGoError as error:
        return str(error)
    return ""


@dataclass
class _Scanner:
    pattern: str
    at: int = 0
    depth: int = 0
    """How many groups are open."""
    can_repeat: bool = False
    """Whether something stands before, in this branch, that can be repeated."""
    is_repeated: bool = False
    """Whether a repetition stands right before."""

    def __post_init__(self) -> None:
        self._last_named_end = self.pattern.rfind(":]")  # or each [: would look for one of its own, to the end

    def scan(self) -> None:
        """Read the pattern to its end."""
        while self.at < len(self.pattern):
            repeats = False
            match self.pattern[self.at]:
                case "(":
                    self._open()
                case ")":
                    self._close()
                case "|":
                    self._go_on(1, can_repeat=False)
                case "*" | "+" | "?":
                    repeats = self._repeat(1)
                case "{" if count := _COUNT.match(self.pattern, self.at):
                    repeats = self._count(count)
                case "[":
                    self._class()
                case "\\":
                    self._escape()
                case _:
                    self._go_on(1)
            self.is_repeated = repeats
        if self.depth:
            raise _NotGoError("a closing ) is missing")

    def _go_on(self, length: int, *, can_repeat: bool = True) -> None:
        self.at += length
        self.can_repeat = can_repeat

    def _open(self) -> None:
        if not self.pattern.startswith("(?", self.at):
            length = 1
        elif found := _GROUP_NAME.match(self.pattern, self.at):
            length = len(found[0])
        elif found := _FLAGS.match(self.pattern, self.at):
            length = len(found[0])
            if found[1] == ")":
                self.at += length
                return
        else:
            raise _NotGoError(f"{self.pattern[self.at : self.at + 4]} begins what Go does not know, as look-around is")
        self.depth += 1
        self._go_on(length, can_repeat=False)

    def _close(self) -> None:
        if not self.depth:
            raise _NotGoError("a ) closes nothing")
        self.depth -= 1
        self._go_on(1)

    def _count(self, count: re.Match[str]) -> bool:
        least, most = (int(digits[:_MOST_DIGITS]) for digits in (count[1], count[3] or count[1]))
        if max(least, most) > _MOST_REPEATS or most < least:
            raise _NotGoError(f"{count[0]} is not a number of repetitions that Go takes")
        return self._repeat(len(count[0]))

    def _repeat(self, length: int) -> bool:
        operator = self.pattern[self.at : self.at + length]
        if self.is_repeated:
            raise _NotGoError(f"{operator} repeats what is repeated already")
        if not self.can_repeat:
            raise _NotGoError(f"{operator} has nothing before it to repeat")
        self.at += length
        if self.pattern.startswith("?", self.at):
            self.at += 1
        return True

    def _class(self) -> None:
        self.at += 2 if self.pattern.startswith("[^", self.at) else 1
        is_first = True
        while is_first or not self.pattern.startswith("]", self.at):
            is_first = False
            if not self._set_in_class():
                self._range()
        self._go_on(1)

    def _set_in_class(self) -> bool:
        """Pass over a set of characters, if one stands here."""
        if not self.pattern.startswith("[:", self.at) or self._last_named_end < self.at + 2:
            return self._set()
        end = self.pattern.index(":]", self.at + 2)
        if self.pattern[self.at + 2 : end].removeprefix("^") not in _NAMED_CLASSES:
            raise _NotGoError(f"{self.pattern[self.at : end + 2]} is no class of characters")
        self.at = end + 2
        return True

    def _range(self) -> None:
        first = self._character()
        if self.pattern.startswith("-", self.at) and self.pattern[self.at + 1 : self.at + 2] not in ("]", ""):
            self.at += 1
            if (last := self._character()) < first:
                raise _NotGoError(f"{first}-{last} is no range of characters")

    def _character(self) -> str:
        """Pass over one character of a class, and return it."""
        if self.at == len(self.pattern):
            raise _NotGoError("a closing ] is missing")
        if self.pattern[self.at] == "\\":
            return self._escaped()
        self.at += 1
        return self.pattern[self.at - 1]

    def _escape(self) -> None:
        if self.pattern[self.at + 1 : self.at + 2] in ("A", "b", "B", "z"):
            self._go_on(2)
        elif literal := _LITERAL.match(self.pattern, self.at):
            self._go_on(len(literal[0]), can_repeat=self.can_repeat or bool(literal[1]))
        else:
            _ = self._set() or self._escaped()
            self.can_repeat = True

    def _set(self) -> bool:
        """Pass over an escape that means a set of characters, if one stands here."""
        following = self.pattern[self.at : self.at + 2]
        if following in (r"\d", r"\D", r"\s", r"\S", r"\w", r"\W"):
            self.at += 2
            return True
        if following not in (r"\p", r"\P"):
            return False
        found = _UNICODE_CLASS.match(self.pattern, self.at)
        if not found:
            raise _NotGoError(f"{following} names no class of characters")
        self.at += len(found[0])
        return True

    def _escaped(self) -> str:
        """Pass over an escape that means one character, and return it."""
        found = _ESCAPE.match(self.pattern, self.at)
        if not found:
            escape = self.pattern[self.at : self.at + 2]
            raise _NotGoError(f"{escape} is no escape of Go's" if len(escape) > 1 else "it ends in a backslash")
        self.at += len(found[0])
        octal, short, long, control, itself = found.groups()
        code = int(octal, 8) if octal else int(short or long or "0", 16)
        if code > _LARGEST_CHARACTER:
            raise _NotGoError(f"{found[0]} is no character")
        return _CONTROLS[control] if control else itself or chr(code)
