"""`certkit demo`."""

from pathlib import Path
from typing import Annotated

import typer

from certkit.cli import actions


def demo(
    buildkitd: Annotated[
        Path | None, typer.Option("--buildkitd", help="Run this daemon (as root, on Linux) instead of a stand-in.")
    ] = None,
) -> None:
    """Run a complete demo in a scratch folder, with three failures.

    \b
    certkit demo
    sudo certkit demo --buildkitd /usr/local/bin/buildkitd

    Nothing outside the scratch folder is touched, and nothing is left behind. Without --buildkitd it runs the one on
    PATH where it can, else a stand-in that answers as buildkitd does and builds nothing.
    Exit codes: 0 shown, 1 failure.
    """
    actions.demo.tell(buildkitd)
