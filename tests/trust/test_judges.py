"""OpenSSL and GnuTLS on anchors and lists: with either, they let in whom the real daemons let in."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from certkit.pki import certificates, keys, names
from certkit.pki.signer import KeySigner
from certkit.trust import canary, crl
from tests.clients import verifiers
from tests.trust.people import DAY, NOW, TEAM, Pair, People, authority, published

OPENSSL = ("openssl", "verify", "-x509_strict", "-purpose", "sslclient")


@dataclass
class Case:
    """Everybody by name, who is in and who is out, and what the judges are shown."""

    people: People
    welcome: dict[str, Pair]
    unwelcome: dict[str, Pair]
    anchors: Path
    plain: Path
    lists: Path


@pytest.fixture(params=keys.KEY_TYPES)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    """Make two generations of a client authority; a person of the one, a device of the other are out."""
    people = People(tmp_path)
    for generation in (1, 2):
        key, name = keys.generate(request.param), f"acme client authority {generation}"
        people.authorities[generation] = certificates.authority(KeySigner(key), name, NOW, 60 * DAY)
    welcome = {
        "pal": people.device("pal.team", generation=1),
        "bo's desk": people.device("bo", "desk", generation=2),
    }
    unwelcome = {
        "al": people.device("al.team", generation=1),
        "al's desk": people.device("al.team", "desk", generation=2),
        "bo's laptop": people.device("bo", generation=2),
    }
    made = canary.make(people.authority(2), TEAM)
    unwelcome["canary"] = people.pair(made.certificate, made.key)
    signers = [people.authority(1), people.authority(2)]
    excluded = [names.person_name("al.team", TEAM), names.device_name("laptop", "bo", TEAM)]
    lists = [crl.to_pem(crl.crl(signer, entries(signer, unwelcome), 1, NOW, DAY)) for signer in signers]
    return Case(
        people,
        welcome,
        unwelcome,
        people.file("ca.pem", published(signers, excluded, 5)),
        people.file("plain.pem", b"".join(certificates.to_pem(each.certificate) for each in signers)),
        people.file("crl.pem", b"".join(lists)),
    )


def entries(signer: certificates.Authority, pairs: dict[str, Pair]) -> list[crl.Entry]:
    return [
        crl.Entry(each.serial_number, NOW, "keyCompromise", each.not_valid_after_utc)
        for each in (pair.certificate for pair in pairs.values())
        if each.issuer == signer.certificate.subject
    ]


def accepts(*command: str | Path) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def test_openssl_agrees_by_the_anchors_alone_by_the_lists_alone_and_by_both(case: Case) -> None:
    judges: list[tuple[str | Path, ...]] = [
        (*OPENSSL, "-CAfile", case.anchors),
        (*OPENSSL, "-crl_check", "-CRLfile", case.lists, "-CAfile", case.plain),
        (*OPENSSL, "-crl_check", "-CRLfile", case.lists, "-CAfile", case.anchors),
    ]
    for judge in judges:
        assert {name for name, pair in case.welcome.items() if accepts(*judge, pair.cert)} == set(case.welcome)
        assert {name for name, pair in case.unwelcome.items() if accepts(*judge, pair.cert)} == set()


def test_openssl_accepts_everybody_by_neither(case: Case) -> None:
    for pair in (*case.welcome.values(), *case.unwelcome.values()):
        assert accepts(*OPENSSL, "-CAfile", case.plain, pair.cert)


def test_gnutls_agrees_by_the_anchors_and_by_the_lists(case: Case) -> None:
    for pair in case.welcome.values():
        assert not verifiers.gnutls(pair.cert, case.anchors, verifiers.CLIENT)
    for pair in case.unwelcome.values():
        assert verifiers.gnutls(pair.cert, case.anchors, verifiers.CLIENT)
        listed = f"--load-crl={case.lists}"
        assert not accepts(
            "certtool", "--verify", f"--infile={pair.cert}", f"--load-ca-certificate={case.plain}", listed
        )


def test_the_linters_for_rfc_5280_find_nothing_in_an_anchor_or_a_label(case: Case) -> None:
    for number, each in enumerate(certificates.load_all(case.anchors.read_bytes())):
        path = case.people.file(f"held{number}.pem", certificates.to_pem(each))
        assert not verifiers.pkilint(path)
        assert not verifiers.zlint(path)


def test_openssl_tells_two_authorities_of_one_name_apart_by_their_keys(tmp_path: Path) -> None:
    people = People(tmp_path, authorities={n: authority("client", 1) for n in (1, 2, 3)})
    bundle = published([people.authority(1), people.authority(2)], [names.person_name("al", TEAM)], 1)
    held = people.file("ca.pem", bundle)
    judged = {
        (person, generation): accepts(*OPENSSL, "-CAfile", held, people.device(person, generation=generation).cert)
        for person in ("al", "bo")
        for generation in (1, 2, 3)
    }
    assert {who for who, accepted in judged.items() if accepted} == {("bo", 1), ("bo", 2)}
