"""Where nothing may be skipped, nothing is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
SKIPS = {
    "a test": "import pytest\ndef test_x():\n    pytest.skip('no daemon')\n",
    "a fixture": "import pytest\n@pytest.fixture\ndef y():\n    pytest.skip('no daemon')\ndef test_x(y):\n    pass\n",
    "a module": "import pytest\npytest.skip('no daemon', allow_module_level=True)\n",
}


def result_of(script: str, folder: Path, **variables: str) -> int:
    path = folder / "test_skipping.py"
    path.write_text(script)
    kept = {name: value for name, value in os.environ.items() if name not in ("CI", "CERTKIT_TEST_STRICT")}
    options = ("-p", "tests.conftest", "-c", os.devnull, f"--rootdir={folder}")
    command = [sys.executable, "-m", "pytest", *options, str(path)]
    return subprocess.run(command, cwd=CHECKOUT, env=kept | variables, capture_output=True, check=False).returncode


@pytest.mark.parametrize("where", SKIPS)
@pytest.mark.parametrize("variable", ["CI", "CERTKIT_TEST_STRICT"])
def test_a_skip_is_a_failure_in_ci(where: str, variable: str, tmp_path: Path) -> None:
    assert result_of(SKIPS[where], tmp_path, **{variable: "true"}) not in (0, 5)


@pytest.mark.parametrize(
    "reason",
    ["the machine of engines is not made: make engines", "Kubernetes' API server is not built: make kubernetes"],
)
def test_what_takes_minutes_to_make_is_asked_for_by_nobody(reason: str, tmp_path: Path) -> None:
    script = SKIPS["a test"].replace("'no daemon'", repr(reason))
    assert result_of(script, tmp_path, CI="true") in (0, 5)


@pytest.mark.parametrize("where", SKIPS)
def test_a_skip_is_a_skip_elsewhere(where: str, tmp_path: Path) -> None:
    assert result_of(SKIPS[where], tmp_path) in (0, 5)
