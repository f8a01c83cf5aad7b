"""Run a function beside the others, in a thread that never keeps the process from ending."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import TypeVar

Result = TypeVar("Result")


def start(function: Callable[[], Result]) -> "Future[Result]":
    """Start a function; a name server or a daemon that never answers leaves its thread behind, harmlessly."""
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001  whoever asks for the result gets it
            future.set_exception(error)

    threading.Thread(target=run, daemon=True, name=f"probe-{len(threading.enumerate())}").start()
    return future


@contextlib.contextmanager
def beside(function: Callable[[], object]) -> Iterator[None]:
    """Run a function beside a block that waits for somebody, such as an import; it has ended when the block has.

    Whoever needs what it does meets its failure there.
    """
    running = start(function)
    try:
        yield
    finally:
        running.exception()
