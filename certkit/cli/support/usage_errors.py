"""Mistakes in a command line: what the parser says of them, in certkit's words.

typer names in public only the root of its exceptions, and typer.BadParameter; the others are known by what they carry.
"""

import re
from collections.abc import Sequence
from typing import Any

import typer

_WORDS = (
    (r"^No such command '(.*)'$", r"there is no command '\1'"),
    (r"^Missing command$", "a command is missing"),
    (r"^Option (.*) requires an argument$", r"option \1 wants a value"),
    (r"^Option (.*) requires (\d+) arguments$", r"option \1 wants \2 values"),
    (r"^Option (.*) does not take a value$", r"option \1 takes no value"),
    (r"^Got unexpected extra arguments?(?:\(s\))? \((.*)\)$", r"too many arguments: \1"),
)
"""What typer writes where it says no more than a sentence, and what certkit writes instead."""


def explain(error: typer.TyperException, verb: str) -> tuple[str, str]:
    """Return what is wrong with a command line and what to do about it, one line each.

    `verb` is whose help is named where the error does not say it.
    """
    context: typer.Context | None = getattr(error, "ctx", None)
    what, likely = _what(error)
    see = f"See {context.command_path if context else verb} --help"
    if likely:
        return what, f"Did you mean {' or '.join(likely)}? {see}"
    example = _example(context) if context and what.startswith("missing ") else ""
    return what, f"{see}, for example: {example}" if example else see


def help_instead(error: typer.TyperException) -> str:
    """Return the help that typer shows for a command line without a command, else nothing."""
    return error.message if error.message.startswith("Usage: ") else ""


def _what(error: typer.TyperException) -> tuple[str, Sequence[str]]:
    """Return what is wrong, and the names that are like what was mistyped."""
    carried: dict[str, Any] = vars(error)
    if "possibilities" in carried:  # an option that does not exist
        return f"there is no option {carried['option_name']!r}", sorted(carried["possibilities"] or ())
    if isinstance(error, typer.BadParameter) and error.param:
        said = _line(error.message)
        if "param_type" not in carried:
            return f"{_name(error.param)}: {said}", ()
        choices = re.search(r"Choose from:(.*)", _line(error.format_message()))
        return f"missing {error.param.param_type_name} {_name(error.param)!r}{f':{choices[1]}' if choices else ''}", ()
    what, _, likely = _line(error.message).rstrip("?").partition(". Did you mean ")
    for theirs, ours in _WORDS:
        what = re.sub(theirs, ours, what.removesuffix("."))
    return what, re.findall(r"'(.*?)'", likely)


def _name(parameter: Any) -> str:  # noqa: ANN401  typer gives its class no public name
    """Return what a parameter is called in the help: an option by its longest form."""
    if parameter.param_type_name == "option":
        return str(max(parameter.opts, key=len))
    return str(parameter.human_readable_name)


def _line(message: str) -> str:
    return " ".join(message.split()).removesuffix(".")


def _example(context: typer.Context) -> str:
    """Return the first example of a verb's help, without what the help says about it."""
    lines = map(str.strip, (context.command.help or "").splitlines())
    example = next((line for line in lines if line.startswith(f"{context.command_path} ")), "")
    return example.partition("  ")[0]
