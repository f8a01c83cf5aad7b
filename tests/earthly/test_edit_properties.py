"""The byte-preserving edit over generated configurations: what must hold whatever people write."""

import contextlib
import difflib

import yaml
from hypothesis import assume, example, given, reject, settings
from hypothesis import strategies as st

from certkit.earthly.edit import KEYS, get_globals, set_globals, undo
from certkit.earthly.yaml_scanner import Loader
from certkit.errors import CertkitError
from tests.earthly.generated import configurations, hostile

URLS = st.sampled_from(["tcp://build.acme.example:8372", "tcp://[2001:db8::1]:1", "tcp://10.0.0.9:8372"])


def asked(url: str, team: str) -> dict[str, str | bool]:
    """Return what is to be set."""
    files = {f"tls{each}": f"./certs/{team}/{each}.pem" for each in ("ca", "cert", "key")}
    return {"buildkit_host": url, **files, "tls_enabled": True}


WITH_EMPTY_LINE = "global:\n buildkit_host: |\n   former\n\n   # between, former\n tlsca: former\n"
VALUES = st.builds(asked, URLS, st.sampled_from(["acme", "b2"]))


def edited(text: str, values: dict[str, str | bool]) -> bytes:
    """Edit what can be edited; a refusal ends this example."""
    try:
        return set_globals(text.encode(), values)
    except CertkitError:
        reject()


def data(content: bytes) -> dict[str, object]:
    return yaml.load(content.decode(), Loader=Loader) or {}


def without_keys(found: dict[str, object]) -> dict[str, object]:
    section = found.get("global") or {}
    assert isinstance(section, dict)
    return {**found, "global": {key: value for key, value in section.items() if key not in KEYS}}


@given(configurations(), VALUES)
def test_the_keys_say_what_was_asked_and_everything_else_what_it_said(text: str, values: dict[str, str | bool]) -> None:
    after = data(edited(text, values))
    section = after["global"]
    assert isinstance(section, dict)
    assert {key: section[key] for key in KEYS} == values
    before = data(text.encode())
    assert {"global": {}} | without_keys(after) == {"global": {}} | without_keys(before)


@given(configurations(), VALUES)
@example(WITH_EMPTY_LINE, asked("tcp://build.acme.example:8372", "acme"))
def test_no_line_goes_but_those_of_the_former_values(text: str, values: dict[str, str | bool]) -> None:
    after = edited(text, values).decode()
    old, new = text.splitlines(keepends=True), after.splitlines(keepends=True)
    for kind, start, end, _, _ in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        gone = old[start:end] if kind in ("delete", "replace") else []
        assert all(may_change(line) or line is old[-1] or is_inside(gone, at) for at, line in enumerate(gone)), gone


def is_inside(gone: list[str], at: int) -> bool:
    """Tell whether a line is an empty one within a key's value: lines of that come before and after it."""
    after = next((line for line in gone[at + 1 :] if line.strip()), "")
    return not gone[at].strip() and at > 0 and "former" in after and not any(key in after for key in KEYS)


def may_change(line: str) -> bool:
    """Tell whether a generated line is that of `global` or of a key, or goes on with a key's value."""
    return any(word in line for word in ("global", "former", *KEYS))


@given(configurations(), VALUES)
def test_undo_gives_the_very_bytes(text: str, values: dict[str, str | bool]) -> None:
    assert undo(edited(text, values), text.encode(), values).decode() == text


@given(configurations(), VALUES, VALUES)
def test_two_enrollments_are_undone_one_after_the_other(
    text: str, first: dict[str, str | bool], second: dict[str, str | bool]
) -> None:
    once = edited(text, first)
    twice = edited(once.decode(), second)
    assert undo(undo(twice, once, second), text.encode(), first).decode() == text


@given(configurations(), VALUES, st.text("# x\n", max_size=8))
def test_undo_after_another_edit_gives_the_former_values(
    text: str, values: dict[str, str | bool], comment: str
) -> None:
    after = edited(text, values)
    assume(after.endswith(b"\n"))
    added = "".join(f"# {line}\n" for line in comment.splitlines()).encode()
    undone = undo(after + added, text.encode(), values)
    assert undone.endswith(added)
    assert get_globals(undone) == get_globals(text.encode())
    assert {"global": {}} | without_keys(data(undone)) == {"global": {}} | without_keys(data(text.encode()))


@given(configurations(), VALUES)
def test_setting_twice_is_setting_once(text: str, values: dict[str, str | bool]) -> None:
    once = edited(text, values)
    assert set_globals(once, values) == once


@settings(max_examples=300)
@given(hostile())
def test_whatever_is_read_gives_an_edit_or_a_clear_refusal(content: bytes) -> None:
    values = {"tlsca": "./certs/acme/ca.pem"}
    try:
        after = set_globals(content, values)
    except CertkitError:
        return
    assert undo(after, content, values) == content


def test_the_generator_makes_what_the_edit_takes() -> None:
    """Properties that refusals let pass by would hold of nothing."""
    refused = []

    @settings(max_examples=100, database=None, derandomize=True)
    @given(configurations())
    def try_one(text: str) -> None:
        with contextlib.suppress(CertkitError):
            set_globals(text.encode(), {"tls_enabled": True})
            return
        refused.append(text)

    try_one()
    assert len(refused) < 25
