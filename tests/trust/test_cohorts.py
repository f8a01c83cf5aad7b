"""Twenty thousand exclusions over two dozen cohorts: whoever is out is out, all others are served by TLS 1.3."""

import subprocess
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from certkit.errors import InvalidError
from certkit.pki import certificates, keys, names
from certkit.pki.certificates import Authority
from certkit.pki.signer import KeySigner
from certkit.trust import anchors, cohorts
from tests.clients.go_programs import Verifier
from tests.daemons.daemon import Start
from tests.trust.people import DAY, NOW, SERVED, TEAM, Pair, People, answer, authority, listed

BAD_CERTIFICATE = 42
TICKET = 2**16
AUTHORITY = authority("client", 1)


@pytest.fixture(scope="module")
def verifier() -> Iterator[Verifier]:
    started = Verifier()
    yield started
    started.close()


@cache
def everybody() -> tuple[Authority, ...]:
    return tuple(cohorts.make(AUTHORITY, cohort) for cohort in range(cohorts.COUNT))


def of(person: str) -> int:
    return cohorts.cohort_of(names.label(person))


@cache
def published(count: int) -> bytes:
    """Publish the exclusion of so many people, each in the anchor of their cohort alone."""
    excluded = defaultdict(list)
    for number in range(count):
        person = f"gone.{number}@acme.example"
        excluded[of(person)].append(names.person_name(person, TEAM))
    return anchors.ca_pem([(each, excluded[cohort]) for cohort, each in enumerate(everybody())], TEAM, 1)


def pairs(people: People) -> dict[str, Pair]:
    """Issue certificates to some who are out and some who are not, each by the authority of their cohort."""
    people.authorities = dict(enumerate(everybody()))
    persons = [f"gone.{number}@acme.example" for number in range(0, 2000, 199)] + [f"person{n}" for n in range(10)]
    return {person: people.device(person, generation=of(person)) for person in persons}


@pytest.mark.parametrize("count", [5_000, 20_000])
def test_a_daemon_serves_and_refuses_by_tls_1_3_however_many_are_out(
    daemon_factory: Start, flavour: str, tmp_path: Path, count: int
) -> None:
    people = People(tmp_path)
    everyone, own = pairs(people), people.daemon_pair()
    daemon = daemon_factory(flavour, ca=people.file("ca.pem", published(count)), cert=own.cert, key=own.key)
    said = {person: answer(daemon.port, pair, people.tlsca) for person, pair in everyone.items()}
    assert said == {person: BAD_CERTIFICATE if person.startswith("gone") else SERVED for person in everyone}
    assert len(listed(daemon.port)) == cohorts.COUNT + 1


def test_without_cohorts_a_daemon_hangs_up_on_whom_it_should_serve(daemon_factory: Start, tmp_path: Path) -> None:
    """Why there are cohorts. Should this fail one day, Go's session tickets have become smaller."""
    people = People(tmp_path)
    people.authorities = {0: AUTHORITY}
    own = people.daemon_pair()
    excluded = [names.person_name(f"gone.{number}@acme.example", TEAM) for number in range(5_000)]
    bundle = people.file("ca.pem", anchors.ca_pem([(AUTHORITY, excluded)], TEAM, 1))
    daemon = daemon_factory("upstream", ca=bundle, cert=own.cert, key=own.key)
    assert answer(daemon.port, people.device("al", generation=0), people.tlsca) != SERVED


def test_openssl_and_go_judge_as_the_daemons_do(tmp_path: Path, verifier: Verifier) -> None:
    people = People(tmp_path)
    held = people.file("ca.pem", published(20_000))
    parsed = certificates.load_all(held.read_bytes())
    for person, pair in pairs(people).items():
        command: list[str | Path] = [
            "openssl",
            "verify",
            "-x509_strict",
            "-purpose",
            "sslclient",
            "-CAfile",
            held,
            pair.cert,
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        gone = person.startswith("gone")
        assert bool(done.returncode) == gone
        assert ("excluded" in done.stdout + done.stderr) == gone
        assert bool(verifier.refusal(pair.certificate, parsed, NOW)) == gone


def test_no_anchor_outgrows_a_session_ticket() -> None:
    sizes = [len(certificates.to_der(each)) for each in certificates.load_all(published(20_000))]
    assert max(sizes) < TICKET


def test_a_cohort_is_its_authority_but_for_its_name_and_serial_number() -> None:
    own, seventh = AUTHORITY.certificate, cohorts.make(AUTHORITY, 7).certificate
    assert seventh.subject == seventh.issuer
    assert certificates.words(seventh.subject) == "acme client authority, cohort 7"
    assert certificates.has_signed(seventh, seventh)
    assert seventh.public_key() == own.public_key()
    assert seventh.serial_number != own.serial_number
    assert list(seventh.extensions) == list(own.extensions)
    assert (seventh.not_valid_before_utc, seventh.not_valid_after_utc) == (
        own.not_valid_before_utc,
        own.not_valid_after_utc,
    )


def test_cohort_0_is_the_authority_itself() -> None:
    assert cohorts.make(AUTHORITY, 0) is AUTHORITY
    assert cohorts.common_name("acme client authority", 0) == "acme client authority"


def test_the_anchor_of_one_cohort_says_nothing_of_a_certificate_of_another(verifier: Verifier) -> None:
    one, other = cohorts.make(AUTHORITY, 1), cohorts.make(AUTHORITY, 2)
    al = names.device_name("laptop", "al", TEAM)
    leaf = certificates.device(one, keys.generate("p256").public_key(), person="al", dns_name=al, now=NOW, life=DAY)
    out = certificates.load_all(anchors.ca_pem([(one, [al]), (other, [])], TEAM, 1))
    elsewhere = certificates.load_all(anchors.ca_pem([(one, []), (other, [al])], TEAM, 1))
    assert "excluded" in verifier.refusal(leaf, out, NOW)
    assert not verifier.refusal(leaf, elsewhere, NOW)


def test_an_adopted_authority_of_any_name_has_cohorts_too(verifier: Verifier) -> None:
    signer = KeySigner(keys.generate("rsa3072"))
    for attributes in (((NameOID.ORGANIZATION_NAME, "Earthly"),), ((NameOID.COMMON_NAME, "x" * 60),)):
        name = x509.Name([x509.NameAttribute(*each) for each in attributes])
        own = certificates.authority(signer, "old", NOW, 30 * DAY)
        builder = certificates.reissue(own.certificate, name)
        third = cohorts.make(Authority(signer.sign_certificate(builder), signer), 3)
        assert certificates.words(third.certificate.subject).startswith("OU=cohort 3")
        leaf = certificates.device(
            third, keys.generate("p256").public_key(), person="al", dns_name="a.b", now=NOW, life=DAY
        )
        assert not verifier.refusal(leaf, [third.certificate], NOW)


@pytest.mark.parametrize("cohort", [-1, cohorts.COUNT])
def test_a_number_that_no_cohort_has_is_refused(cohort: int) -> None:
    with pytest.raises(InvalidError, match="no cohort's number"):
        cohorts.make(AUTHORITY, cohort)


@given(st.text(max_size=30))
def test_a_person_has_one_cohort_for_good(person: str) -> None:
    label = names.label(person)
    assert cohorts.cohort_of(label) in range(cohorts.COUNT)
    assert cohorts.cohort_of(label, 1) == 0
    assert cohorts.possible(label) == {0, cohorts.cohort_of(label)}


def test_the_hash_of_a_person_is_what_it_ever_was() -> None:
    """Another one would look for the exclusions of everybody in the wrong anchor."""
    assert [cohorts.cohort_of(each) for each in ("alice", "bob", "carol")] == [15, 18, 8]
    assert max(map(len, spread().values())) < 60


def spread() -> dict[int, list[int]]:
    found = defaultdict(list)
    for number in range(24 * 30):
        found[cohorts.cohort_of(f"person{number}")].append(number)
    return found
