"""The program: `certkit`, or `python -m certkit`."""

import atexit
import gc
import io
import os
import sys

_COLLECT_AFTER = 100_000
"""New objects after which the garbage collector looks for cycles.

A short command makes some 60,000, nearly all by imports, which make no garbage: looking through them took a fifth of
its time. One that runs on, such as `certkit daemon check --wait`, collects each time that it has made so many.
"""
_OLDER_AFTER = 2
"""Collections of one generation after which the next older one is looked through too."""


_ELSEWHERE = """\
certkit: it runs on Linux and macOS, not on Windows itself
Install it in WSL, where Docker and Earthly run, too: wsl --install"""


def run() -> None:
    """Be the program: run the command line of this process and exit with its code."""
    if sys.platform == "win32":
        sys.exit(_ELSEWHERE)
    gc.set_threshold(_COLLECT_AFTER, _OLDER_AFTER, _OLDER_AFTER)
    try:
        from certkit.cli import main  # here, where Ctrl-C is met
        from certkit.cli.support.output import give_up

        _open_what_is_closed()
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a name must not end a command whose work is done
                stream.reconfigure(errors="backslashreplace")
        code = main(sys.argv[1:])
        give_up()
    except KeyboardInterrupt:  # while the program itself was loaded
        sys.exit(130)
    _leave(code)


def _leave(code: int) -> None:
    """End the process, at once where nothing waits for its end: to take the interpreter apart is slow.

    It is a thirtieth of a short command; mypy leaves so, too.
    """
    threading = sys.modules.get("threading")
    if threading is None or threading.active_count() == 1:
        atexit._run_exitfuncs()  # noqa: SLF001  logging's, as a rule; there is no other way to have them run
        os._exit(code)
    gc.freeze()  # or the exit would look through everything once more
    sys.exit(code)


def _open_what_is_closed() -> None:
    """Open the null device for streams that the shell has closed: the next file opened would take their number.

    That of a standard output cannot be written, so that a result that nobody gets is an error.
    """
    for name, mode, opener in (("stdin", "r", None), ("stdout", "w", _open_unwritable), ("stderr", "w", None)):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, opener=opener))  # noqa: SIM115  open to the end


def _open_unwritable(path: str, _flags: int) -> int:
    return os.open(path, os.O_RDONLY)


if __name__ == "__main__":
    run()
