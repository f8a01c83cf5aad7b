"""Write docs/openapi.json, the description of the server's API, from what the commands take: `make man`."""

import json
import tomllib
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from certkit.cli.remote.offer import File, Offer, Parameter, offers
from certkit.enroll.commands import PATH
from tests.cli.json_forms import FORMS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "openapi.json"
_OWN, _EST = "/.well-known/certkit", "/.well-known/est"
_RESULTS = "json.schema.json#/$defs/"
_MORE = {"issue": ["issued-many"], "invite": ["code-list", "invited-many"], "revoke": ["host-revocation"]}
"""Commands whose result has other forms for some options."""
_JSON = "application/json"


def page() -> str:
    """Return the description."""
    return json.dumps(description(), indent=1, ensure_ascii=False) + "\n"


def description() -> dict[str, Any]:
    """Return the description as JSON takes it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "certkit's server",
            "version": project["version"],
            "license": {"name": project["license"], "identifier": project["license"]},
            "description": "What leads send, and what laptops and hosts ask; docs/server.md says when. "
            "EST is RFC 7030's.",
        },
        "servers": [{"url": "https://ca.acme.example:8443"}],
        "paths": {**dict(_commands()), **_others()},
        "components": {"schemas": _schemas(), "responses": _responses(), "securitySchemes": _security()},
    }


def _commands() -> Iterator[tuple[str, Any]]:
    for name, offer in sorted(offers().items()):
        operation = {
            "operationId": name.replace(" ", "-"),
            "summary": _summary(offer),
            "tags": ["commands"],
            "security": [{"lead": []}],
            "requestBody": {"required": True, "content": {_JSON: {"schema": call(offer)}}},
            "responses": {
                "200": {"description": "It has ended.", "content": {_JSON: {"schema": answer(offer)}}},
                **{str(status): {"$ref": f"#/components/responses/{status}"} for status in _ERRORS},
            },
        }
        yield f"{PATH}/{name.replace(' ', '/')}", {"post": operation}


def call(offer: Offer) -> dict[str, Any]:
    """Return the schema of a command's call."""
    taken = offer.parameters()
    wanted = [each.name for each in taken if each.is_required]
    options = {
        "type": "object",
        "additionalProperties": False,
        "properties": {each.name: _option(each) for each in taken},
        **({"required": wanted} if wanted else {}),
    }
    read = [each.name for each in taken if each.file is File.READ]
    sent = {"type": "string", "contentEncoding": "base64"}
    return {
        "type": "object",
        "required": ["options"],
        "properties": {
            "options": options,
            "files": {"type": "object", "additionalProperties": False, "properties": dict.fromkeys(read, sent)},
            "columns": {"type": "integer", "description": "How wide the caller's terminal is; 0 if it is none."},
            "attended": {"type": "boolean", "description": "Whether somebody can be asked."},
            "answers": {"type": "array", "items": {"type": "boolean"}, "description": "To what was asked so far."},
        },
    }


def answer(offer: Offer) -> dict[str, Any]:
    """Return the schema of a command's answer: what all of them have, and the form of this one's result."""
    forms = [each for each in _forms(offer.name) if each in FORMS]
    if not forms:
        return {"$ref": "#/components/schemas/ended"}
    results = [{"$ref": f"{_RESULTS}{each}"} for each in [*forms, "proposed"]]
    result = {"properties": {"result": {"anyOf": [{"type": "null"}, *results]}}}
    return {"allOf": [{"$ref": "#/components/schemas/ended"}, result]}


def _forms(name: str) -> list[str]:
    return [name.replace(" ", "-"), *_MORE.get(name, [])]


def _summary(offer: Offer) -> str:
    return (offer.verb.__doc__ or "").strip().split("\n", 1)[0]


def _option(each: Parameter) -> dict[str, Any]:
    schema = _type(each)
    meaning = " ".join((each.info.help or "").split())
    files = {File.READ: " Its content goes into `files`.", File.NONE: ""}.get(
        each.file, " It is in the answer's files."
    )
    return {**schema, **({"description": meaning + files} if meaning or files else {})}


def _type(each: Parameter) -> dict[str, Any]:
    if each.is_flag:
        return {"type": "boolean", "default": False}
    kinds = [kind for kind in get_args(each.kind) or (each.kind,) if kind is not type(None)]
    if each.is_list:
        return {"type": "array", "items": {"type": "string"}}
    if get_origin(each.kind) is Literal:
        return {"enum": [*get_args(each.kind)]}
    [kind] = kinds
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {"enum": [one.value for one in kind]}
    return {"type": {int: "integer", float: "number"}.get(kind, "string")}


_ERRORS: Mapping[int, str] = {
    400: "It is no call of this command.",
    403: "Whoever shows that certificate is no lead, or it is good no more.",
    404: "There is no such command.",
    408: "The call did not arrive in time.",
    413: "The call is too large.",
    415: "It is not JSON.",
    503: "Not now: try again after `Retry-After`.",
    504: "It took too long, and was ended; what it has committed stays.",
}


def _responses() -> dict[str, Any]:
    error = {_JSON: {"schema": {"$ref": "#/components/schemas/error"}}}
    return {str(status): {"description": what, "content": error} for status, what in _ERRORS.items()}


def _security() -> dict[str, Any]:
    return {
        "lead": {"type": "mutualTLS", "description": "The certificate of a device of a person who is a lead."},
        "device": {"type": "mutualTLS", "description": "The certificate of a device."},
        "host": {"type": "mutualTLS", "description": "The identity of a daemon's host."},
        "code": {"type": "http", "scheme": "basic", "description": "The secret of a code as the password, any name."},
    }


def _schemas() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {**text, "description": "Keeps its meaning."},
                "message": {**text, "description": "For people."},
            },
        },
        "ended": {
            "type": "object",
            "required": ["code", "error", "output", "messages", "result", "files", "question"],
            "properties": {
                "code": {"enum": [0, 1, 2, 3], "description": "The command's exit code, as its help explains it."},
                "error": {**text, "description": "The code of what has failed; empty if nothing has."},
                "output": {**text, "description": "For people; empty where there is a result."},
                "messages": {**text, "description": "For people: what accompanies the output."},
                "result": {"description": "What --json prints, if `json` was wanted and it has not failed; else null."},
                "files": {"type": "array", "items": {"$ref": "#/components/schemas/file"}},
                "question": {
                    **text,
                    "description": "What somebody must be asked first: nothing is done yet. Send the call again with "
                    "one more of `answers`. Empty if nothing is asked.",
                },
            },
        },
        "file": {
            "type": "object",
            "additionalProperties": False,
            "required": ["option", "name", "content"],
            "properties": {"option": text, "name": text, "content": {**text, "contentEncoding": "base64"}},
        },
    }


def _others() -> dict[str, Any]:
    """Describe what is no command: the form of each answer is in server.schema.json."""
    return {
        f"{_OWN}/status": _get("The status as a page for a browser.", "lead", "text/html"),
        f"{_OWN}/settings": _get("What a laptop needs to know.", "device", _JSON, "settings"),
        f"{_OWN}/crl": _get("The newest list of revoked certificates.", None, "application/x-pem-file"),
        f"{_OWN}/daemon": _get("What a daemon's host needs to know; it may wait for news.", "host", _JSON, "daemon"),
        f"{_OWN}/daemon/identity": _signed("The host's next identity.", "host"),
        f"{_OWN}/daemon/certificate": _signed("The daemon's next certificate.", "host"),
        f"{_OWN}/daemon/report": {"post": _operation("What the host says of its daemon.", "host", {"204": _nothing()})},
        f"{_EST}/cacerts": _get("The authorities (RFC 7030, 4.1).", None, "application/pkcs7-mime"),
        f"{_EST}/csrattrs": _get("What a request should have (RFC 7030, 4.5).", None, "application/csrattrs"),
        f"{_EST}/simpleenroll": _signed("A first certificate (RFC 7030, 4.2).", "code"),
        f"{_EST}/simplereenroll": _signed("The next certificate (RFC 7030, 4.2).", "device"),
        "/healthz": _get("Whether the process answers.", None, "text/plain"),
        "/readyz": _get("Whether certificates can be issued.", None, "text/plain"),
    }


def _get(what: str, right: str | None, kind: str, form: str = "") -> dict[str, Any]:
    schema = {"$ref": f"server.schema.json#/$defs/{form}"} if form else {"type": "string"}
    return {"get": _operation(what, right, {"200": {"description": "It.", "content": {kind: {"schema": schema}}}})}


def _signed(what: str, right: str) -> dict[str, Any]:
    schema = {"type": "string", "contentEncoding": "base64"}
    given = {"200": {"description": "It.", "content": {"application/pkcs7-mime": {"schema": schema}}}}
    asked = {"required": True, "content": {"application/pkcs10": {"schema": schema}}}
    return {"post": {**_operation(what, right, given), "requestBody": asked}}


def _nothing() -> dict[str, str]:
    return {"description": "It is known."}


def _operation(what: str, right: str | None, responses: Mapping[str, Any]) -> dict[str, Any]:
    return {"summary": what, "security": [{right: []}] if right else [{}], "responses": responses}


if __name__ == "__main__":
    PAGE.write_text(page())
