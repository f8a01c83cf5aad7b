"""A call as it has arrived, checked: nothing in it means more than it says, whoever has written it."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple

from certkit.cli.remote.offer import File, Offer, Options, Parameter
from certkit.errors import MalformedError

_WIDEST = 1000
_MOST_ANSWERS = 20


class Received(NamedTuple):
    """What a lead wants, and what is known of where they sit."""

    offer: Offer
    options: Options
    files: Mapping[str, bytes]
    """What the files hold that come with it, by option."""
    columns: int
    is_attended: bool
    answers: list[bool]


def read(offer: Offer, call: Mapping[str, Any]) -> Received:
    """Check a call of a command; raise MalformedError for what is none."""
    named = {each.name: each for each in offer.parameters()}
    options = {name: value for name, value in call["options"].items() if value is not None}
    for name, value in options.items():
        if name not in named:
            raise _wrong(f"{offer.name} has no option {name!r}")
        _check(named[name], value)
    sent = {name: _content(name, content) for name, content in call["files"].items()}
    read = {name for name, each in named.items() if each.file is File.READ and name in options}
    if sent.keys() != read:
        raise _wrong(f"these files are to come with it: {', '.join(sorted(read)) or 'none'}")
    columns, answers = call.get("columns", 0), call.get("answers", [])
    if type(columns) is not int or not 0 <= columns <= _WIDEST:
        raise _wrong("columns is a number")
    if not isinstance(answers, list) or len(answers) > _MOST_ANSWERS or not all(type(each) is bool for each in answers):
        raise _wrong("answers are true or false")
    return Received(offer, options, sent, columns, call.get("attended") is True, answers)


def _check(parameter: Parameter, value: object) -> None:
    """Raise MalformedError for a value that is not of an option's kind; which of these are good, its command says."""
    if parameter.is_flag:
        if type(value) is not bool:
            raise _wrong(f"{parameter.name} is true or false")
        return
    values = value if parameter.is_list and isinstance(value, list) else [value]
    for each in values:
        if type(each) not in {str, int, float} or "\0" in str(each) or not _is_text(str(each)):
            raise _wrong(f"{parameter.name} cannot be that")


def _is_text(value: str) -> bool:
    """Tell whether a value is Unicode: JSON may have half a character, which no file and no database takes."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _content(name: str, content: str) -> bytes:
    try:
        return base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        raise _wrong(f"the file {name} is not in base64") from None


def _wrong(what: str) -> MalformedError:
    return MalformedError(f"that is no call of the command: {what}"[:200], code="call-malformed")
