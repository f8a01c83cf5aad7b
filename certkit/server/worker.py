"""What a process does on the ledger: one thing after another, and the changes that wait taken together.

A commit waits for the disk, so the changes of everybody who waits share one: each is a part of it, which fails alone,
and nobody is answered before it. The statements between are short, and made where everybody is answered, since two
threads of Python would only wait for each other; whatever may wait, for the disk or for another process, is left to a
thread. Only one of the two is at the ledger at a time.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Generic, TypeVar

from certkit.authority.home import Home
from certkit.authority.session import Session
from certkit.ledger import open_ledger
from certkit.ledger.interface import Actor
from certkit.ledger.sql import DuplicateError, LedgerError
from certkit.server.kept import Kept

Result = TypeVar("Result")
Operation = Callable[[Session], Result]
Change = Callable[[Session], Operation[Result]]
"""What prepares a change, and returns what makes it inside a transaction: others wait meanwhile, so it should be short.
"""

PATIENCE = 5.0
"""Seconds that an operation waits for another process that writes to the ledger."""
_COMPANY = 0.01
"""Seconds that the next change waits for others, if the last one was not alone: many small commits cost more."""
_TOGETHER = 64
"""Changes at most that share a commit: for as long as they take, nobody else is heard."""


@dataclass
class _Waiting(Generic[Result]):
    """Somebody who waits for what they want done."""

    actor: Actor
    wanted: Callable[[Session], Any]
    """An operation, or what prepares a change."""
    done: asyncio.Future[Result] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def tell(self, result: Result) -> None:
        """Give them the result, unless they have left."""
        if not self.done.done():
            self.done.set_result(result)

    def fail(self, error: Exception) -> None:
        """Tell them what went wrong, unless they have left."""
        if not self.done.done():
            self.done.set_exception(error)


class Worker:
    """Works on a home with a session of its own; `clock` tells the time."""

    def __init__(self, home: Home, clock: Callable[[], datetime]) -> None:
        self._home = home
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._session: Kept | None = None
        self._changes: list[_Waiting[Any]] = []
        self._others: list[tuple[_Waiting[Any], bool]] = []
        self._is_busy = False
        self._working: asyncio.Task[None] | None = None

    async def read(self, actor: Actor, operation: Operation[Result]) -> Result:
        """Carry out an operation that only reads the ledger; raises what it raises."""
        waiting: _Waiting[Result] = _Waiting(actor, operation)
        self._others.append((waiting, False))
        return await self._result(waiting)

    async def change(self, actor: Actor, prepare: Change[Result]) -> Result:
        """Make a change, together with those of others; raises what it raises, and LedgerError if none was made."""
        waiting: _Waiting[Result] = _Waiting(actor, prepare)
        self._changes.append(waiting)
        return await self._result(waiting)

    async def do(self, actor: Actor, operation: Operation[Result]) -> Result:
        """Carry out an operation that may take its time, and make changes of its own; raises what it raises."""
        waiting: _Waiting[Result] = _Waiting(actor, operation)
        self._others.append((waiting, True))
        return await self._result(waiting)

    async def close(self) -> None:
        """Finish what waits, and let go of the ledger."""
        if self._working:
            await self._working
        if self._session:
            self._session.ledger.close()
        self._thread.shutdown()

    async def _result(self, waiting: _Waiting[Result]) -> Result:
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await waiting.done

    async def _work(self) -> None:
        """Take whatever waits, until nobody does."""
        while self._changes or self._others:
            if self._is_busy and not self._others:
                await asyncio.sleep(_COMPANY)
            changes, self._changes = self._changes[:_TOGETHER], self._changes[_TOGETHER:]
            others, self._others = self._others, []
            self._is_busy = len(changes) > 1
            taken = [*changes, *(each for each, _ in others)]
            try:
                session = await self._opened()
                for each, takes_its_time in others:
                    await self._carry_out(session, each, takes_its_time=takes_its_time)
                await self._make(session, [each for each in changes if not each.done.done()])
            except Exception as error:  # noqa: BLE001  whoever waits is told
                for each in taken:
                    each.fail(error)

    async def _carry_out(self, session: Kept, waiting: _Waiting[Any], *, takes_its_time: bool) -> None:
        session.memory.turn.clear()
        own = self._of(session, waiting)
        try:
            waiting.tell(await self._aside(waiting.wanted, own) if takes_its_time else waiting.wanted(own))
        except Exception as error:  # noqa: BLE001  whoever waits is told
            waiting.fail(error)

    async def _make(self, session: Kept, changes: Sequence[_Waiting[Any]]) -> None:
        """Prepare changes, and make them in one transaction; answer nobody before it is committed."""
        session.memory.turn.clear()
        prepared = [found for each in changes if (found := self._prepared(self._of(session, each), each))]
        if not prepared:
            return
        transaction, made = session.transaction(), []
        await self._aside(transaction.__enter__)
        try:
            session.memory.turn.clear()
            for each, own, make in prepared:
                try:
                    with session.ledger.part():
                        made.append((each, make(own)))
                except LedgerError as error:
                    if not isinstance(error, DuplicateError):
                        raise
                    each.fail(error)
                except Exception as error:  # noqa: BLE001  whoever waits is told
                    each.fail(error)
        except BaseException as error:
            transaction.__exit__(type(error), error, error.__traceback__)
            raise
        await self._aside(transaction.__exit__, None, None, None)
        for each, result in made:
            each.tell(result)

    def _prepared(
        self, own: Session, waiting: _Waiting[Any]
    ) -> tuple[_Waiting[Any], Session, Callable[[Session], Any]] | None:
        """Prepare a change in a session of its own; None if that cannot be done."""
        try:
            return waiting, own, waiting.wanted(own)
        except Exception as error:  # noqa: BLE001  whoever waits is told
            waiting.fail(error)
            return None

    def _of(self, session: Kept, waiting: _Waiting[Any]) -> Kept:
        return replace(session, now=self._clock(), actor=waiting.actor)

    async def _opened(self) -> Kept:
        if self._session is None:
            opened = await self._aside(open_ledger, self._home.ledger_url, patience=PATIENCE)
            self._session = Kept(self._home, opened, self._clock(), Actor("server", "", "home"))
        return self._session

    async def _aside(self, function: Callable[..., Result], *given: Any, **named: Any) -> Result:  # noqa: ANN401
        """Call a function in the thread: it may wait."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: function(*given, **named))
