"""Cut a YAML text into tokens as Earthly's parser does: PyYAML's scanner, by the rules of gopkg.in/yaml.v3.

Both descend from libyaml. They differ in tabs, in flow style, in escapes, in tags and directives, and in how far they
look ahead; each method here says in what.
"""

import re
from typing import TYPE_CHECKING, Final

import yaml
from yaml.scanner import ScannerError

if TYPE_CHECKING:
    from collections.abc import Sequence

_ENDS: Final = "\0\r\n\x85\u2028\u2029"
_BLANK_ENDS: Final = "\0 \t\r\n\x85\u2028\u2029"
_LOOK_AHEAD = 3
"""Tokens that yaml.v3 reads before it uses one, so that comments find their place."""

SUPPORTED = (1, 1)
"""The only version that a `%YAML` directive may name; the scanner passes any other on as 1.0."""

_URI = r"(?:[\w;/?:@&=+$,.!~*'()\[\]-]|%[0-9A-Fa-f]{2})"
_TAG = rf"(?a)!<({_URI}+)>|(![\w-]*!)({_URI}+)|!(?![\w-]*!)({_URI}*)"
_VERSION = r"(?a)%YAML[ \t]+(\d{1,2})\.(\d{1,2})(?=\D|$)[ \t]*(?:#.*)?"
_TAG_DIRECTIVE = rf"(?a)%TAG[ \t]+(!(?:[\w-]*!)?)[ \t]+({_URI}+)(?:[ \t]+(?:#.*)?)?"
_ESCAPED = r"(?:%[0-9A-Fa-f]{2})+"


_WITHOUT_COMMENT = (
    yaml.BlockEntryToken,
    yaml.DirectiveToken,
    yaml.DocumentStartToken,
    yaml.DocumentEndToken,
    yaml.StreamStartToken,
    yaml.StreamEndToken,
)
"""Tokens behind which a comment belongs to what follows."""

_ESCAPES = {**yaml.SafeLoader.ESCAPE_REPLACEMENTS, "'": "'"}
_ESCAPES.pop("/")  # JSON's, which yaml.v3 does not know


class Loader(yaml.SafeLoader):
    """PyYAML's loader with yaml.v3's scanner."""

    ESCAPE_REPLACEMENTS = _ESCAPES  # type: ignore[misc]  # the stubs call it final

    def scan_line_break(self) -> str:
        """Leave it to PyYAML."""
        return str(super().scan_line_break())  # type: ignore[no-untyped-call]  # its stubs forget the type

    def need_more_tokens(self) -> bool:
        """Look ahead as far as yaml.v3 does: what stands there is read, though it may be another document."""
        if not self.done and len(self.tokens) < _LOOK_AHEAD:
            return True
        return bool(super().need_more_tokens())

    def fetch_more_tokens(self) -> None:
        """Skip a comment on the line of a token with whatever tabs are before it."""
        super().fetch_more_tokens()
        last = self.tokens[-1]
        is_block_scalar = isinstance(last, yaml.ScalarToken) and last.style in ("|", ">")
        if isinstance(last, _WITHOUT_COMMENT) or is_block_scalar or last.end_mark.line != self.line:
            return
        length = 0
        while self.peek(length) in " \t":
            length += 1
        if self.peek(length) == "#":
            self._skip_line()

    def fetch_flow_collection_end(self, token_class: type[yaml.Token]) -> None:
        """Take a bracket that closes nothing for no way into flow style."""
        super().fetch_flow_collection_end(token_class)
        self.flow_level = max(0, self.flow_level)

    def scan_to_next_token(self) -> None:
        """Skip tabs too, where no key can begin: PyYAML skips none."""
        if self.index == 0 and self.peek() == "\ufeff":
            self.forward()
        while True:
            while self.peek() == " " or (self.peek() == "\t" and (self.flow_level or not self.allow_simple_key)):
                self.forward()
            if self.peek() == "#":
                self._skip_line()
            if not self.scan_line_break():
                return
            if not self.flow_level:
                self.allow_simple_key = True

    def scan_plain(self) -> yaml.ScalarToken:
        """Take tabs between words, and in flow style a colon with a bracket or comma behind it."""
        chunks: list[str] = []
        start = end = self.get_mark()
        spaces: Sequence[str] = ()
        is_folded = False
        while not self._is_document_marker() and self.peek() != "#":
            word = self._plain_word()
            if not word:
                break
            self.allow_simple_key = False
            chunks += [*spaces, word]
            end = self.get_mark()
            spaces, is_folded = self._plain_blanks(start)
            if not spaces and not is_folded:
                break
            if not self.flow_level and self.column < self.indent + 1:
                break
        if is_folded:
            self.allow_simple_key = True
        return yaml.ScalarToken("".join(chunks), plain=True, start_mark=start, end_mark=end)

    def _plain_word(self) -> str:
        length = 0
        while (char := self.peek(length)) not in _BLANK_ENDS:
            if char == ":" and self.peek(length + 1) in _BLANK_ENDS:
                break
            if self.flow_level and char in ",?[]{}":
                break
            length += 1
        word = self.prefix(length)
        self.forward(length)
        return str(word)

    def _plain_blanks(self, start: yaml.Mark) -> tuple["Sequence[str]", bool]:
        """Skip blanks and line breaks; return what they come to before more words, and whether there was a break."""
        blanks = self._skip_blanks()
        first = self.scan_line_break()
        if not first:
            return ([blanks] if blanks else []), False
        breaks: list[str] = []
        while self.peek() in " \t\r\n\x85\u2028\u2029":
            if self.peek() == "\t" and self.column < self.indent + 1:
                problem = "found a tab character that violates indentation"
                raise ScannerError("while scanning a plain scalar", start, problem, self.get_mark())
            if self.peek() in " \t":
                self.forward()
            else:
                breaks.append(self.scan_line_break())
        if first != "\n":
            return [first, *breaks], True
        return breaks or [" "], True

    def scan_block_scalar_indicators(self, start_mark: yaml.Mark) -> tuple[bool | None, int | None]:
        """Leave it to the rest of the line what may follow the indicators: a tab may."""
        chomping = increment = ""
        for char in self.prefix(2):
            if char in "+-" and not chomping:
                chomping = char
            elif char in "0123456789" and not increment:
                increment = char
            else:
                break
        if increment == "0":
            problem = "found an indentation indicator equal to 0"
            raise ScannerError("while scanning a block scalar", start_mark, problem, self.get_mark())
        self.forward(len(chomping) + len(increment))
        return {"+": True, "-": False}.get(chomping), int(increment) if increment else None

    def scan_block_scalar_ignored_line(self, start_mark: yaml.Mark) -> None:
        """Skip tabs too."""
        self._skip_blanks()
        super().scan_block_scalar_ignored_line(start_mark)

    def scan_block_scalar_indentation(self) -> tuple[list[str], int, yaml.Mark]:
        """Refuse a tab that could be indentation."""
        chunks, max_indent, end = super().scan_block_scalar_indentation()
        self._refuse_tab(end)
        return chunks, max_indent, end

    def scan_block_scalar_breaks(self, indent: int) -> tuple[list[str], yaml.Mark]:
        """Refuse a tab that could be indentation."""
        chunks, end = super().scan_block_scalar_breaks(indent)
        if self.column < indent:
            self._refuse_tab(end)
        return chunks, end

    def _refuse_tab(self, start: yaml.Mark) -> None:
        if self.peek() == "\t":
            problem = "found a tab character where an indentation space is expected"
            raise ScannerError("while scanning a block scalar", start, problem, self.get_mark())

    def scan_flow_scalar(self, style: str) -> yaml.ScalarToken:
        """Refuse escapes for what is no character."""
        start = self.get_mark()
        try:
            token = super().scan_flow_scalar(style)
            token.value.encode()
        except (ValueError, OverflowError):  # chr's, or a surrogate
            problem = "found invalid Unicode character escape code"
            raise ScannerError("while parsing a quoted scalar", start, problem, self.get_mark()) from None
        return token

    def scan_tag(self) -> yaml.TagToken:
        """Take what follows `!` for a handle only if it is one, and a tab behind the tag."""
        start = self.get_mark()
        found = re.compile(_TAG).match(self.buffer, self.pointer)
        if not found:
            raise ScannerError("while parsing a tag", start, "did not find expected tag URI", start)
        verbatim, handle, suffix, rest = found.groups()
        value: tuple[str | None, str]
        self.forward(len(found[0]))
        if self.peek() not in _BLANK_ENDS:
            problem = "did not find expected whitespace or line break"
            raise ScannerError("while scanning a tag", start, problem, self.get_mark())
        if verbatim:
            value = (None, self._unescaped(verbatim, start))
        elif handle:
            value = (handle, self._unescaped(suffix, start))
        else:
            value = ("!", self._unescaped(rest, start)) if rest else (None, "!")
        return yaml.TagToken(value, start, self.get_mark())

    def scan_directive(self) -> yaml.DirectiveToken:
        """Refuse directives that are not known, and take tabs in those that are."""
        start = self.get_mark()
        length = 0
        while self.peek(length) not in _ENDS:
            length += 1
        line = self.prefix(length)
        name: str
        value: tuple[object, object]
        if version := re.fullmatch(_VERSION, line):
            # PyYAML judges the version only in part; whoever decodes the document does so with its line.
            name, value = "YAML", SUPPORTED if tuple(map(int, version.groups())) == SUPPORTED else (1, 0)
        elif tag := re.fullmatch(_TAG_DIRECTIVE, line):
            name, value = "TAG", (tag[1], self._unescaped(tag[2], start))
        else:
            raise ScannerError("while scanning a directive", start, "found an unknown or malformed directive", start)
        self.forward(length)
        end = self.get_mark()
        self.scan_line_break()
        return yaml.DirectiveToken(name, value, start, end)

    def _unescaped(self, uri: str, start: yaml.Mark) -> str:
        try:
            return re.sub(_ESCAPED, lambda found: bytes.fromhex(found[0].replace("%", "")).decode(), uri)
        except UnicodeDecodeError:
            problem = "found an incorrect UTF-8 octet"
            raise ScannerError("while parsing a tag", start, problem, self.get_mark()) from None

    def _skip_blanks(self) -> str:
        length = 0
        while self.peek(length) in " \t":
            length += 1
        blanks = self.prefix(length)
        self.forward(length)
        return str(blanks)

    def _skip_line(self) -> None:
        while self.peek() not in _ENDS:
            self.forward()

    def _is_document_marker(self) -> bool:
        return self.column == 0 and self.prefix(3) in ("---", "...") and self.peek(3) in _BLANK_ENDS
