"""Machines that certkit can be installed on, and what one is told that is of no use to it."""

import subprocess
import sys
import tomllib
from collections.abc import Mapping

import pytest
from packaging.requirements import Requirement

from certkit.cli import main
from certkit.cli.support import defects
from tests.environment import CHECKOUT

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]


@pytest.mark.parametrize(
    ("machine", "cryptography", "pyopenssl"),
    [
        ({"sys_platform": "darwin", "platform_machine": "x86_64"}, "48.0.1", "26.2.0"),
        ({"sys_platform": "darwin", "platform_machine": "arm64"}, "49.0.0", "26.4.0"),
        ({"sys_platform": "linux", "platform_machine": "x86_64"}, "49.0.0", "26.4.0"),
    ],
)
def test_every_machine_gets_versions_that_there_are_wheels_of(
    machine: Mapping[str, str], cryptography: str, pyopenssl: str
) -> None:
    wanted = [Requirement(each) for each in PROJECT["dependencies"]]
    here = {each.name: each for each in wanted if each.marker is None or each.marker.evaluate(dict(machine))}
    assert len(here) == len({each.name for each in wanted})
    assert cryptography in here["cryptography"].specifier
    assert pyopenssl in here["pyopenssl"].specifier


def test_windows_itself_is_told_where_it_runs() -> None:
    """There is no fcntl there, and no pwd."""
    script = (
        "import sys; sys.platform = 'win32'; sys.modules.update(fcntl=None, pwd=None);"
        "from certkit.__main__ import run; run()"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "certkit: it runs on Linux and macOS, not on Windows itself",
        "Install it in WSL, where Docker and Earthly run, too: wsl --install",
    ]


def test_a_defect_is_told_with_the_place_to_report_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("certkit.cli.actions.list.list_people", fail)
    assert main(["list"]) == 1
    assert f"Report it at {PROJECT['urls']['Issues']}, with the output of certkit --debug" in capsys.readouterr().err
    assert defects.report() == f"Report it at {PROJECT['urls']['Issues']}"
