"""Codes: one line, read however it was sent, and never mistaken for another."""

import contextlib
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certkit.enroll import codes
from certkit.enroll.codes import Code, Server
from certkit.errors import CertkitError, InvalidError, MalformedError

HOSTS = st.sampled_from(["ca.acme.example", "10.0.0.7", "fd00::7", "xn--bcher-kva.example", "localhost"])
SERVERS = st.builds(Server, HOSTS, st.integers(1, 65535))
CODES = st.builds(Code, SERVERS, st.binary(min_size=32, max_size=32), st.binary(min_size=18, max_size=18))
CODE = Code(Server("ca.acme.example", 8443), bytes(range(32)), bytes(range(18)))
ALPHABET = string.ascii_lowercase + "234567"


@given(CODES)
def test_what_was_written_is_read(code: Code) -> None:
    assert codes.is_code(code.text)
    assert codes.parse(code.text) == code
    assert code.text.startswith(f"{code.server.url}/#")
    assert codes.secret_in(code.password) == code.secret


@given(CODES, st.data())
def test_whatever_a_chat_does_to_a_line_makes_no_difference(code: Code, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(code.text)))
    around = data.draw(st.sampled_from(["", "'", '"', "`", "\u201c"]))
    broken = f" {around}{code.text[:place]}\n  {code.text[place:]}{around}\n"
    assert codes.parse(broken) == code
    assert codes.parse(code.text.upper()) == code


@given(CODES, st.data())
def test_what_is_copied_along_makes_no_difference(code: Code, data: st.DataObject) -> None:
    command = data.draw(
        st.sampled_from(["certkit enroll ", "$ uvx certkit enroll '", "Hi Bob, here is your code: ", "<"])
    )
    behind = data.draw(
        st.sampled_from([".", "'", " --for buildctl", ">", "\u200b", f"\nuvx certkit enroll '{code.text}'\n"])
    )
    text = code.text.replace("#", data.draw(st.sampled_from(["#", "%23"])))
    assert codes.is_code(command + text + behind)
    assert codes.parse(command + text + behind) == code


@given(CODES, st.data())
def test_a_code_that_is_broken_behind_a_command_or_lost_its_scheme_is_read(code: Code, data: st.DataObject) -> None:
    place = data.draw(st.integers(code.text.index("#") + 2, len(code.text) - 1))
    assert codes.parse(f"certkit enroll '{code.text[:place]}\n  {code.text[place:]}'") == code
    assert codes.parse(code.text[:place] + "\u200b" + code.text[place:]) == code
    assert codes.is_code(code.text.removeprefix("https://"))
    assert codes.parse(code.text.removeprefix("https://")) == code


@pytest.mark.parametrize(
    "text", ["codes/https", '{"kind": "certkit bundle", "url": "https://a/#b"}', "a.b/#c", "", "bob.certkit"]
)
def test_what_is_no_code_is_taken_for_none(text: str) -> None:
    assert not codes.is_code(text)


@given(st.data())
def test_one_wrong_character_is_noticed_wherever_it_is(data: st.DataObject) -> None:
    text = CODE.text
    place = data.draw(st.integers(len("https://"), len(text) - 1))
    other = data.draw(st.sampled_from(ALPHABET).filter(lambda each: each != text[place]))
    with pytest.raises(MalformedError) as caught:
        codes.parse(text[:place] + other + text[place + 1 :])
    assert caught.value.code in {"code-mistyped", "code-incomplete"}


@given(st.data())
def test_two_characters_in_the_wrong_order_are_noticed(data: st.DataObject) -> None:
    text = CODE.text
    start = text.index("#") + 1
    place = data.draw(st.integers(start, len(text) - 2).filter(lambda each: text[each] != text[each + 1]))
    swapped = text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    with pytest.raises(MalformedError, match="mistyped"):
        codes.parse(swapped)


@pytest.mark.parametrize("text", [CODE.text[:-1], CODE.text[:40], CODE.text + "a", "https://ca.acme.example:8443/"])
def test_a_code_that_was_cut_off_is_told_from_a_mistyped_one(text: str) -> None:
    with pytest.raises(MalformedError, match="incomplete") as caught:
        codes.parse(text)
    assert caught.value.code == "code-incomplete"


def test_a_code_of_a_later_certkit_says_what_to_update(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(codes, "_VERSION", 9)
        later = CODE.text
    with pytest.raises(MalformedError, match="later"):
        codes.parse(later)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    codes.is_code(text)
    for read in (codes.parse, codes.parse_server):
        with contextlib.suppress(CertkitError):
            read(text)


@given(st.text(max_size=60))
def test_any_password_is_a_secret_or_none(text: str) -> None:
    secret = codes.secret_in(text)
    assert secret is None or len(secret) == len(CODE.secret)


@pytest.mark.parametrize(
    "text",
    [
        "ca.acme.example:8443",
        "http://ca.acme.example",
        "https://",
        "https://u:p@ca.acme.example",
        "https://ca.acme.example/path",
        "https://ca.acme.example?query",
        "https://ca.acme.example:0",
        "https://ca.acme.example:65536",
        "https://ca.acme.example:",
        "https://a b",
        "https://[::1",
        "https://fd00::7",
    ],
)
def test_what_is_no_address_of_a_server_is_refused(text: str) -> None:
    with pytest.raises(InvalidError):
        codes.parse_server(text)


def test_a_port_that_is_not_named_is_that_of_https() -> None:
    assert codes.parse_server("https://CA.acme.example/").url == "https://ca.acme.example:443"
    assert codes.parse_server("https://[fd00::7]:8443").url == "https://[fd00::7]:8443"


def test_neither_secret_nor_code_is_shown_by_accident() -> None:
    assert CODE.password not in repr(CODE)
    assert repr(CODE.secret) not in repr(CODE)
