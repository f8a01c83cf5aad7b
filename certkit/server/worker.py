"""What a process does on the ledger: one thing after another, and the changes that wait taken together.

A commit waits for the disk, so the changes of everybody who waits share one: each is a part of it, which fails alone,
and nobody is answered before it. The statements between are short, and made where everybody is answered, since two
threads of Python would only wait for each other; whatever may wait, for the disk or for another process, is left to a
thread. Only one of the two is at the ledger at a time. Every question to a
ledger on another machine may wait.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from certkit.authority.admission import Admission
from certkit.authority.home import Home
from certkit.authority.redemption import Use
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
_COMPANY = 0.005
"""Seconds that the next change waits for others, if the last one was not alone: many small commits cost more."""
_TOGETHER = 64
"""Changes at most that share a commit: for as long as they take, nobody else is heard."""


@dataclass
class _Waiting:
    """Somebody who waits for what they want done."""

    actor: Actor
    wanted: Callable[[Session], Any]
    """An operation, or what prepares a change."""
    may_wait: bool = False
    """Whether it is an operation that may take its time."""
    done: asyncio.Future[Any] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class _Outcome(NamedTuple):
    """What somebody is told: a result, or what went wrong."""

    waiting: _Waiting
    result: Any = None
    error: Exception | None = None


_Prepared = tuple[_Waiting, Session, Operation[Any]]
"""Who waits, the session of their own, and what makes the change."""


class Worker:
    """Works on a home with a session of its own; `clock` tells the time."""

    def __init__(self, home: Home, clock: Callable[[], datetime]) -> None:
        self._home = home
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ledger")
        self._session: Kept | None = None
        self._changes: list[_Waiting] = []
        self._others: list[_Waiting] = []
        self._is_busy = False
        self._working: asyncio.Task[None] | None = None

    async def read(self, actor: Actor, operation: Operation[Result]) -> Result:
        """Carry out an operation that only reads; raises what it raises."""
        found: Result = await self._join(self._others, _Waiting(actor, operation))
        return found

    @property
    def ledger_url(self) -> str:
        """Where the ledger is."""
        return self._home.ledger_url

    async def do(self, actor: Actor, operation: Operation[Result]) -> Result:
        """Carry out an operation that may take its time, and make changes of its own; raises what it raises."""
        found: Result = await self._join(self._others, _Waiting(actor, operation, may_wait=True))
        return found

    async def change(self, actor: Actor, prepare: Change[Result]) -> Result:
        """Make a change, together with those of others; raises what it raises, and LedgerError if none was made."""
        found: Result = await self._join(self._changes, _Waiting(actor, prepare))
        return found

    async def close(self) -> None:
        """Finish what waits, and let go of the ledger."""
        if self._working:
            await self._working
        if self._session:
            self._session.ledger.close()
        self._thread.shutdown()

    async def _join(self, line: list[_Waiting], waiting: _Waiting) -> Any:  # noqa: ANN401  as the operation says
        line.append(waiting)
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work())
        return await waiting.done

    async def _work(self) -> None:
        """Take whatever waits, until nobody does."""
        while self._changes or self._others:
            if self._is_busy and not self._others:
                await asyncio.sleep(_COMPANY)
            changes, self._changes[:_TOGETHER] = self._changes[:_TOGETHER], []
            others, self._others[:] = self._others[:], []
            self._is_busy = len(changes) > 1
            try:
                session = await self._opened()
                for each in others:
                    act = self._waited_for if each.may_wait else self._promptly
                    _tell([await act(_carried_out, session, self._own(session, each))])
                await self._make(session, [each for each in changes if not each.done.done()])
            except Exception as error:  # noqa: BLE001  whoever waits is told
                _tell(_Outcome(each, error=error) for each in [*others, *changes])

    async def _make(self, session: Kept, changes: Sequence[_Waiting]) -> None:
        """Prepare changes, and make them in one transaction; tell nobody of success before it is committed."""
        own = [self._own(session, each) for each in changes]
        prepared = await self._promptly(_prepared, session, own)
        ready = [(*each, found.result) for each, found in zip(own, prepared, strict=True) if not found.error]
        _tell(each for each in prepared if each.error)
        if not ready:
            return
        transaction = session.transaction()
        await self._waited_for(transaction.__enter__)
        try:
            made = await self._promptly(_made, session, ready)
        except BaseException as error:
            await self._waited_for(transaction.__exit__, type(error), error, error.__traceback__)
            raise
        await self._waited_for(transaction.__exit__, None, None, None)
        _tell(made)

    def _own(self, session: Kept, waiting: _Waiting) -> tuple[_Waiting, Session]:
        return waiting, replace(session, now=self._clock(), actor=waiting.actor)

    async def _opened(self) -> Kept:
        if self._session is None:
            opened = await self._waited_for(open_ledger, self._home.ledger_url, patience=PATIENCE)
            self._session = Kept(self._home, opened, self._clock(), Actor("server", ""))
        return self._session

    async def _promptly(self, function: Callable[..., Result], session: Kept, *given: Any) -> Result:  # noqa: ANN401
        """Call a function that only asks the ledger: here, unless it is far away."""
        if session.ledger.is_remote:
            return await self._waited_for(function, session, *given)
        return function(session, *given)

    async def _waited_for(self, function: Callable[..., Result], *given: Any, **named: Any) -> Result:  # noqa: ANN401
        """Call a function that may have to wait, in the thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: function(*given, **named))


def _tell(outcomes: Iterable[_Outcome]) -> None:
    """Tell everybody what came of it, but those who have left."""
    for each in outcomes:
        if each.waiting.done.done():
            continue
        if each.error:
            each.waiting.done.set_exception(each.error)
        else:
            each.waiting.done.set_result(each.result)


def _carried_out(session: Kept, waiting: tuple[_Waiting, Session]) -> _Outcome:
    session.memory.turn.clear()
    return _outcome(*waiting, waiting[0].wanted)


def _prepared(session: Kept, changes: Sequence[tuple[_Waiting, Session]]) -> list[_Outcome]:
    session.memory.turn.clear()
    codes = [waiting.wanted.digest for waiting, _ in changes if isinstance(waiting.wanted, Use)]
    with session.ledger.foreseeing(codes=codes):
        return [_outcome(waiting, own, waiting.wanted) for waiting, own in changes]


def _made(session: Kept, changes: Sequence[_Prepared]) -> list[_Outcome]:
    """Make prepared changes inside a transaction, each of which fails alone; raise LedgerError if that cannot go on.

    As a rule none fails, and then one savepoint will do: those of each are two of a dozen statements.
    """
    if len(changes) > 1:
        try:
            return _part_of(session, changes)
        except Exception as error:
            if _ends_all(error):
                raise
    return [_made_alone(session, each) for each in changes]


def _part_of(session: Kept, changes: Sequence[_Prepared]) -> list[_Outcome]:
    """Make changes, all or none."""
    session.memory.turn.clear()
    applications = [make.application for _, _, make in changes if isinstance(make, Admission)]
    with session.ledger.part(), session.ledger.foreseeing(applications):
        return [_Outcome(waiting, make(own)) for waiting, own, make in changes]


def _made_alone(session: Kept, change: _Prepared) -> _Outcome:
    try:
        [made] = _part_of(session, [change])
    except Exception as error:
        if _ends_all(error):
            raise
        return _Outcome(change[0], error=error)
    return made


def _ends_all(error: Exception) -> bool:
    """Tell whether an error is one of the ledger's, and not of one change."""
    return isinstance(error, LedgerError) and not isinstance(error, DuplicateError)


def _outcome(waiting: _Waiting, own: Session, do: Operation[Any]) -> _Outcome:
    try:
        return _Outcome(waiting, do(own))
    except Exception as error:  # noqa: BLE001  whoever waits is told
        return _Outcome(waiting, error=error)
