"""Errors are data: each failure has a code of its own, and nothing below the command line spells a command."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import certkit
from certkit import errors

ROOT = Path(certkit.__file__).parent
GENERIC = {"CertkitError", "InvalidError", "MissingError", "MalformedError", "RefusedError"}
COMMAND = re.compile(
    r"\bcertkit (init|daemon|issue|sign|revoke|reinstate|rotate|authority|backup|restore|list|show|status|log|enroll"
    r"|probe|unenroll|demo)\b|(?<![\w-])--(force|home|device|person|daemon|for|request|help|ca|cert|key)\b"
)
BELOW = [
    path for path in ROOT.rglob("*.py") if "cli" not in path.relative_to(ROOT).parts and path.name != "__main__.py"
]


def raised(tree: ast.AST) -> Iterator[tuple[int, str, bool]]:
    """Return the line, the class and whether there is a code, for every generic error that is made."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in GENERIC:
                yield node.lineno, name, any(keyword.arg == "code" for keyword in node.keywords)


def texts(path: Path) -> Iterator[str]:
    """Return the texts of a module but for its docstrings, which may speak of commands."""
    tree = ast.parse(path.read_text())
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node.value


def test_every_error_below_the_command_line_has_a_code_of_its_own() -> None:
    without = [
        f"{path.relative_to(ROOT)}:{line} {name}"
        for path in BELOW
        for line, name, has_code in raised(ast.parse(path.read_text()))
        if not has_code
    ]
    assert without == []


def test_nothing_below_the_command_line_spells_a_command() -> None:
    spelled = [f"{path.relative_to(ROOT)}: {text!r}" for path in BELOW for text in texts(path) if COMMAND.search(text)]
    assert spelled == []


def test_an_error_that_is_told_of_a_file_is_the_same_error() -> None:
    for kind in (errors.CertkitError, errors.RefusedError):
        told = kind("it is odd", "Try again.", code="odd", where=1).about("a.pem")
        assert (type(told), told.message, told.hint, told.code, told.fields) == (
            kind,
            "a.pem: it is odd",
            "Try again.",
            "odd",
            {"where": 1},
        )
        assert str(told) == "a.pem: it is odd"
