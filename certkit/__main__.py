"""The program: `certkit`, or `python -m certkit`."""

import gc
import io
import sys


def run() -> None:
    """Be the program: run the command line of this process and exit with its code."""
    gc.disable()  # imports make no garbage, and a command is over before there is any worth looking for:
    try:
        from certkit.cli import main

        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):  # a name must not end a command whose work is done
                stream.reconfigure(errors="backslashreplace")
        code = main(sys.argv[1:])
    except KeyboardInterrupt:  # while the program itself was loaded
        code = 130
    gc.freeze()  # a fifth of the time of a short command went into collecting, most of it at the exit
    sys.exit(code)


if __name__ == "__main__":
    run()
