"""The wheel works by itself, away from the checkout."""

import subprocess
import venv
import zipfile
from pathlib import Path

import pytest

from tests.environment import CHECKOUT
from tests.packaging.wheel import build, pip

pytestmark = pytest.mark.real  # a real installer, which fetches what certkit depends on


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of a fresh environment that has the wheel, and what it depends on, installed."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False)
    interpreter = folder / "bin" / "python"
    pip(f"--python={interpreter}", "install", str(wheel))
    return interpreter


def run(*command: str | Path, cwd: Path) -> str:
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cwd)}
    return subprocess.run(command, cwd=cwd, env=environment, check=True, capture_output=True, text=True).stdout


def test_it_holds_the_templates_and_says_that_it_is_typed(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    templates = [path for path in (CHECKOUT / "templates").rglob("*") if path.is_file()]
    assert {f"certkit/{path.relative_to(CHECKOUT)}" for path in templates} <= set(names)
    assert "certkit/py.typed" in names


def test_its_man_page_lies_where_man_looks_beside_the_program(python: Path) -> None:
    installed = python.parent.parent / "share" / "man" / "man1" / "certkit.1"
    assert installed.read_text() == (CHECKOUT / "docs" / "certkit.1").read_text()


def test_its_program_and_its_module_are_the_same(python: Path, tmp_path: Path) -> None:
    assert run(python.parent / "certkit", "--version", cwd=tmp_path) == "certkit 0.1.0\n"
    assert run(python, "-m", "certkit", "--help", cwd=tmp_path) == run(
        python.parent / "certkit", "--help", cwd=tmp_path
    )


def test_it_creates_a_team_and_renders_what_the_daemons_host_needs(python: Path, tmp_path: Path) -> None:
    told = run(python.parent / "certkit", "init", "--team=acme", "--daemon=tcp://build.acme.example:8372", cwd=tmp_path)
    assert "docker run" in told
    assert (tmp_path / ".local/share/certkit/daemons/build/key.pem").exists()
