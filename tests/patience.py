"""A limit for what must come to an end: no test asserts how long something takes, and none waits for ever."""

import contextlib
import signal
from collections.abc import Iterator

import pytest

LIMIT = 60
"""Seconds: more than any of it needs on the busiest machine, and less than what it guards against would take."""


@contextlib.contextmanager
def ends() -> Iterator[None]:
    """Fail the test if the block does not end."""
    former = signal.signal(signal.SIGALRM, lambda _signal, _frame: pytest.fail(f"it did not end within {LIMIT} s"))
    signal.alarm(LIMIT)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, former)
