"""The command line: the only place that knows the terminal and reads the clock."""

from certkit.cli.app import main

__all__ = ["main"]
