"""The environment that every test runs in: made here, whatever the machine, the shell or the user has set.

What a test finds must not depend on whose machine it is. So all variables are dropped but those listed, and the ones
that a program looks at get values of their own; signals that the shell ignores for a background job are deliverable.
"""

import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType

CHECKOUT = Path(__file__).parents[1]

INHERITED: Mapping[str, str] = dict(os.environ)
"""What the machine had set: only for tools that fetch or build, which need its proxies, caches and certificates."""

SYSTEM_TOOLS = ("/usr/sbin", "/sbin")
"""Where programs lie that a test may need, HAProxy for one, and that an ordinary user's PATH does not name."""

_KEPT = ("PATH", "CI", "CERTKIT_TEST_CACHE", "CERTKIT_TEST_STRICT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_KEPT_PREFIXES = ("PYTEST_", "COVERAGE_", "HYPOTHESIS_")
_DELIVERABLE: Mapping[signal.Signals, Callable[[int, FrameType | None], object] | signal.Handlers] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGQUIT: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}


@contextlib.contextmanager
def made() -> Iterator[Path]:
    """Make the environment; yield its scratch folder, and undo everything at the end."""
    scratch = Path(tempfile.mkdtemp(prefix="ct-", dir="/tmp"))  # a Unix socket's path has room for 104 bytes
    umask = os.umask(0o022)
    _replace(_variables(scratch))
    try:
        with _deliverable_signals():
            yield scratch
    finally:
        _replace(INHERITED)
        os.umask(umask)
        shutil.rmtree(scratch, ignore_errors=True)


def _variables(scratch: Path) -> dict[str, str]:
    """Return all variables that a test finds; those of the tests' own machinery are kept."""
    scratch.chmod(0o711)  # tests are other users, too, in folders of their own
    home, temporary = scratch / "home", scratch / "tmp"
    home.mkdir()
    temporary.mkdir()
    kept = {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
    return kept | {
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": str(CHECKOUT),  # a program that a test starts is this checkout's, whatever is installed
    }


def _replace(variables: Mapping[str, str]) -> None:
    pytests = {name: value for name, value in os.environ.items() if name.startswith("PYTEST_")}
    os.environ.clear()
    os.environ.update({**variables, **pytests})
    tempfile.tempdir = None  # it is found anew


@contextlib.contextmanager
def _deliverable_signals() -> Iterator[None]:
    """Handle the signals that a shell has a background job ignore, or `nohup` all its children, in the default way."""
    ignored = [number for number in _DELIVERABLE if signal.getsignal(number) is signal.SIG_IGN]
    blocked = signal.pthread_sigmask(signal.SIG_UNBLOCK, _DELIVERABLE)
    for number in ignored:
        signal.signal(number, _DELIVERABLE[number])
    try:
        yield
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def find_system_tools() -> None:
    """Let PATH name their folders too: which programs there are decides already while tests are collected."""
    named = os.environ.get("PATH", os.defpath).split(os.pathsep)
    os.environ["PATH"] = os.pathsep.join([*named, *(folder for folder in SYSTEM_TOOLS if folder not in named)])


def excuses(reason: str) -> bool:
    """Tell whether a reason to skip is what not even a strict run asks for.

    That is what this machine or user can never have, and what is too large to bring along or takes minutes to make:
    Java, a browser, the machines of engines, and Kubernetes.
    """
    words = reason.split()
    never = (os.geteuid() != 0 and "root" in words) or (sys.platform != "linux" and "Linux" in words)
    return never or not {"engines", "Chromium", "Java", "kubernetes"}.isdisjoint(words)


def put_certkit(folder: Path) -> Path:
    """Put certkit, as it is here, into a folder for PATH that is made if it is not there; return the folder."""
    folder.mkdir(exist_ok=True)
    program = folder / "certkit"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m certkit "$@"\n')
    program.chmod(0o755)
    return folder
