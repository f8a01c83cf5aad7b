"""Write docs/certkit.1, the man page, from what `--help` says: `make man`."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from typer.main import get_command

from certkit.cli.app import program
from certkit.cli.catalog import GROUPS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "certkit.1"

_EXAMPLE = "\b\n"
"""What a paragraph of help begins with whose lines are to be left as they are."""


def page() -> str:
    """Return the page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    whole = get_command(program())
    context = typer.Context(whole, info_name="certkit")
    yield '.\\" Written by make man from what --help says; do not edit.'
    yield f'.TH CERTKIT 1 "" "certkit {project["version"]}"'
    yield from (".SH NAME", f"certkit \\- {_text(project['description'])}")
    yield from (".SH SYNOPSIS", ".B certkit", r"[\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGUMENTS\fR]")
    yield ".SH DESCRIPTION"
    yield from _help(whole)
    yield from _options(context)
    for title, verbs in GROUPS.items():
        yield f".SH {title.upper()}"
        for name in verbs:
            yield from _command(whole, context, name)


def _command(group: Any, parent: typer.Context, name: str) -> Iterator[str]:  # noqa: ANN401  typer names no class
    """Describe a command, or all of a group's."""
    _, command, _ = group.resolve_command(parent, [name])
    context = typer.Context(command, info_name=name, parent=parent)
    usage = " ".join(command.collect_usage_pieces(context))
    yield from (f".SS {_text(context.command_path)}", f".B {_text(context.command_path)}", _text(usage), ".PP")
    yield from _help(command)
    yield from _options(context)
    for each in getattr(command, "commands", ()):
        yield from _command(command, context, each)


def _help(command: Any) -> Iterator[str]:  # noqa: ANN401
    """Write a command's help: paragraphs are filled, examples stay as they are."""
    paragraphs = re.split(r"\n\n+", (command.help or "").strip())
    for number, paragraph in enumerate(paragraphs):
        if number:
            yield ".PP"
        if paragraph.startswith(_EXAMPLE):
            yield from (".RS 4", ".nf", *map(_text, paragraph.removeprefix(_EXAMPLE).splitlines()), ".fi", ".RE")
        else:
            yield _text(" ".join(paragraph.split()))


def _options(context: typer.Context) -> Iterator[str]:
    """Write what a command takes; that each takes --help is said once."""
    for parameter in context.command.get_params(context):
        record = parameter.get_help_record(context)
        if record and not (context.parent and parameter.name == "help"):
            taken, meaning = record
            yield from (".TP", f".B {_text(taken)}", _text(meaning))


def _text(text: str) -> str:
    """Escape what has a meaning of its own in a man page."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-").replace("…", "...").replace("'", r"\(aq")
    return re.sub(r"^([.'])", r"\\&\1", escaped)


if __name__ == "__main__":
    PAGE.write_text(page())
