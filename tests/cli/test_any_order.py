"""Whatever a lead does in whatever order: openssl lets in exactly those who are to be let in, after every command."""

import random
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.cli.conftest import Lead
from tests.cli.daemons import Running, running, take_up
from tests.cli.openssl import generation, issue

PEOPLE, DEVICES = ("al", "al-team", "pal", "Al Team"), ("laptop", "al")
VERBS = ("issue", "issue", "revoke", "revoke", "reinstate", "renew", "rotate", "rotate", "compromised")


@dataclass
class World:
    """What is so: every certificate by whose it is, and who is revoked."""

    lead: Lead
    daemon: Running
    chance: random.Random
    leaves: list[tuple[str, str, Path]] = field(default_factory=list)
    revoked: set[tuple[str, str | None]] = field(default_factory=set)

    def act(self) -> None:
        """Do something that a lead may do."""
        verb, person = self.chance.choice(VERBS), self.chance.choice(PEOPLE)
        device = self.chance.choice(DEVICES)
        is_out = not self.revoked.isdisjoint({(person, None), (person, device)})
        known = [(each[0], each[1]) for each in self.leaves]
        subject = self.chance.choice([(person, None), (person, device)])
        if verb == "issue" and not is_out:
            self.leaves.append((person, device, issue(self.lead, person, device)))
        elif verb == "revoke" and (person, device) in known:
            self._say("revoke", subject)
            self.revoked.add(subject)
        elif verb == "reinstate" and self.revoked:
            subject = self.chance.choice(sorted(self.revoked, key=str))
            self._say("reinstate", subject)
            self.revoked.discard(subject)
        elif verb == "renew":
            assert self.lead("daemon", "renew", "build").code == 0
        elif verb == "rotate":
            role = self.chance.choice(["client", "client", "server"])
            steps = self.lead("rotate", role, "--json").data["steps"]
            self.lead("rotate", role, self.chance.choice(steps)["step"])
        elif verb == "compromised" and self.chance.random() < 0.2:
            assert self.lead("rotate", "client", "--compromised").code == 0

    def _say(self, verb: str, subject: tuple[str, str | None]) -> None:
        person, device = subject
        assert self.lead(verb, person, *(["--device", device] if device else [])).code == 0

    def wanted(self) -> set[Path]:
        """Say who is to be let in: whose generation is trusted, and neither person nor device revoked."""
        trusted = self.lead("rotate", "client", "--json").data["trusted"]
        return {
            leaf
            for person, device, leaf in self.leaves
            if generation(leaf) in trusted and self.revoked.isdisjoint({(person, None), (person, device)})
        }

    def let_in(self) -> set[Path]:
        """Ask openssl about everybody at once."""
        leaves = [leaf for _, _, leaf in self.leaves]
        command: list[str | Path] = [
            "openssl",
            "verify",
            "-x509_strict",
            "-CAfile",
            self.daemon.folder / "ca.pem",
            *leaves,
        ]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        return {leaf for leaf in leaves if f"{leaf}: OK" in ended.stdout.splitlines()}


@pytest.mark.parametrize("seed", range(4))
def test_exactly_those_get_in_who_should_whatever_was_done(lead: Lead, tmp_path: Path, seed: int) -> None:
    with running(lead, tmp_path / "home") as daemon:
        world = World(lead, daemon, random.Random(seed))
        for _ in range(60):
            world.act()
            if world.leaves:
                assert world.let_in() == world.wanted()
            if world.chance.random() < 0.5:
                take_up(lead, daemon)
        actions = {each["action"] for each in lead("log", "--json").data["events"]}
        assert {"revoke", "reinstate", "rotate prepare"} <= actions
