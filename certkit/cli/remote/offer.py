"""The commands that a lead's laptop may send to the team's server, and the forms that their options have on the way.

A call names options as the command line does, without dashes: `--dry-run` is `dry_run`; what has no dashes goes by its
own name. Files travel beside the options that name them.
"""

import functools
import importlib
import inspect
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from enum import Enum, StrEnum
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_args, get_origin

import typer

from certkit.cli.catalog import VERBS
from certkit.cli.support import context, numbers

Verb = Callable[..., None]
Options = Mapping[str, Any]
_SETTINGS = "team.yml"
_HERE = {"home", "server"}
"""Parameters that say where a command is carried out, and do not travel."""

ServerOption = Annotated[
    str | None,
    typer.Option(
        "--server",
        metavar="URL",
        help="Let the team's server do it, as which lead this machine's certificate tells; so it is where no home is.",
    ),
]


class File(StrEnum):
    """What is done with the file that an option names."""

    NONE = ""
    READ = "read"
    WRITTEN = "written"
    """A new file."""
    REPLACED = "replaced"
    """A file that may be there already."""
    FILLED = "filled"
    """A folder, with many files."""


class Parameter(NamedTuple):
    """What a command takes."""

    name: str
    """What it is called in a call."""
    argument: str
    """What the verb's function calls it."""
    flag: str
    """How a command line begins it, such as `--dry-run`; empty for what has no name there."""
    kind: Any
    """The type of its value."""
    info: Any
    """What typer knows of it: an `OptionInfo` or an `ArgumentInfo`."""
    default: object
    """What its value is if it is not given; `inspect.Parameter.empty` if it must be."""
    file: File

    @property
    def is_required(self) -> bool:
        """Whether there is no call without it."""
        return self.default is inspect.Parameter.empty

    @property
    def is_flag(self) -> bool:
        """Whether it takes no value."""
        return self.kind is bool

    @property
    def is_list(self) -> bool:
        """Whether it may be given more than once."""
        return any(get_origin(each) is list for each in (self.kind, *get_args(self.kind)))


class Offer(NamedTuple):
    """A command that may be sent."""

    name: str
    """Such as `daemon add`."""
    verb: Verb
    files: Mapping[str, File]
    """What is done with the files that options name, by the names of the function's parameters."""
    changes: Callable[[Options], bool]
    """Tells whether a call changes anything."""

    def parameters(self) -> list[Parameter]:
        """Return what travels of all that the command takes, in its order."""
        found = inspect.signature(self.verb, eval_str=True).parameters.values()
        return [_parameter(each, self.files) for each in found if each.name not in _HERE]


def offered(name: str, changes: Callable[[Options], bool] | bool = True, **files: File) -> Callable[[Verb], Verb]:
    """Let a verb be sent to the team's server as `name`; `files` says what is done with those that options name."""

    def decorate(verb: Verb) -> Verb:
        tells = changes if callable(changes) else lambda _: bool(changes)
        offer = Offer(name, verb, files, tells)

        @functools.wraps(verb)
        def run(server: str | None = None, **given: Any) -> None:  # noqa: ANN401  whatever the verb takes
            if _is_elsewhere(given.get("home"), server):
                from certkit.cli.remote import calls  # nothing at the home needs the network

                calls.send(offer, given, server)
            else:
                verb(**given)

        whole = inspect.signature(verb)
        own = inspect.Parameter("server", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=ServerOption)
        run.__signature__ = whole.replace(parameters=[*whole.parameters.values(), own])  # type: ignore[attr-defined]
        run.__annotations__ = {**verb.__annotations__, "server": ServerOption}
        run.offer = offer  # type: ignore[attr-defined]
        return run

    return decorate


def offers() -> dict[str, Offer]:
    """Return all that may be sent, by name."""
    verbs = (function for verb in VERBS.values() for function in _functions(verb.place))
    found = (getattr(each, "offer", None) for each in verbs)
    return {each.name: each for each in found if each}


def options_of(offer: Offer, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a command was given, by the names in a call, as JSON takes it; what is left at its default is not."""
    return {
        each.name: _as_json(given[each.argument])
        for each in offer.parameters()
        if given.get(each.argument) not in (None, False, [], ()) and given[each.argument] != each.default
    }


def words(offer: Offer, options: Options) -> list[str]:
    """Return the command line that a call stands for, behind the command's own name."""
    named, placed = list[str](), list[str]()
    for each in offer.parameters():
        value = options.get(each.name)
        if value is None or value is False:
            continue
        if not each.flag:
            placed.append(str(value))
        elif value is True:
            named.append(each.flag)
        else:
            named += [f"{each.flag}={one}" for one in (value if isinstance(value, list) else [value])]
    return [*named, "--", *placed]


def _is_elsewhere(home: Path | None, server: str | None) -> bool:
    """Tell whether a command is to be sent: if it says so, or no home is here, and a server enrolled this machine."""
    if server:
        return True
    if home is not None or (context.home_path(None) / _SETTINGS).exists():
        return False
    from certkit.earthly.user import user_of  # where a home is, nothing of a laptop is looked for
    from certkit.enroll import renewal_places

    return bool(renewal_places.teams(user_of(os.environ)))


def _functions(place: str) -> Iterator[Verb]:
    """Return the functions of a verb's commands."""
    module, _, attribute = place.partition(":")
    found = getattr(importlib.import_module(f"certkit.cli.verbs.{module}"), attribute)
    if isinstance(found, typer.Typer):
        yield from (each.callback for each in found.registered_commands if each.callback)
    else:
        yield found


def _parameter(each: inspect.Parameter, files: Mapping[str, File]) -> Parameter:
    kind, info = get_args(each.annotation)[:2] if get_origin(each.annotation) is Annotated else (each.annotation, None)
    # In an annotation, the first name that an option is given stands where its default would.
    declared = [getattr(info, "default", None), *(getattr(info, "param_decls", None) or ())]
    flag = next((each for each in declared if isinstance(each, str) and each.startswith("--")), "")
    name = flag.removeprefix("--").replace("-", "_") or each.name
    return Parameter(name, each.name, flag, kind, info, each.default, files.get(each.name, File.NONE))


def _as_json(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_as_json(each) for each in value]
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Path):
        return str(value)
    return numbers.duration_text(value) if isinstance(value, timedelta) else value
