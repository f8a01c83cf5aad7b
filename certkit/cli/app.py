"""The program: finds the verb, imports its module alone, and turns errors into words and exit codes."""

import importlib
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Annotated, Protocol

import typer
from typer.core import TyperGroup

from certkit.cli.support import exit_codes, remedies, usage_errors
from certkit.cli.support.output import complain, flush, tell
from certkit.errors import CertkitError

GROUPS = {
    "Team lead": {
        "init": "init:init",
        "daemon": "daemon:app",
        "issue": "issue:issue",
        "sign": "sign:sign",
        "revoke": "revoke:revoke",
        "reinstate": "revoke:reinstate",
        "rotate": "rotate:rotate",
        "authority": "authority:app",
        "backup": "backup:backup",
        "restore": "backup:restore",
        "list": "list:list_people",
        "show": "show:show",
        "status": "status:status",
        "log": "log:log",
    },
    "Developer": {
        "enroll": "enroll:enroll",
        "probe": "probe:probe",
        "unenroll": "unenroll:unenroll",
    },
    "Anyone": {
        "demo": "demo:demo",
    },
}
"""Where each verb's function, or group of verbs, stands: `module:name` in `certkit.cli.verbs`."""
ALIASES = {"enrol": "enroll", "unenrol": "unenroll"}
"""Other spellings of verbs, which no help lists."""
VERBS = {name: place for group in GROUPS.values() for name, place in group.items()}


class _HelpFormatter(Protocol):
    """What the program's help needs of typer's formatter, whose class has no public name."""

    width: int

    def section(self, name: str) -> AbstractContextManager[None]: ...

    def write_dl(self, rows: Sequence[tuple[str, str]]) -> None: ...


class _Program(TyperGroup):
    """The program, whose help lists the verbs by who needs them."""

    def format_commands(self, ctx: object, formatter: _HelpFormatter) -> None:  # noqa: ARG002  typer's own signature
        """Write the verbs with their summaries, group by group."""
        width = max(map(len, VERBS))
        limit = formatter.width - width - 6
        for title, verbs in GROUPS.items():
            with formatter.section(title):
                found = [(f"{name:<{width}}", self.commands[name]) for name in verbs if name in self.commands]
                formatter.write_dl([(name, verb.get_short_help_str(limit)) for name, verb in found])


def main(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code: 0 fine, 1 failure, 2 usage, 3 findings."""
    try:
        code = _program(arguments)(args=list(arguments), prog_name="certkit", standalone_mode=False) or 0
        flush()
    except SystemExit as finished:
        return finished.code if isinstance(finished.code, int) else 0
    except Exception as error:  # noqa: BLE001  the last line of defense: a defect is told in one line too
        return _explain(error, arguments)
    if code == exit_codes.INTERRUPTED:
        tell("")  # the terminal stands behind its ^C
    return int(code)


def _explain(error: Exception, arguments: Sequence[str]) -> int:
    """Say what has gone wrong, and what to do about it; return the exit code."""
    match error:
        case typer.TyperException():
            _say_usage(error, _verb(arguments))
            return error.exit_code
        case CertkitError():
            what, remedy, code = error.message, remedies.of_error(error), exit_codes.of(error)
        case BrokenPipeError():  # a reader that has seen enough, such as head, knows; nobody else needs to
            return exit_codes.FAILURE
        case OSError():
            what = ": ".join(str(part) for part in (error.filename, error.strerror) if part)
            remedy, code = "Check the permissions and the free space.", exit_codes.FAILURE
        case _:
            what = f"a defect in certkit: {type(error).__name__}: {error}"
            remedy, code = "Report it with the output of certkit --debug …", exit_codes.FAILURE
    _show_trace_if_asked(error, arguments)
    complain(what, remedy)
    return code


def _say_usage(error: typer.TyperException, verb: str) -> None:
    if text := usage_errors.help_instead(error):
        tell(*text.splitlines())
    else:
        complain(*usage_errors.explain(error, f"certkit {verb}".rstrip()))


def _verb(arguments: Sequence[str]) -> str:
    """Return the verb that a command line begins with, if it is one."""
    first = next((argument for argument in arguments if argument != "--debug"), "")
    return first if first in VERBS or first in ALIASES else ""


def _program(arguments: Sequence[str]) -> typer.Typer:
    """Build the program with the verb that is asked for, or with all where help or completion needs them."""
    program = typer.Typer(
        name="certkit",
        cls=_Program,
        rich_markup_mode=None,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        callback=_options,
    )
    verb = _verb(arguments)
    for name in [verb] if verb and "_CERTKIT_COMPLETE" not in os.environ else VERBS:
        module, _, attribute = VERBS[ALIASES.get(name, name)].partition(":")
        command = getattr(importlib.import_module(f"certkit.cli.verbs.{module}"), attribute)
        if isinstance(command, typer.Typer):
            program.add_typer(command, name=name)
        else:
            program.command(name)(command)
    return program


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"certkit {version('certkit')}")
        raise typer.Exit


def _options(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Show where an error comes from.")] = False,
) -> None:
    """Give a shared BuildKit daemon mutual TLS: certificates for it and for everyone who may build.

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
