"""Real daemons refuse whom the bundle excludes and serve all others; the canary tells which bundle they hold."""

from pathlib import Path

import pytest

from certkit.pki import certificates, keys, names
from certkit.pki.certificates import Authority
from certkit.pki.signer import KeySigner
from certkit.probe.alerts import REVOKED
from certkit.trust import canary, label
from tests.daemons.daemon import Daemon, Start
from tests.trust.people import (
    NOW,
    SERVED,
    TEAM,
    Pair,
    People,
    answer,
    authority,
    buildctl,
    control_of,
    listed,
    published,
)

BAD_CERTIFICATE, UNKNOWN_CA = 42, 48
LOOKALIKES = ("al.team", "pal.team", "al-team", "Al.Team", "al", "team", "ál.team")


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(tmp_path)


def start(factory: Start, flavour: str, people: People, bundle: bytes) -> Daemon:
    pair = people.daemon_pair()
    return factory(flavour, ca=people.file("ca.pem", bundle), cert=pair.cert, key=pair.key)


def restart(daemon: Daemon, people: People, bundle: bytes) -> None:
    people.file("ca.pem", bundle)
    daemon.restart()


def answers(daemon: Daemon, people: People, pairs: dict[str, Pair]) -> dict[str, int | str]:
    return {name: answer(daemon.port, pair, people.tlsca) for name, pair in pairs.items()}


def test_a_person_is_refused_with_every_device_until_reinstated_and_no_bystander_ever(
    daemon_factory: Start, flavour: str, people: People
) -> None:
    pairs = {name: people.device(name) for name in LOOKALIKES} | {"al.team's other": people.device("al.team", "desk")}
    everybody = dict.fromkeys(pairs, SERVED)
    daemon = start(daemon_factory, flavour, people, published([people.authority()], [], 1))
    assert answers(daemon, people, pairs) == everybody

    restart(daemon, people, published([people.authority()], [names.person_name("al.team", TEAM)], 2))
    out = {"al.team": BAD_CERTIFICATE, "al.team's other": BAD_CERTIFICATE}
    assert answers(daemon, people, pairs) == everybody | out
    assert {name for name, pair in pairs.items() if not buildctl(daemon, pair, people.tlsca)} == set(out)

    restart(daemon, people, published([people.authority()], [], 3))
    assert answers(daemon, people, pairs) == everybody


def test_a_device_is_refused_through_its_renewals_and_its_owners_others_are_served(
    daemon_factory: Start, flavour: str, people: People
) -> None:
    laptop = names.device_name("laptop", "al", TEAM)
    pairs = {"laptop": people.device("al"), "renewed": people.device("al"), "desk": people.device("al", "desk")}
    daemon = start(daemon_factory, flavour, people, published([people.authority()], [laptop], 1))
    assert answers(daemon, people, pairs) == {"laptop": BAD_CERTIFICATE, "renewed": BAD_CERTIFICATE, "desk": SERVED}


def test_the_canary_is_refused_by_every_publication_and_the_control_is_let_in(
    daemon_factory: Start, flavour: str, people: People
) -> None:
    signer = people.authority()
    made = {"canary": canary.make(signer, TEAM), "control": control_of(signer)}
    pairs = {name: people.pair(each.certificate, each.key) for name, each in made.items()}
    pairs["former canary"] = people.named("1.0.1.canary.internal")
    daemon = start(daemon_factory, flavour, people, certificates.to_pem(signer.certificate))
    assert answers(daemon, people, pairs) == dict.fromkeys(pairs, SERVED)
    out = {"canary": BAD_CERTIFICATE, "former canary": BAD_CERTIFICATE}
    for number, excluded in ((1, []), (2, [names.person_name("al", TEAM)])):
        restart(daemon, people, published([signer], excluded, number))
        assert answers(daemon, people, pairs) == {"control": SERVED} | out
    assert BAD_CERTIFICATE in REVOKED


def test_a_daemon_shows_the_label_lets_the_others_in_and_its_holder_out(
    daemon_factory: Start, flavour: str, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = {"al": people.device("al")}
    holder = keys.generate("p256")
    with monkeypatch.context() as patch:
        patch.setattr(keys, "generate", lambda _: holder)
        bundle = published([people.authority(), people.authority(2)], [], 41)
    *held, own = certificates.load_all(bundle)
    pairs["holder"] = people.pair(own, holder)
    people.authorities[9] = Authority(own, KeySigner(holder))
    pairs["signed by the holder"] = people.device("eve", generation=9)
    daemon = start(daemon_factory, flavour, people, bundle)
    assert [*map(label.parse, listed(daemon.port))] == [None, None, label.Label(TEAM, 41, label.digest(held))]
    said = answers(daemon, people, pairs)
    assert said.pop("al") == SERVED
    assert set(said.values()) <= {BAD_CERTIFICATE, UNKNOWN_CA}
    assert buildctl(daemon, pairs["al"], people.tlsca)
    assert not buildctl(daemon, pairs["holder"], people.tlsca)


def test_the_canary_of_an_authority_that_the_daemon_lacks_proves_nothing(daemon_factory: Start, people: People) -> None:
    made = canary.make(people.authority(2), TEAM)
    daemon = start(daemon_factory, "earthly", people, published([people.authority(1)], [], 1))
    assert answer(daemon.port, people.pair(made.certificate, made.key), people.tlsca) == UNKNOWN_CA
    assert UNKNOWN_CA not in REVOKED


def test_two_authorities_of_one_name_are_told_apart_by_their_keys(
    daemon_factory: Start, flavour: str, people: People
) -> None:
    """Generations have names of their own; adopted authorities may not."""
    people.authorities = {1: authority("client", 1), 2: authority("client", 1), 3: authority("client", 1)}
    pairs = {
        "al of the first": people.device("al", generation=1),
        "al of the second": people.device("al", generation=2),
        "bo of the first": people.device("bo", generation=1),
        "bo of the second": people.device("bo", generation=2),
        "cy of an impostor": people.device("cy", generation=3),
    }
    bundle = published([people.authority(1), people.authority(2)], [names.person_name("al", TEAM)], 1)
    daemon = start(daemon_factory, flavour, people, bundle)
    assert answers(daemon, people, pairs) == {
        "al of the first": BAD_CERTIFICATE,
        "al of the second": BAD_CERTIFICATE,
        "bo of the first": SERVED,
        "bo of the second": SERVED,
        "cy of an impostor": UNKNOWN_CA,
    }


@pytest.mark.parametrize("key_type", keys.KEY_TYPES)
def test_anchors_of_every_key_type_shut_out_whom_they_name(
    daemon_factory: Start, people: People, key_type: str
) -> None:
    signer = people.authorities[1] = certificates.authority(
        KeySigner(keys.generate(key_type)),
        "acme client authority",
        NOW,
        people.server.certificate.not_valid_after_utc - NOW,
    )
    pairs = {"al": people.device("al"), "bo": people.device("bo")}
    bundle = published([signer], [names.person_name("al", TEAM)], 1)
    daemon = start(daemon_factory, "earthly", people, bundle)
    assert answers(daemon, people, pairs) == {"al": BAD_CERTIFICATE, "bo": SERVED}
