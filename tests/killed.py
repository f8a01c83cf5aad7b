"""Processes that are killed by SIGKILL at every moment at which something has just been changed on the disk."""

import itertools
import os
import signal
from collections.abc import Callable, Iterator

from certkit.ledger.postgres import PostgresDatabase
from certkit.ledger.sqlite import SqliteDatabase

CHANGES = ("fsync", "sync", "mkdir", "symlink", "link", "replace", "rename", "chmod", "unlink", "rmdir")


def at_every_moment(action: Callable[[], object]) -> Iterator[int]:
    """Run an action in processes that are killed after their first change, their second, … until one comes to its end.

    After each the caller looks at what is left. At least two must have been killed.
    """
    for moment in itertools.count():
        if lives_through(moment, action):
            break
        yield moment
    assert moment > 1
    yield moment


def lives_through(moment: int, action: Callable[[], object]) -> bool:
    """Run an action in a process that is killed at its `moment`-th change; tell whether it lived to its end."""
    child = os.fork()
    if child == 0:
        left = iter(range(moment))
        for name in CHANGES:
            setattr(os, name, _killing(getattr(os, name), lambda: next(left, None) is None))
        for kind, name in itertools.product((SqliteDatabase, PostgresDatabase), ("begin", "commit")):
            setattr(kind, name, _killing(getattr(kind, name), lambda: next(left, None) is None))
        try:
            action()
        finally:
            os._exit(0)
    status = os.waitpid(child, 0)[1]
    assert not os.WIFSIGNALED(status) or os.WTERMSIG(status) == signal.SIGKILL
    return not os.WIFSIGNALED(status)


def _killing(call: Callable[..., object], is_time: Callable[[], bool]) -> Callable[..., object]:
    def wrapped(*arguments: object, **options: object) -> object:
        done = call(*arguments, **options)
        if is_time():
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    return wrapped
