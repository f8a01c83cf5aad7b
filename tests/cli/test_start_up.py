"""What starting the program costs."""

import subprocess
import sys

import pytest

HEAVY = ("cryptography", "grpc", "OpenSSL", "yaml", "jinja2", "rich", "ssl", "sqlite3", "pydantic")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["probe", "--help"], ["issue", "--help"]])
def test_help_loads_nothing_that_only_a_command_needs(arguments: list[str]) -> None:
    script = f"""if True:
        import sys
        from certkit.cli import main
        code = main({arguments})
        print(*sys.modules, file=sys.stderr)
        sys.exit(code)"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    loaded = set(ended.stderr.split())
    assert "certkit.cli.app" in loaded
    assert not loaded & set(HEAVY)
