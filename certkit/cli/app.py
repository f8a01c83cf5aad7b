"""The program: finds the verb, imports its module alone, and turns errors into words and exit codes."""

import errno
import importlib
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

from certkit.cli.catalog import ALIASES, GROUPS, VERBS
from certkit.cli.support import behalf, exit_codes
from certkit.cli.support.output import complain, flush, tell
from certkit.errors import CertkitError

_OF_OUTPUT = {
    errno.ENOSPC: "Free some space where it leads.",
    errno.EDQUOT: "Free some space where it leads.",
    errno.EFBIG: "Let it lead to a smaller file, or to another place.",
    errno.EBADF: "It is closed: let it lead to a file, or to /dev/null.",
    errno.EIO: "Let it lead to another place.",
}
"""What to do about a standard output that cannot be written: every other file is named by its error."""


class _HelpFormatter(Protocol):
    """What the program's help needs of typer's formatter, whose class has no public name."""

    width: int

    def section(self, name: str) -> AbstractContextManager[None]: ...

    def write_dl(self, rows: Sequence[tuple[str, str]]) -> None: ...


class _Program(TyperGroup):
    """The program: all verbs by name and summary; the module of the one that is resolved is imported then."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401  typer's own
        super().__init__(**settings)
        self.commands = {name: TyperCommand(name, help=verb.summary) for name, verb in VERBS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:  # noqa: ANN401  typer gives these classes no public name
        """Put the real command in the place of the one that only has a summary, then do as typer does."""
        if (name := args[0]) in VERBS or name in ALIASES:
            self.commands[name] = _load(name)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: object, formatter: _HelpFormatter) -> None:  # noqa: ARG002  typer's own signature
        """Write the verbs with their summaries, group by group."""
        width = max(map(len, VERBS))
        for title, verbs in GROUPS.items():
            with formatter.section(title):
                formatter.write_dl([(f"{name:<{width}}", verb.summary) for name, verb in verbs.items()])


def _load(name: str) -> Any:  # noqa: ANN401  typer gives commands no public class
    """Import a verb's module; return the command, or the group of commands, that goes by this name or alias."""
    module, _, attribute = VERBS[ALIASES.get(name, name)].place.partition(":")
    found = getattr(importlib.import_module(f"certkit.cli.verbs.{module}"), attribute)
    holder = typer.Typer(rich_markup_mode=None, add_completion=False)  # which the program itself has
    if isinstance(found, typer.Typer):
        holder.add_typer(found, name=name)
    else:
        holder.command(name)(found)
    command = get_group(holder).commands[name]
    for each in (command, *getattr(command, "commands", {}).values()):
        _leave_files_to_actions(each)
    return command


def _leave_files_to_actions(command: Any) -> None:  # noqa: ANN401  as above
    """Keep typer from judging whether files can be read: actions do, and know whose they are and what to do."""
    for parameter in command.params:
        for kind in getattr(parameter.type, "types", [parameter.type]):
            if hasattr(kind, "readable"):
                kind.readable = False


def main(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code: 0 fine, 1 failure, 2 usage, 3 findings."""
    try:
        code = program()(args=list(arguments), prog_name="certkit", standalone_mode=False) or 0
        flush()
    except SystemExit as finished:
        return finished.code if isinstance(finished.code, int) else 0
    except Exception as error:  # noqa: BLE001  the last line of defense: a defect is told in one line too
        return explain(error, arguments)
    if code == exit_codes.INTERRUPTED:
        tell("")  # the terminal stands behind its ^C
    return int(code)


def explain(error: Exception, arguments: Sequence[str]) -> int:
    """Say what has gone wrong, and what to do about it; return the exit code."""
    from certkit import file_errors  # only what fails needs these
    from certkit.cli.support import defects, remedies

    match error:
        case typer.TyperException():
            _say_usage(error, _verb(arguments))
            return error.exit_code
        case CertkitError():
            what, remedy, code = error.message, remedies.of_error(error), exit_codes.of(error)
        case BrokenPipeError():  # a reader that has seen enough, such as head, knows; nobody else needs to
            return exit_codes.FAILURE
        case OSError(filename=None, errno=number) if number in _OF_OUTPUT:
            what, remedy = f"standard output cannot be written: {error.strerror}", _OF_OUTPUT[number]
            code = exit_codes.FAILURE
        case OSError():
            what = ": ".join(str(part) for part in (error.filename, error.strerror) if part)
            code = exit_codes.FAILURE
            remedy = "Check the permissions and the free space."
            if isinstance(error.filename, str | bytes | os.PathLike):
                remedy = file_errors.advice(Path(os.fsdecode(error.filename)), error)
        case _:
            what = f"a defect in certkit: {type(error).__name__}: {error}"
            remedy, code = defects.report(", with the output of certkit --debug …"), exit_codes.FAILURE
    if elsewhere := behalf.current():
        elsewhere.failed = error.code if isinstance(error, CertkitError) else "failed"
    _show_trace_if_asked(error, arguments)
    complain(what, remedy)
    return code


def _say_usage(error: typer.TyperException, verb: str) -> None:
    from certkit.cli.support import usage_errors  # as above

    if text := usage_errors.help_instead(error):
        tell(*text.splitlines())
    else:
        complain(*usage_errors.explain(error, f"certkit {verb}".rstrip()))


def _verb(arguments: Sequence[str]) -> str:
    """Return the verb that a command line begins with, if it is one."""
    first = next((argument for argument in arguments if argument != "--debug"), "")
    return first if first in VERBS or first in ALIASES else ""


def program() -> typer.Typer:
    """Return the program with all its verbs, which are imported when they are asked for."""
    return typer.Typer(
        name="certkit",
        cls=_Program,
        rich_markup_mode=None,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        callback=_options,
    )


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version  # slow, and nothing else needs it

        typer.echo(f"certkit {version('certkit')}")
        raise typer.Exit


def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
) -> None:
    """Set up mutual TLS for a shared BuildKit daemon: certificates for it and for everyone who may build.

    \b
    Team lead   certkit init --team acme --daemon tcp://build.acme.example:8372
                certkit issue alice@acme.example --out alice.certkit
    Developer   certkit enroll alice.certkit
                certkit probe

    Exit codes: 0 fine, 1 failure, 2 usage, 3 findings.
    """


def _show_trace_if_asked(error: Exception, arguments: Sequence[str]) -> None:
    if "--debug" in arguments:
        import traceback

        tell(*"".join(traceback.format_exception(error)).splitlines())
