"""The program: `certkit`, or `python -m certkit`."""

import gc
import io
import os
import sys


def run() -> None:
    """Be the program: run the command line of this process and exit with its code."""
    gc.disable()  # imports make no garbage, and a command is over before there is any worth looking for:
    try:
        from certkit.cli import main
        from certkit.cli.support.output import give_up

        _open_what_is_closed()
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a name must not end a command whose work is done
                stream.reconfigure(errors="backslashreplace")
        code = main(sys.argv[1:])
        give_up()
    except KeyboardInterrupt:  # while the program itself was loaded
        code = 130
    gc.freeze()  # a fifth of the time of a short command went into collecting, most of it at the exit
    sys.exit(code)


def _open_what_is_closed() -> None:
    """Give streams that the shell has closed somewhere to go, or the next file to be opened would take their place."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w" if number else "r"))  # noqa: SIM115, PTH123  open to the end


if __name__ == "__main__":
    run()
