"""Whole rotations at real daemons: nobody is refused who should get in, nobody let in who should not, at any step."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from certkit.errors import RefusedError
from certkit.pki import certificates, names
from certkit.trust import canary, label
from certkit.trust.rotation import Party, Rotation, Step, known_to_trust, take
from tests.daemons.daemon import Daemon, Start
from tests.trust.people import SERVED, TEAM, Pair, People, answer, authority, listed, published

BAD_CERTIFICATE, UNKNOWN_CA = 42, 48
LAPTOPS = [f"person{n}" for n in range(20)]
GONE = [names.person_name("gone", TEAM)]


def ask(daemon: Daemon, pairs: dict[str, Pair], tlsca: dict[str, Path]) -> dict[str, int | str]:
    """Let everybody connect at once."""
    with ThreadPoolExecutor(8) as pool:
        said = pool.map(lambda name: answer(daemon.port, pairs[name], tlsca[name]), pairs)
        return dict(zip(pairs, said, strict=True))


class Story:
    """A lead, a daemon and twenty laptops, while the client authority is rotated."""

    def __init__(self, people: People, factory: Start, flavour: str) -> None:
        self.people = people
        self.rotation = Rotation()
        self.published = {1: self.rotation.trusted}
        self.proven = 0
        self.laptops = {name: people.device(name) for name in LAPTOPS}
        self.outsiders = {g: people.device("gone", generation=g) for g in (1, 2)} | {
            9: people.device("x", generation=9)
        }
        pair = people.daemon_pair()
        self.daemon = factory(flavour, ca=self._hand_out(), cert=pair.cert, key=pair.key)

    def step(self, step: Step, *, force: bool = False) -> None:
        """Take a step, as far as it may be taken, and make the anchors anew."""
        daemon = Party("build", self._known())
        laptops = [
            Party(
                name,
                frozenset(g for g in (1, 2) if self.people.authority(g).certificate.subject == pair.certificate.issuer),
            )
            for name, pair in self.laptops.items()
        ]
        self.rotation = take(self.rotation, step, verifiers=[daemon], holders=laptops, force=force)
        self.published[len(self.published) + 1] = self.rotation.trusted
        self._hand_out()

    def restart(self) -> None:
        """Let the daemon take the anchors up, and see that it has."""
        assert self.label() != len(self.published)
        self.daemon.restart()
        assert self.label() == len(self.published)
        assert self.canary() == BAD_CERTIFICATE
        self.proven = len(self.published)

    def label(self) -> int:
        """Return the number of the publication that the daemon shows."""
        (found,) = filter(None, map(label.parse, listed(self.daemon.port)))
        return found.number

    def canary(self) -> int | str:
        """Say what the daemon answers to the newest canary."""
        made = canary.make(self.people.authority(self.rotation.trusted[-1]), TEAM)
        return answer(self.daemon.port, self.people.pair(made.certificate, made.key), self.people.tlsca)

    def enroll(self, laptops: list[str]) -> None:
        """Issue laptops certificates of today's authority."""
        self.laptops |= {name: self.people.device(name, generation=self.rotation.issuing) for name in laptops}

    def check(self) -> None:
        """Everybody who should get in does, and nobody else."""
        trusted = self._known() if self.proven else {1}
        pairs = self.laptops | {str(g): pair for g, pair in self.outsiders.items()}
        refused = {str(g): BAD_CERTIFICATE if g in trusted else UNKNOWN_CA for g in self.outsiders}
        said = ask(self.daemon, pairs, dict.fromkeys(pairs, self.people.tlsca))
        assert said == dict.fromkeys(self.laptops, SERVED) | refused

    def _known(self) -> frozenset[int]:
        return known_to_trust(trusted for number, trusted in self.published.items() if number >= self.proven)

    def _hand_out(self) -> Path:
        signers = [self.people.authority(generation) for generation in self.rotation.trusted]
        return self.people.file("ca.pem", published(signers, GONE, len(self.published)))


def test_the_client_authority_forward_and_back(daemon_factory: Start, flavour: str, tmp_path: Path) -> None:
    story = Story(People(tmp_path), daemon_factory, flavour)
    story.check()
    story.step("prepare")
    with pytest.raises(RefusedError, match="lock out build"):
        story.step("switch")
    story.restart()
    story.check()
    story.step("switch")
    story.enroll(LAPTOPS[:10])
    story.check()
    with pytest.raises(RefusedError, match="lock out person10, person11"):
        story.step("retire")
    story.step("rollback")
    with pytest.raises(RefusedError, match="lock out person0, person1"):
        story.step("rollback")
    story.restart()
    story.check()
    story.step("switch")
    story.enroll(LAPTOPS[10:])
    story.check()
    story.step("retire")
    story.restart()
    story.check()
    story.step("rollback")
    story.restart()
    story.check()


def test_a_rotation_that_is_given_up_leaves_everything_as_it_was(daemon_factory: Start, tmp_path: Path) -> None:
    story = Story(People(tmp_path), daemon_factory, "earthly")
    story.step("prepare")
    story.restart()
    story.step("rollback")
    story.restart()
    story.check()
    assert story.rotation.trusted == (1,)


def test_a_forced_step_locks_out_exactly_whom_it_named(daemon_factory: Start, tmp_path: Path) -> None:
    story = Story(People(tmp_path), daemon_factory, "earthly")
    story.step("prepare")
    story.restart()
    story.step("switch")
    story.enroll(LAPTOPS[:19])
    with pytest.raises(RefusedError, match=r"lock out person19$"):
        story.step("retire")
    story.step("retire", force=True)
    story.restart()
    said = ask(story.daemon, story.laptops, dict.fromkeys(story.laptops, story.people.tlsca))
    assert said == dict.fromkeys(LAPTOPS[:19], SERVED) | {"person19": UNKNOWN_CA}


def test_the_server_authority_while_laptops_change_over(daemon_factory: Start, flavour: str, tmp_path: Path) -> None:
    """A daemon shows the new authority's certificate only when every laptop trusts both."""
    people = People(tmp_path)
    newer = authority("server", 2)
    old_alone = people.file("old.pem", certificates.to_pem(people.server.certificate))
    both = people.file("both.pem", old_alone.read_bytes() + certificates.to_pem(newer.certificate))
    new_alone = people.file("new.pem", certificates.to_pem(newer.certificate))
    pairs = {name: people.device(name) for name in LAPTOPS}
    tlsca = dict.fromkeys(LAPTOPS, old_alone)
    old, new = people.daemon_pair(), people.daemon_pair(newer)
    held = people.file("ca.pem", published([people.authority()], GONE, 1))
    daemon = daemon_factory(flavour, ca=held, cert=old.cert, key=old.key)

    tlsca |= dict.fromkeys(LAPTOPS[:10], both)
    assert set(ask(daemon, pairs, tlsca).values()) == {SERVED}
    tlsca |= dict.fromkeys(LAPTOPS[10:19], both)
    daemon.restart(ca=held, cert=new.cert, key=new.key)
    said = ask(daemon, pairs, tlsca)
    assert said == dict.fromkeys(LAPTOPS[:19], SERVED) | {"person19": "CERTIFICATE_VERIFY_FAILED"}
    tlsca |= dict.fromkeys(LAPTOPS[:5], new_alone) | {"person19": both}
    assert set(ask(daemon, pairs, tlsca).values()) == {SERVED}
    daemon.restart(ca=held, cert=old.cert, key=old.key)
    said = ask(daemon, pairs, tlsca)
    assert {name for name, each in said.items() if each != SERVED} == set(LAPTOPS[:5])
