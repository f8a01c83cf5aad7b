"""The byte-preserving edit, on awkward shapes and on hostile ones."""

import pytest

from certkit.earthly.edit import get_globals, scalars, set_globals, undo
from certkit.earthly.section import Source
from certkit.errors import CertkitError, MalformedError, RefusedError
from tests.earthly.shapes import BLOCK, REFUSALS, SHAPES, VALUES


@pytest.mark.parametrize(("before", "after"), SHAPES.values(), ids=SHAPES)
def test_exactly_these_bytes_come_out(before: str, after: str) -> None:
    assert set_globals(before.encode(), VALUES).decode() == after


@pytest.mark.parametrize(("before", "after"), SHAPES.values(), ids=SHAPES)
def test_undo_gives_the_very_bytes_back(before: str, after: str) -> None:
    assert undo(after.encode(), before.encode(), VALUES).decode() == before


@pytest.mark.parametrize(("before", "after"), SHAPES.values(), ids=SHAPES)
def test_setting_twice_changes_nothing_more(before: str, after: str) -> None:
    del before
    assert set_globals(after.encode(), VALUES).decode() == after


@pytest.mark.parametrize(("before", "kind", "line"), REFUSALS.values(), ids=REFUSALS)
def test_what_cannot_be_edited_safely_is_refused_with_its_line(
    before: str, kind: type[CertkitError], line: str
) -> None:
    with pytest.raises(kind) as caught:
        set_globals(before.encode(), VALUES)
    assert caught.value.message.startswith(line + ":")
    assert caught.value.hint


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "latin-1"])
def test_other_encodings_than_utf_8_are_refused(encoding: str) -> None:
    with pytest.raises(CertkitError, match=r"UTF|character"):
        set_globals("global:\n  é: 1\n".encode(encoding), VALUES)


def test_a_file_too_large_is_refused_before_it_is_read() -> None:
    with pytest.raises(MalformedError, match="larger than"):
        set_globals(b"#" * 300_000, VALUES)


def test_an_alias_bomb_costs_nothing() -> None:
    bomb = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 50))
    assert set_globals(bomb.encode(), VALUES).decode() == bomb + "global:\n" + BLOCK


@pytest.mark.parametrize("host", ["tcp://[2001:db8::1]:8372", "", "true", "1.5", "a: b #c", 'a"b\\c\n', "x:", "~"])
def test_values_that_are_no_plain_text_are_quoted(host: str) -> None:
    for before in (b"global:\n  a: 1\n", b"global: {a: 1}\n"):
        edited = set_globals(before, {"buildkit_host": host})
        assert host in [value for _, value in scalars(edited)]


def test_the_former_values_are_given_as_they_are_written() -> None:
    text = "x: &x old\nglobal:\n  buildkit_host: 'a'\n  tlsca: |- # c\n    b\n\n  tlscert: *x\n  tlskey:\n"
    assert get_globals(text.encode()) == {
        "buildkit_host": "'a'",
        "tlsca": "|-\n    b",
        "tlscert": "*x",
        "tlskey": "",
        "tls_enabled": None,
    }


def test_former_values_come_back_below_comments_that_were_added_since() -> None:
    former = b"global:\n  buildkit_host: |-\n    old\n  tlsca: 'x' # y\n"
    edited = set_globals(former, VALUES).replace(b":8372", b":8372 # new") + b"git: {}\n"
    assert undo(edited, former, VALUES) == (b"global:\n  buildkit_host: |- # new\n    old\n  tlsca: 'x' # y\ngit: {}\n")


def test_taking_out_keys_takes_their_lines() -> None:
    text = b"global:\n  a: 1\n  tlsca: x # c\n  buildkit_host: |\n    y\n\n  b: 2\n  tls_enabled: true"
    assert set_globals(text, dict.fromkeys(VALUES)) == b"global:\n  a: 1\n\n  b: 2"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("{tlsca: x, a: 1}", "{a: 1}"),
        ("{a: 1, tlsca: x}", "{a: 1}"),
        ("{a: 1, tlsca: x,}", "{a: 1,}"),
        ("{a: 1, tlsca: x, buildkit_host: y}", "{a: 1}"),
        ("{a: 1, # c\n  tlsca: x}", "{a: 1, # c\n  }"),
        ("{tlsca: x}", "{}"),
    ],
)
def test_taking_out_keys_from_between_commas(before: str, after: str) -> None:
    edited = set_globals(f"global: {before}\n".encode(), dict.fromkeys(VALUES))
    assert edited.decode() == f"global: {after}\n"


def test_a_source_that_would_change_something_else_is_refused() -> None:
    with pytest.raises(RefusedError, match=r"line 2: .*safely"):
        set_globals(b"global:\n  tlsca: x\n", {"tlsca": Source("y\n  evil: 1")})
