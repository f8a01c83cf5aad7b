"""The one thread of a process that works on the ledger: operations wait in line, and none waits for long."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from certkit.authority.home import KEY, Home
from certkit.authority.session import Session
from certkit.ledger import open_ledger
from certkit.ledger.interface import Actor
from certkit.pki.keys import PrivateKey
from certkit.trust.rotation import Role

Result = TypeVar("Result")
Operation = Callable[[Session], Result]

PATIENCE = 5.0
"""Seconds that an operation waits for another process that writes to the ledger."""


@dataclass(frozen=True)
class _Kept(Session):
    """A session that opens each key once: to decrypt one takes as long as a hundred signatures."""

    opened: dict[tuple[int, int], PrivateKey] = field(default_factory=dict, repr=False)

    def key(self, role: Role, generation: int | None = None) -> PrivateKey:
        """See `Session`; a key whose file was replaced is opened anew."""
        found = (self.authority_directory(role, generation) / KEY).stat()
        mark = (found.st_ino, found.st_mtime_ns)
        if mark not in self.opened:
            self.opened[mark] = super().key(role, generation)
        return self.opened[mark]


class Worker:
    """A thread with a session of its own on a home; `clock` tells the time."""

    def __init__(self, home: Home, clock: Callable[[], datetime]) -> None:
        self._home = home
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._session: _Kept | None = None

    @property
    def ledger_url(self) -> str:
        """Where the ledger is."""
        return self._home.ledger_url

    async def do(self, actor: Actor, operation: Operation[Result]) -> Result:
        """Carry out an operation as `actor`; raises what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._run, actor, operation)

    def close(self) -> None:
        """Finish what waits in line, and let go of the ledger."""
        self._thread.submit(self._close)
        self._thread.shutdown()

    def _run(self, actor: Actor, operation: Operation[Result]) -> Result:
        now = self._clock()
        if self._session is None:
            opened = open_ledger(self._home.ledger_url, patience=PATIENCE)
            self._session = _Kept(self._home, opened, now, actor)
        return operation(replace(self._session, now=now, actor=actor))

    def _close(self) -> None:
        with contextlib.ExitStack() as stack:
            if self._session:
                stack.callback(self._session.ledger.close)
