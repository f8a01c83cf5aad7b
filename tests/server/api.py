"""The description of the server, docs/openapi.json, and answers that are held against it."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from certkit.enroll.commands import PATH

DOCS = Path(__file__).parents[2] / "docs"
API: dict[str, Any] = json.loads((DOCS / "openapi.json").read_text())
_BASE = "https://docs.example/"


def _resource(name: str) -> tuple[str, Resource[Any]]:
    found = json.loads((DOCS / name).read_text())
    found.pop("$id", None)
    return f"{_BASE}{name}", DRAFT202012.create_resource(found)


REGISTRY: Registry[Any] = Registry().with_resources(
    map(_resource, ("openapi.json", "json.schema.json", "server.schema.json"))
)


def check(command: str, status: int, answer: Any) -> None:  # noqa: ANN401  JSON is of any kind
    """See that an answer to a command has the form that the description gives it."""
    operation = API["paths"].get(f"{PATH}/{command}", API["paths"][f"{PATH}/list"])["post"]
    if status == 405:
        return
    found = operation["responses"][str(status)]
    if "$ref" in found:
        found = API["components"]["responses"][found["$ref"].rpartition("/")[2]]
    schema = found["content"]["application/json"]["schema"]
    whole = {"$id": f"{_BASE}openapi.json", **schema, "components": API["components"]}
    errors = Draft202012Validator(whole, registry=REGISTRY).iter_errors(answer)
    assert not (wrong := [f"{each.json_path}: {each.message}" for each in errors]), wrong


def references(found: Any) -> set[str]:  # noqa: ANN401
    """Return whatever a description refers to."""
    if isinstance(found, list):
        return set().union(*map(references, found))
    if not isinstance(found, dict):
        return set()
    own = {found["$ref"]} if isinstance(found.get("$ref"), str) else set()
    return own.union(*map(references, found.values()))
