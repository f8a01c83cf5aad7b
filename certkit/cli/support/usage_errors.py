"""Mistakes in a command line: what the parser says of them, in certkit's words."""

import re

import typer

_WORDS = (
    (r"^No such (command|option):? '?(.*?)'?$", r"there is no \1 '\2'"),
    (r"^Missing command$", "a command is missing"),
    (r"^Missing (option|argument) (.*?)(?:\. Choose from(:.*))?$", r"missing \1 \2\3"),
    (r"^Option (.*) requires an argument$", r"option \1 wants a value"),
    (r"^Option (.*) requires (\d+) arguments$", r"option \1 wants \2 values"),
    (r"^Option (.*) does not take a value$", r"option \1 takes no value"),
    (r"^Got unexpected extra arguments?(?:\(s\))? \((.*)\)$", r"too many arguments: \1"),
    (r"is not a valid float(?: range)?$", "is not a number"),
    (r"is not a valid int(?:eger)?(?: range)?$", "is not a whole number"),
    (r"is not in the range x>=(\S+)$", r"is less than \1"),
    (r"is not in the range (\S+)<=x<=(\S+)$", r"is not between \1 and \2"),
    (r"^Invalid value for '(.*?)': ", r"\1: "),
)
"""What typer writes, and what certkit writes instead; what is not here stays as it is."""


def explain(error: typer.TyperException, verb: str) -> tuple[str, str]:
    """Give what is wrong with a command line and what to do about it, one line each.

    `verb` is whose help is named where the error does not say it.
    """
    what, suggestion = _parted(" ".join(error.format_message().split()))
    for theirs, ours in _WORDS:
        what = re.sub(theirs, ours, what)
    context: typer.Context | None = getattr(error, "ctx", None)
    see = f"See {context.command_path if context else verb} --help"
    if suggestion:
        return what, f"Did you mean {suggestion}? {see}"
    example = _example(context) if context and what.startswith("missing ") else ""
    return what, f"{see}, for example: {example}" if example else see


def help_instead(error: typer.TyperException) -> str:
    """Give the help that typer shows for a command line without a command, else nothing."""
    return error.message if error.message.startswith("Usage: ") else ""


def _parted(message: str) -> tuple[str, str]:
    """Part what is wrong from the names that are like what was mistyped."""
    found = re.fullmatch(r"(.*?)(?:\. Did you mean | \(Possible options: )(.*)[?)]", message)
    return (found[1], found[2].replace("'", "").replace(", ", " or ")) if found else (message.removesuffix("."), "")


def _example(context: typer.Context) -> str:
    """Give the first example of a verb's help, without what the help says about it."""
    lines = map(str.strip, (context.command.help or "").splitlines())
    example = next((line for line in lines if line.startswith(f"{context.command_path} ")), "")
    return example.partition("  ")[0]
