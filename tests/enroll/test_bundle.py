"""A bundle gives back what was put in, and a bundle made to do harm is refused."""

import base64
import json
import math
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509

from certkit.enroll.bundle import LIMIT, Bundle, Daemon, check_time, is_sealed, open_bundle, seal
from certkit.errors import CertkitError, MalformedError, RefusedError
from certkit.pki import certificates, diceware, keys, names, words
from certkit.pki.keys import WrongPassphraseError
from certkit.pki.signer import KeySigner
from tests import patience
from tests.enroll.conftest import DECADE, NOW, Team

Change = Callable[[dict[str, Any]], object]


def never() -> str:
    raise AssertionError("the passphrase was asked for")


def opened(content: dict[str, Any]) -> Bundle:
    return open_bundle(json.dumps(content).encode(), never)


@pytest.fixture
def content(team: Team) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(seal(team.bundle(), None))
    return parsed


def test_a_clear_bundle_gives_back_what_was_put_in(team: Team) -> None:
    two = (Daemon("build", "tcp://build.acme.example:8372"), Daemon("arm", "tcp://[2001:db8::1]:8372"))
    bundle = team.bundle(daemons=two)
    assert open_bundle(seal(bundle, None), never) == bundle


def test_a_sealed_bundle_opens_with_its_passphrase_alone(team: Team) -> None:
    bundle = team.bundle()
    secret = diceware.generate()
    sealed = seal(bundle, secret)
    assert open_bundle(sealed, lambda: secret) == bundle
    with pytest.raises(WrongPassphraseError):
        open_bundle(sealed, lambda: secret + "x")


def test_a_sealed_bundle_is_text_and_shows_nothing(team: Team) -> None:
    sealed = seal(team.bundle(), "secret").decode("ascii")
    assert max(map(len, sealed.splitlines())) < 100
    for word in ("acme", "alice", "BEGIN"):
        assert word not in sealed


@pytest.mark.parametrize("encode", [base64.b64encode, base64.encodebytes])
@pytest.mark.parametrize("secret", [None, "correct-kettle-violet-anchor-mango-seven"])
def test_a_bundle_in_base64_is_opened_as_it_is(
    team: Team, encode: Callable[[bytes], bytes], secret: str | None
) -> None:
    bundle = team.bundle()
    encoded = encode(seal(bundle, secret)).replace(b"\n", b"\r\n")
    assert is_sealed(encoded) is (secret is not None)
    assert open_bundle(encoded, lambda: secret or "") == bundle


@pytest.mark.parametrize(
    "content", [b"", b"eyJ", b"bm90aGluZw==", base64.b64encode(base64.b64encode(b"{}")), b"\xff{}"]
)
def test_base64_of_anything_else_is_no_bundle(content: bytes) -> None:
    with pytest.raises(MalformedError, match="not a bundle"):
        open_bundle(content, never)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_sealed_bundle_survives_being_mailed(team: Team, line_end: str) -> None:
    sealed = seal(team.bundle(), "secret").decode().replace("\n", line_end) + line_end
    assert open_bundle(sealed.encode(), lambda: "secret").team == "acme"


def test_an_answer_has_no_key(team: Team) -> None:
    answer = replace(team.bundle(), key=None)
    assert open_bundle(seal(answer, None), never) == answer


def test_a_bundle_names_the_old_and_the_new_server_authority(team: Team) -> None:
    new = certificates.authority(KeySigner(keys.generate("ed25519")), "acme server authority 2", NOW, DECADE)
    both = (*team.bundle().server_authorities, new.certificate)
    assert open_bundle(seal(replace(team.bundle(), server_authorities=both), None), never).server_authorities == both


def test_the_key_is_not_shown_by_accident(team: Team) -> None:
    assert "PRIVATE" not in repr(team.bundle())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff",
        b"[]",
        b"{}",
        b"null",
        b'{"kind": "certkit bundle"}',
        b"[" * LIMIT,
        b"1" * LIMIT,
        b" " * (LIMIT + 1),
    ],
    ids=["empty", "binary", "list", "object", "null", "bare", "nested", "number", "large"],
)
def test_what_is_no_bundle_is_said_to_be_none_at_once(content: bytes) -> None:
    with patience.ends(), pytest.raises(MalformedError, match="this bundle cannot be used"):
        open_bundle(content, never)


def test_a_later_version_asks_for_a_later_certkit(content: dict[str, Any]) -> None:
    with pytest.raises(MalformedError, match="later version"):
        opened(content | {"version": 2})


@pytest.mark.parametrize("text", [None, 5, "####", ["####"], [5], ["QUJD"]])
def test_what_is_sealed_must_be_whole(text: object) -> None:
    with pytest.raises(MalformedError):
        open_bundle(
            json.dumps({"kind": "certkit sealed bundle", "version": 1, "content": text}).encode(), lambda: "secret"
        )


@pytest.mark.parametrize("name", ["../x", "a/b", "..", ".", "", "-a", "A", "a" * 33, "a\n", "a\0", "ü", 5, None, []])
def test_a_name_that_could_leave_its_folder_is_refused(content: dict[str, Any], name: object) -> None:
    with pytest.raises(MalformedError):
        opened(content | {"team": name})
    with pytest.raises(MalformedError):
        opened(content | {"daemons": [content["daemons"][0] | {"name": name}]})


@pytest.mark.parametrize(
    "url",
    ["tcp://localhost:8372", "tcp://build", "http://build:1", "tcp://\x1b[2J:1", "tcp://\ud800:1", "x" * 1000, 5, None],
)
def test_a_url_that_earthly_could_not_use_is_refused(content: dict[str, Any], url: object) -> None:
    content["daemons"][0]["url"] = url
    with pytest.raises(MalformedError):
        opened(content)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.update(person="\x1b[2Jalice"),
        lambda content: content.update(device="x" * 65),
        lambda content: content.update(daemons=[]),
        lambda content: content.update(daemons={}),
        lambda content: content.update(daemons=["tcp://build:1"]),
        lambda content: content.update(daemons=content["daemons"] * 2),
        lambda content: content.update(daemons=content["daemons"] * 65),
        lambda content: content.update(server_authorities=[]),
        lambda content: content.update(server_authorities=[{"pem": content["certificate"]}]),
        lambda content: content.update(certificate=content["server_authorities"][0]["pem"]),
        lambda content: content.update(certificate="-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        lambda content: content.update(certificate="x" * 100_000),
        lambda content: content.update(device="desktop"),
        lambda content: content.update(person="bob@acme.example"),
        lambda content: content.update(key=keys.to_pem(keys.generate("p256")).decode()),
        lambda content: content.update(key=keys.to_pem(keys.generate("p256"), b"secret").decode()),
        lambda content: content.update(key=""),
        lambda content: content.update(key=5),
    ],
)
def test_what_does_not_fit_together_is_refused(content: dict[str, Any], change: Change) -> None:
    change(content)
    with pytest.raises(MalformedError, match="this bundle cannot be used"):
        opened(content)


def test_a_key_of_another_certificate_is_refused_by_name(content: dict[str, Any]) -> None:
    with pytest.raises(MalformedError, match="its key is not that of its certificate"):
        opened(content | {"key": keys.to_pem(keys.generate("p256")).decode()})


def test_a_daemons_certificate_is_no_clients_whatever_its_name(content: dict[str, Any], team: Team) -> None:
    key = keys.generate("p256")
    name = x509.DNSName(names.device_name("laptop", "alice@acme.example", "acme"))
    posing = certificates.daemon(team.client, key.public_key(), [name], NOW, DECADE)
    content["certificate"], content["key"] = certificates.to_pem(posing).decode(), keys.to_pem(key).decode()
    with pytest.raises(MalformedError, match="is not a client's"):
        opened(content)


def test_nothing_but_certificates_and_keys_comes_out(content: dict[str, Any]) -> None:
    clean = opened(content)
    content["certificate"] = "echo hello\n" + content["certificate"] + "\x1b[2J"
    content["key"] = "rm -rf /\n" + content["key"]
    assert opened(content) == clean


def test_every_bundle_cut_short_is_refused(team: Team) -> None:
    whole = seal(team.bundle(), None)
    for length in range(0, len(whole) - 2, 50):
        with pytest.raises(CertkitError):
            open_bundle(whole[:length], never)


def test_an_expired_bundle_is_refused_with_the_day(team: Team) -> None:
    check_time(team.bundle(), NOW + timedelta(days=364))
    with pytest.raises(RefusedError, match="expired on 2027-11-24"):
        check_time(team.bundle(), NOW + timedelta(days=366))


def test_passphrases_are_ten_short_words_and_never_the_same() -> None:
    made = [diceware.generate() for _ in range(100)]
    assert len(set(made)) == 100
    assert all(re.fullmatch(r"[a-z]{3,5}(-[a-z]{3,5}){9}", text) for text in made)


def test_nobody_guesses_a_passphrase_of_fewer_than_97_bits() -> None:
    assert len(set(words.WORDS)) == len(words.WORDS)
    assert diceware.COUNT * math.log2(len(words.WORDS)) > 97


def test_no_word_of_a_passphrase_is_an_insult() -> None:
    assert not {"alien", "groom", "islam", "panty", "slang", "slob", "trump", "womb"} & set(words.WORDS)
