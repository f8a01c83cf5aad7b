"""Read a `.env` file as Earthly does: by the rules of github.com/joho/godotenv, trap by trap.

They are not a shell's: a name may be followed by a colon, `$NAME` is replaced by what the file itself has set before,
and a last line without an equals sign is no mistake. Names are judged byte by byte, as if they were in Latin-1.
"""

import re
from collections.abc import Mapping

from certkit.errors import MalformedError

_ANY_BLANKS = re.compile(
    rb"(?:[\t\n\v\f\r ]|\xc2[\x85\xa0]|\xe1\x9a\x80|\xe2\x80[\x80-\x8a\xa8\xa9\xaf]|\xe2\x81\x9f|\xe3\x80\x80)*"
)
_BLANKS = re.compile(rb"(?:[\t\v\f\r ]|\xc2[\x85\xa0])*")
_END_OF_NAME = re.compile(rb"(?:[\t\n\v\f\r ]|\xc2[\x85\xa0])*\Z")
_BLANK_CHARS = "\t\v\f\r \x85\xa0"
_VARIABLE = re.compile(r"(\\)?\$\(?\{?([A-Z0-9_]+)?\}?", re.ASCII)
_SURROGATE = re.compile("[\udc80-\udcff]")


def parse(content: bytes) -> Mapping[str, str]:
    """Return the variables of a file; raise MalformedError, with the line, for what the client stops at."""
    return _Parser(content.replace(b"\r\n", b"\n")).parse()


class _Parser:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = 0
        self.variables: dict[str, str] = {}

    def parse(self) -> Mapping[str, str]:
        while self._find_statement():
            name = self._name()
            self.variables[name] = self._value()
        return self.variables

    def _find_statement(self) -> bool:
        """Skip blanks, blank lines and comments; tell whether there is more."""
        while True:
            self._skip(_ANY_BLANKS)
            if self.content[self.at : self.at + 1] != b"#":
                return self.at < len(self.content)
            self.at = self._end_of_line()

    def _name(self) -> str:
        start = self.at
        self._skip(_BLANKS)
        if self.content.startswith(b"export", self.at) and self._blanks_at(self.at + len(b"export")):
            self.at += len(b"export")
            self._skip(_BLANKS)
        if self.at == len(self.content):
            raise self._malformed(start, "nothing follows export")
        for place in range(self.at, len(self.content)):
            char = chr(self.content[place])
            if char in "=:":
                name = _END_OF_NAME.sub(b"", self.content[self.at : place])
                self.at = place + 1
                self._skip(_BLANKS)
                return _text(name)
            if char not in _BLANK_CHARS and char not in "_." and not (char.isalpha() or char.isnumeric()):
                raise self._malformed(start, "this is not NAME=value")
        self._skip(_BLANKS)
        return ""

    def _value(self) -> str:
        quote = self.content[self.at : self.at + 1]
        return self._quoted(quote) if quote in (b"'", b'"') else self._unquoted()

    def _unquoted(self) -> str:
        found = re.compile(rb"[\r\n]").search(self.content, self.at)
        end = found.start() if found else len(self.content)
        line = _SURROGATE.sub("\ufffd", _text(self.content[self.at : end]))
        self.at = end
        for place in range(len(line) - 1, 0, -1):
            if line[place] == "#" and line[place - 1] in _BLANK_CHARS:
                line = line[:place]
                break
        return self._expanded(line.strip(_BLANK_CHARS))

    def _quoted(self, quote: bytes) -> str:
        start = self.at
        end = start + 1
        while (end := self.content.find(quote, end)) >= 0:
            if self.content[end - 1 : end] != b"\\":
                break
            end += 1
        else:
            raise self._malformed(start, "a quoted value does not end")
        self.at = end + 1
        value = _text(self.content[start:end].strip(quote))
        return self._expanded(_unescaped(value)) if quote == b'"' else value

    def _expanded(self, value: str) -> str:
        def replacement(found: re.Match[str]) -> str:
            if found[1]:
                return found[0][1:]
            return self.variables.get(found[2], "") if found[2] else found[0]

        return _VARIABLE.sub(replacement, value)

    def _skip(self, blanks: re.Pattern[bytes]) -> None:
        found = blanks.match(self.content, self.at)
        self.at = found.end() if found else self.at

    def _blanks_at(self, place: int) -> bool:
        found = _BLANKS.match(self.content, place)
        return found is not None and found.end() > place

    def _end_of_line(self) -> int:
        end = self.content.find(b"\n", self.at)
        return end if end >= 0 else len(self.content)

    def _malformed(self, place: int, problem: str) -> MalformedError:
        line = self.content.count(b"\n", 0, place) + 1
        remedy = f"Correct line {line}, or put # before it."
        return MalformedError(f"line {line}: {problem}", remedy, code="env-file-malformed", line=line)


def _unescaped(value: str) -> str:
    for_lines = {"n": "\n", "r": "\r"}
    lines = re.sub(r"\\(.)", lambda found: for_lines.get(found[1], found[0]), value)
    return re.sub(r"\\([^$])", r"\1", lines)


def _text(content: bytes) -> str:
    return content.decode(errors="surrogateescape")
