"""What a machine, a shell or a user has set reaches no test."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.environment import CHECKOUT, excuses

HOSTILE = {
    "HOME": f"/tmp/{'long-' * 40}",
    "COLUMNS": "20",
    "LC_ALL": "tr_TR.ISO-8859-9",
    "PYTHONUNBUFFERED": "1",
    "PYTHONHASHSEED": "7",
    "NO_COLOR": "1",
    "XDG_DATA_HOME": "/nowhere",
    "SUDO_USER": "somebody",
    "EARTHLY_BUILDKIT_HOST": "tcp://elsewhere:1",
    "EARTH_INSTALLATION_NAME": "other",
    "CERTKIT_HOME": "/nowhere",
}
SCRIPT = f"""
import os, signal, subprocess, sys, tempfile

def test_x():
    assert not set({sorted(HOSTILE)}) - {{"HOME", "LC_ALL"}} & set(os.environ)
    assert os.environ["LC_ALL"] == "C.UTF-8"
    assert os.path.isdir(os.environ["HOME"]) and len(os.environ["HOME"]) < 40
    assert tempfile.gettempdir() == os.environ["TMPDIR"] and len(os.environ["TMPDIR"]) < 40
    assert os.umask(0o22) == 0o22
    for ignored in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        child = subprocess.Popen(["sleep", "60"])
        child.send_signal(ignored)
        assert child.wait() == -ignored
"""


def test_nothing_that_a_machine_sets_reaches_a_test(tmp_path: Path) -> None:
    path = tmp_path / "test_x.py"
    path.write_text(SCRIPT)
    options = ("-p", "tests.conftest", "-c", os.devnull, f"--rootdir={tmp_path}", f"--basetemp={tmp_path / 'base'}")
    ended = subprocess.run(
        [sys.executable, "-c", IGNORING, *options, str(path)],
        cwd=CHECKOUT,
        env=os.environ | HOSTILE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout


IGNORING = """if True:
    import os, signal, sys
    for each in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):  # as a shell does for a background job, and nohup
        signal.signal(each, signal.SIG_IGN)
    os.umask(0o77)
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *sys.argv[1:]])"""


def test_what_this_user_can_never_have_is_excused_and_nothing_else() -> None:
    assert excuses("only root can be somebody else") == (os.geteuid() != 0)
    assert excuses("a real buildkitd runs on Linux only") == (sys.platform != "linux")
    assert not excuses("HAProxy is not installed")


def test_what_is_ignored_when_the_suite_starts_is_ignored_again_when_it_ends() -> None:
    script = """if True:
        import signal
        from tests import environment
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with environment.made():
            assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN"""
    subprocess.run([sys.executable, "-c", script], cwd=CHECKOUT, check=True)
    assert signal.getsignal(signal.SIGINT) is not signal.SIG_IGN
