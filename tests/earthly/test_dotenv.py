"""A .env file says to certkit what it says to Earthly, whose own reader is asked."""

from collections.abc import Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certkit.earthly import dotenv
from certkit.errors import MalformedError
from tests.clients.earthly_reader import EarthlyReader

PIECES = [
    b"A",
    b"B_1",
    b"C.d",
    b"=",
    b":",
    b" ",
    b"\t",
    b"\n",
    b"\r\n",
    b"\r",
    b"#",
    b" # c",
    b"export ",
    b"export",
    b"'",
    b'"',
]
PIECES += [
    b"\\",
    b"\\n",
    b"$A",
    b"${A}",
    b"\\$A",
    b"$(A)",
    b"$",
    b"x y",
    b"tcp://h:1",
    b"-",
    b"\xc3\xa9",
    b"\xa0",
    b"\xc2\xa0",
]
PIECES += [b"\xff", b"\xe2\x80\xa8", b"A=b\n", b'A="b"\n', b"\x0b", b"1"]


@pytest.fixture(scope="module")
def earthly() -> Iterator[EarthlyReader]:
    reader = EarthlyReader()
    yield reader
    reader.close()


def check(earthly: EarthlyReader, content: bytes) -> None:
    answer = earthly.env(content)
    found, problem = read(content)
    assert bool(problem) == bool(answer.error), (content, answer.error)
    assert shown(found) == shown(answer.values), content


def read(content: bytes) -> tuple[Mapping[str, str], str]:
    """Return what certkit reads, or what stops the client."""
    try:
        return dotenv.parse(content), ""
    except MalformedError as error:
        return {}, error.message


def shown(variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables as JSON brings them from Go: bytes that are no text are lost."""
    return {visible(name): visible(value) for name, value in variables.items()}


def visible(value: str) -> str:
    """Return a text with every byte in it that is none replaced."""
    return value.encode(errors="surrogateescape").decode(errors="replace").replace("\ufffd", "?")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n# c\n",
        b"A=b",
        b"export A=b # c\nB='c # d' # e\n",
        b"A: b\n",
        b"A=1\nB=$A-${A}-\\$A-$C\n",
        b'A="1\\n2\\t\\"3"\nB="x\ny"\n',
        b"A=b#c\n",
        b"word",
        b"A=\nB=c\n",
        b"A\nB=c\n",
        b"A b\n",
        b"A-B=c\n",
        b"A='b\n",
        b"<html>",
        b"exported=1\n",
        b"A=b\r\nB=c\r\n",
    ],
)
def test_a_file_is_read_as_earthly_reads_it(earthly: EarthlyReader, content: bytes) -> None:
    check(earthly, content)


@settings(max_examples=500)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join) | st.binary(max_size=20))
def test_any_file_is_read_as_earthly_reads_it(earthly: EarthlyReader, content: bytes) -> None:
    check(earthly, content)


@pytest.mark.parametrize(("content", "line"), [(b"A=b\n\nthis is wrong\n", 3), (b"A=b\nB='open\n", 2), (b"A\n", 1)])
def test_what_stops_the_client_is_told_with_its_line(content: bytes, line: int) -> None:
    with pytest.raises(MalformedError, match=f"^line {line}: ") as refused:
        dotenv.parse(content)
    assert f"line {line}" in refused.value.hint
