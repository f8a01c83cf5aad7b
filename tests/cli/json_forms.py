"""The schema of what commands print with --json, and commands whose JSON is checked against it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from tests.cli.conftest import Ended, Lead

PAGE = Path(__file__).parents[2] / "docs" / "json.md"
SCHEMA: dict[str, Any] = json.loads(PAGE.with_suffix(".schema.json").read_text())
FORMS: Mapping[str, Any] = SCHEMA["$defs"]
ENUMS = {name: frozenset(form["enum"]) for name, form in FORMS.items() if "enum" in form}

Told = Callable[..., Any]


def told(lead: Lead, *arguments: str | Path, code: int = 0) -> Any:  # noqa: ANN401  JSON is of any kind
    """Run a command with --json, check its exit code and its form, and return what it printed."""
    ended = lead(*arguments, "--json")
    assert ended.code == code, ended
    return checked(ended, form_of(arguments))


def checked(ended: Ended, form: str) -> Any:  # noqa: ANN401
    """Return what a command printed, once it is seen to have the form of that name."""
    return fits(ended.data, form)


def fits(data: Any, form: str) -> Any:  # noqa: ANN401
    """Return data once it is seen to have the form of that name."""
    wanted = {"$schema": SCHEMA["$schema"], "$defs": FORMS, "$ref": f"#/$defs/{form}"}
    errors = [f"{each.json_path}: {each.message}" for each in Draft202012Validator(wanted).iter_errors(data)]
    assert not errors, "\n".join(errors)
    return data


def form_of(arguments: tuple[str | Path, ...]) -> str:
    """Return the form's name for a command line: that of the verb, or of the verb in a group."""
    first, second, *_ = map(str, [*arguments, ""])
    return f"{first}-{second}" if f"{first}-{second}" in FORMS else first


def properties(schema: Any) -> set[str]:  # noqa: ANN401
    """Return the names of all fields that a schema knows."""
    if isinstance(schema, list):
        return set().union(*map(properties, schema))
    if not isinstance(schema, dict):
        return set()
    own = set(schema["properties"]) if isinstance(schema.get("properties"), dict) else set()
    return own.union(*(properties(each) for each in schema.values()))
