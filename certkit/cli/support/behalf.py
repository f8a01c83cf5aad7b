"""On whose behalf this process works, if not of whoever started it: of a lead on the other side of a network.

Their terminal is not here. What it would be asked comes with the call, or ends the command before anything is done.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certkit.ledger.interface import Actor


class QuestionError(BaseException):
    """Somebody must be asked first. No failure, so that nothing on the way takes it for one."""

    def __init__(self, question: str) -> None:
        super().__init__(question)
        self.question = question


class Behalf:  # no dataclass: every command imports this module, and the lead's laptop alone makes one
    """Who acts, and what is known of where they sit.

    `passphrase` is that of the authorities' keys, if whoever serves knows it; `columns` tells how wide their terminal
    is, 0 if the result goes elsewhere. `answers` are what they have said already, in the order of the questions.
    """

    def __init__(
        self, actor: "Actor", passphrase: bytes | None, columns: int, answers: list[bool], *, is_attended: bool
    ) -> None:
        self.actor, self.passphrase, self.columns = actor, passphrase, columns
        self.answers, self.is_attended = answers, is_attended
        self.failed = ""
        """The code of the error that the command has ended with, if it has."""

    def act_alone(self, name: str) -> None:
        """Act by another name from now on, which several have agreed on, and ask nobody any more."""
        self.actor, self.is_attended = self.actor._replace(name=name), False

    def answer(self, question: str) -> bool:
        """Return what they say to a question; raise QuestionError if they were not asked yet."""
        if not self.is_attended:
            return False
        if not self.answers:
            raise QuestionError(question)
        return self.answers.pop(0)


_current: list[Behalf] = []


def act(behalf: Behalf) -> None:
    """Work on somebody's behalf from now on, for as long as this process lives."""
    _current[:] = [behalf]


def current() -> Behalf | None:
    """Return on whose behalf this process works; None if it is that of whoever started it."""
    return _current[0] if _current else None
