"""Tells whoever waits that there may be news: the ledger is looked at once for all, and only while somebody waits."""

import asyncio
import contextlib
import time
from concurrent.futures import ThreadPoolExecutor

from certkit.authority import host_sync
from certkit.errors import CertkitError
from certkit.ledger import open_ledger
from certkit.ledger.interface import Actor, Ledger
from certkit.server.worker import Worker

_LONGEST = 1.0
"""Seconds between two looks, if nothing is told before."""
_LOOKER = Actor("server", "server", "home")


class Changes:
    """Counts the changes in the ledger that other processes make, too."""

    def __init__(self, worker: Worker) -> None:
        self.count = 0
        """Read it before looking at the ledger, and give it to `wait`: nothing in between is missed."""
        self.is_closed = False
        self._worker = worker
        self._known: object = None
        self._next = asyncio.Event()
        self._waiting = 0
        self._looking: asyncio.Task[None] | None = None
        self._ledger: Ledger | None = None
        """Of the thread that waits: a ledger is one thread's."""

    async def wait(self, seen: int, seconds: float) -> None:
        """Wait until there was a change since the count was `seen`, or for `seconds` at the longest."""
        if self.count != seen or self.is_closed:
            return
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        self._waiting += 1
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._next.wait()
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Let nobody wait any more."""
        self.is_closed = True
        self._tell()

    async def _look(self) -> None:
        thread = ThreadPoolExecutor(1, thread_name_prefix="changes")
        loop = asyncio.get_running_loop()
        try:
            while not self.is_closed:
                await loop.run_in_executor(thread, self._await_commit)
                with contextlib.suppress(CertkitError, OSError):  # whoever waits is told when they ask themselves
                    found = await self._worker.read(_LOOKER, host_sync.revision)
                    if found != self._known:
                        self._known = found
                        self._tell()
                if not self._waiting:
                    return
        finally:
            thread.submit(self._let_go)
            thread.shutdown(wait=False)

    def _await_commit(self) -> None:
        """Wait until something was committed, or for a while: not every database tells of all that counts here."""
        try:
            self._ledger = self._ledger or open_ledger(self._worker.ledger_url)
            self._ledger.wait(_LONGEST)
        except CertkitError:
            self._let_go()
            time.sleep(_LONGEST)

    def _let_go(self) -> None:
        if self._ledger:
            with contextlib.suppress(CertkitError):
                self._ledger.close()
        self._ledger = None

    def _tell(self) -> None:
        self.count += 1
        self._next.set()
        self._next = asyncio.Event()
