"""What is done beside what waits."""

import threading
import time

import pytest

from certkit.probe.background import beside


def test_what_is_done_beside_a_block_is_done_meanwhile_and_has_ended_with_it() -> None:
    begun, done = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        time.sleep(0.05)
        done.set()

    with beside(work):
        assert begun.wait(5)
        assert not done.is_set()
    assert done.is_set()


def test_what_fails_beside_a_block_leaves_it_alone() -> None:
    def fail() -> None:
        raise ImportError("gRPC")

    with beside(fail):
        pass


def test_the_failure_of_a_block_is_its_own() -> None:
    done = threading.Event()
    with pytest.raises(ValueError, match="refused"), beside(done.set):
        raise ValueError("refused")
    assert done.is_set()
