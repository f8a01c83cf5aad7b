"""What starting the program costs, and which side of it a command loads."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"cryptography", "grpc", "OpenSSL", "yaml", "jinja2", "rich", "ssl", "sqlite3", "pydantic"}
LEADS_SIDE = {"certkit.authority", "certkit.ledger", "certkit.deploy", "certkit.trust"}


def loaded(arguments: list[str], code: int = 0, **variables: str) -> set[str]:
    """Run a command in a process of its own; return the modules that it has loaded by its end."""
    script = f"""if True:
        import sys
        from certkit.cli import main
        code = main({arguments})
        print("\\nloaded", *sys.modules, file=sys.stderr)
        sys.exit(code)"""
    # What measures the coverage of children loads modules of its own.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, env=clean | variables
    )
    assert ended.returncode == code, ended.stderr
    modules = set(ended.stderr.splitlines()[-1].split())
    assert "certkit.cli.app" in modules
    return modules


def verbs(modules: set[str]) -> set[str]:
    return {name for name in modules if name.startswith(("certkit.cli.verbs.", "certkit.cli.actions."))}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["--version"], 0),
        ([], 2),
        (["isue"], 2),
        (["--nothing"], 2),
        (["probe", "--help"], 0),
        (["issue", "--help"], 0),
        (["daemon", "--help"], 0),
        (["issue"], 2),
        (["enroll", "--nothing"], 2),
        (["enroll"], 2),
    ],
)
def test_help_and_a_mistyped_command_load_nothing_that_only_a_command_needs(arguments: list[str], code: int) -> None:
    assert not loaded(arguments, code) & HEAVY


@pytest.mark.parametrize(("arguments", "code"), [(["--help"], 0), (["--version"], 0), ([], 2), (["isue"], 2)])
def test_no_verb_is_loaded_before_one_is_named(arguments: list[str], code: int) -> None:
    assert not verbs(loaded(arguments, code))


def test_a_verb_is_loaded_without_the_others() -> None:
    assert verbs(loaded(["list", "--help"])) == {"certkit.cli.verbs.list"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [("certkit ", set()), ("certkit enroll --for e", {"certkit.cli.verbs.enroll"})],
)
def test_a_completion_loads_the_verb_that_is_completed_alone(line: str, expected: set[str]) -> None:
    cursor = str(len(line.split(" ")) - 1)
    modules = loaded([], _CERTKIT_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=cursor)
    assert verbs(modules) == expected
    assert not modules & HEAVY


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["enroll", "bundle", "--no-probe"], 1),
        (["enroll", "--request", "request"], 0),
        (["unenroll"], 1),
        (["use"], 1),
        (["probe"], 1),
        (["probe", "--daemon", "tcp://127.0.0.1:1", "--ca", "a", "--cert", "b", "--key", "c"], 3),
    ],
)
def test_a_laptop_loads_nothing_of_the_leads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CERTKIT_HOME", str(tmp_path / "home"))
    Path("bundle").write_bytes(b"{}")
    modules = loaded(arguments, code)
    assert not modules & LEADS_SIDE
    assert arguments[0] == "probe" or not modules & {"grpc", "OpenSSL"}
    assert "rich" not in modules


def test_what_has_colours_is_loaded_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    probe = ["probe", "--daemon", "tcp://127.0.0.1:1", "--ca", "a", "--cert", "b", "--key", "c"]
    assert "rich" in loaded(probe, 3, FORCE_COLOR="1")
    assert "rich" not in loaded(probe, 3)


def test_the_probe_loads_what_speaks_tls_and_grpc_while_it_waits_for_the_network(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "probing.py").write_text(
        """if True:
        import sys
        from certkit.cli import main
        from certkit.probe import background

        def start(function):
            print("before", *sorted({"grpc", "OpenSSL"} & set(sys.modules)), file=sys.stderr)
            return start_really(function)

        start_really, background.start = background.start, start
        main(["probe", "--daemon", "tcp://127.0.0.1:1", "--ca", "a", "--cert", "b", "--key", "c"])
        print("after", *{"OpenSSL"} & set(sys.modules), file=sys.stderr)
        """
    )
    monkeypatch.setenv("HOME", str(tmp_path))
    ended = subprocess.run(
        [sys.executable, tmp_path / "probing.py"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    first = ended.stderr.splitlines()[0]  # a later one may find that the work of the first is done already
    assert first == "before"
    assert ended.stderr.endswith("after OpenSSL\n")


def collections_of(tmp_path: Path, command: str) -> str:
    """Run a function in the program's place, or `main` itself; return what it has printed."""
    (tmp_path / "program.py").write_text(
        f"""if True:
        import gc
        import sys
        import weakref
        import certkit.cli
        from certkit.__main__ import run

        class Cycle:
            def __init__(self):
                self.itself = self

        def short(arguments, main=certkit.cli.main):
            collected = []
            gc.callbacks.append(lambda phase, info: collected.append(phase))
            code = main(["show", "--help"])
            print("collections", len(collected), file=sys.stderr)
            return code

        def long(arguments):
            alive = weakref.WeakSet()
            most = 0
            for _ in range(500_000):
                alive.add(Cycle())
                most = max(most, len(alive))
            print("bounded", most < 250_000, file=sys.stderr)
            return 0

        certkit.cli.main = {command}
        run()
        """
    )
    return subprocess.run(
        [sys.executable, tmp_path / "program.py"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    ).stderr


def test_what_waits_for_the_end_of_a_command_is_done_before_it_leaves(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        """if True:
        import atexit
        import sys
        from certkit.__main__ import run

        atexit.register(lambda: print("done", file=sys.stderr))
        sys.argv = ["certkit", "--version"]
        run()
        """
    )
    ended = subprocess.run([sys.executable, tmp_path / "program.py"], capture_output=True, text=True, check=True)
    assert ended.stderr == "done\n"


def test_a_command_that_runs_on_holds_no_more_than_so_much_garbage(tmp_path: Path) -> None:
    assert collections_of(tmp_path, "long") == "bounded True\n"


def test_a_short_command_is_over_before_the_collector_looks(tmp_path: Path) -> None:
    assert collections_of(tmp_path, "short") == "collections 0\n"
