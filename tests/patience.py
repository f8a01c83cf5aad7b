"""A limit for what must come to an end: no test asserts how long something takes, and none goes on for ever."""

import contextlib
import signal
import time
from collections.abc import Callable, Iterator

import pytest

WORKING, WAITING = 60, 600
"""Seconds of the processor, and by the clock: far more than is needed on the busiest machine, measured for coverage."""

_TIMERS = (
    (signal.ITIMER_PROF, signal.SIGPROF, WORKING, f"it was not done after {WORKING} s of work"),
    (signal.ITIMER_REAL, signal.SIGALRM, WAITING, f"it did not end within {WAITING} s"),
)


@contextlib.contextmanager
def ends() -> Iterator[None]:
    """Fail the test if the block does not end."""
    with contextlib.ExitStack() as stack:
        for timer, number, limit, what in _TIMERS:
            stack.callback(signal.signal, number, signal.signal(number, _failing(what)))
            signal.setitimer(timer, limit)
            stack.callback(signal.setitimer, timer, 0)
        yield


def _failing(what: str) -> Callable[[int, object], object]:
    return lambda _signal, _frame: pytest.fail(what, pytrace=False)


def eventually(is_so: Callable[[], bool]) -> None:
    """Wait until something is so; fail the test if it does not become so."""
    with ends():
        while not is_so():
            time.sleep(0.1)
