"""Builds that go on beside whatever else is done to daemons."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Builder = TypeVar("Builder")


@contextlib.contextmanager
def building(build: Callable[[Builder], None], builders: Iterable[Builder]) -> Iterator[None]:
    """Let each of some build all the while, one build after the other, not one of which may fail."""
    is_over = threading.Event()

    def go_on(who: Builder) -> None:
        build(who)
        while not is_over.is_set():
            build(who)

    with ThreadPoolExecutor() as pool:
        running = [pool.submit(go_on, each) for each in builders]
        try:
            yield
        finally:
            is_over.set()
    for each in running:
        each.result()
