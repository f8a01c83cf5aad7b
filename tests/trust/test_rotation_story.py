"""Whole teams, rotating at random: whoever could build before a step that is not forced can build after it.

The lead knows only what a lead can know: what was issued, and what daemons were seen to hold. What is really on laptops
and daemons comes later than what is issued, at any moment.
"""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from certkit.errors import RefusedError
from certkit.trust.rotation import Party, Rotation, known_to_trust, take


@dataclass
class Verifier:
    """A daemon: the number of the bundle that it holds, and of the one that the lead has seen it to hold."""

    live: int = 1
    proven: int = 0


@dataclass
class Holder:
    """The generation of the certificate that was issued last, of the one in use, and of those it may be using."""

    issued: int = 1
    used: int = 1
    possible: frozenset[int] = frozenset({1})


class Team(RuleBasedStateMachine):
    """A verifier and a holder of one authority: who is locked out is a matter between two."""

    def __init__(self) -> None:
        super().__init__()
        self.rotation = Rotation()
        self.published = {1: self.rotation.trusted}
        self.verifier = Verifier()
        self.holder = Holder()

    @rule(choice=st.integers(0, 1))
    def the_lead_takes_a_step(self, choice: int) -> None:
        """Take it or be refused; the anchors are made anew, and reach nobody yet."""
        step = self.rotation.steps[choice % len(self.rotation.steps)]
        possible = [trusted for number, trusted in self.published.items() if number >= self.verifier.proven]
        verifier = Party("build", known_to_trust(possible))
        holder = Party("alice", self.holder.possible)
        try:
            self.rotation = take(self.rotation, step, verifiers=[verifier], holders=[holder])
        except RefusedError:
            return
        self.published[len(self.published) + 1] = self.rotation.trusted

    @rule()
    def the_daemon_takes_up_the_next_anchors(self) -> None:
        self.verifier.live = min(self.verifier.live + 1, len(self.published))

    @rule()
    def the_daemon_takes_up_the_newest_and_is_seen(self) -> None:
        self.verifier.live = self.verifier.proven = len(self.published)

    @rule()
    def the_lead_issues(self) -> None:
        self.holder.issued = self.rotation.issuing
        self.holder.possible |= {self.holder.issued}

    @rule()
    def the_laptop_takes_up_its_newest_certificate(self) -> None:
        self.holder.used = self.holder.issued

    @rule()
    def the_laptop_takes_up_its_newest_certificate_and_is_seen(self) -> None:
        self.holder.used = self.holder.issued
        self.holder.possible = frozenset({self.holder.used})

    @invariant()
    def everybody_can_build(self) -> None:
        """What the laptop uses, and what it was issued, the daemon trusts."""
        assert {self.holder.used, self.holder.issued} <= set(self.published[self.verifier.live])


Team.TestCase.settings = settings(max_examples=300, stateful_step_count=40, deadline=None)
TestRotation = Team.TestCase
