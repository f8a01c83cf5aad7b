"""Names are readable and valid, and no two texts share one."""

import re

import pytest
from cryptography import x509
from hypothesis import example, given
from hypothesis import strategies as st

from certkit.errors import InvalidError
from certkit.pki import names

DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=100)
NEARLY_PLAIN = st.from_regex(r"[a-z0-9]{1,5}(-[a-z2-7]{9,11})?", fullmatch=True)


@given(TEXTS)
@example("")
@example("-")
@example("--")
@example("Žofie Nováková")
@example("日本語")
@example("x" * 100)
@example("abcdefghijklmno-pqrst")
def test_every_text_gives_a_valid_label_of_at_most_27_characters(text: str) -> None:
    label = names.label(text)
    assert DNS_LABEL.fullmatch(label)
    assert len(label) <= 27
    assert "--" not in label


@given(st.lists(TEXTS | NEARLY_PLAIN, min_size=2, max_size=40, unique=True))
def test_different_texts_give_different_labels(texts: list[str]) -> None:
    texts += [names.label(text) for text in texts]
    different = set(texts)
    assert len({names.label(text) for text in different}) == len(different)


@pytest.mark.parametrize("text", ["alice", "ci", "laptop-k3f9", "a", "x1-2-3", "1234567890123456", "build-arm64"])
def test_a_short_plain_text_is_its_own_label(text: str) -> None:
    assert names.label(text) == text


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ("alice@acme.example", "alice-acme-examp-"),
        ("Alice", "alice-"),
        ("Žofie Nováková", "zofie-novakova-"),
        ("日本語", "x-"),
        ("a" * 40, "a" * 16 + "-"),
        ("x-abcdefghij", "x-abcdefghij-"),
    ],
)
def test_any_other_stays_readable_before_its_hash(text: str, readable: str) -> None:
    assert re.fullmatch(re.escape(readable) + "[a-z2-7]{10}", names.label(text))


@given(TEXTS, TEXTS, st.from_regex(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", fullmatch=True))
def test_a_devices_name_lies_below_its_persons_and_that_below_the_teams(device: str, person: str, team: str) -> None:
    name = names.device_name(device, person, team)
    assert name.endswith("." + names.person_name(person, team))
    assert names.person_name(person, team).endswith("." + names.team_name(team))
    assert names.team_name(team).endswith(".certkit.internal")
    assert len(name) <= 253
    assert name.count(".") == 4


@pytest.mark.parametrize("typed", ["Cafe\u0301", "  Caf\u00e9 "])
def test_a_persons_name_has_one_form_however_it_is_typed(typed: str) -> None:
    assert names.text(typed, "person") == "Caf\u00e9"


@pytest.mark.parametrize("typed", ["", "  ", "a\nb", "\x1b[31mred", "a\u202eb", "a\u200bb", "\udc80", "x" * 65])
def test_what_cannot_be_a_persons_name_is_refused(typed: str) -> None:
    with pytest.raises(InvalidError, match="cannot be the name of a person") as caught:
        names.text(typed, "person")
    assert "\x1b" not in caught.value.message


@pytest.mark.parametrize(
    "team", ["", ".", "..", "Acme", "acme corp", "-acme", "acme-", "../acme", "acme.example", "a" * 33, "ä"]
)
def test_a_teams_name_is_a_folders_too(team: str) -> None:
    with pytest.raises(InvalidError, match="cannot be the name of a team"):
        names.slug(team, "team")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("build.acme.example", "build.acme.example"),
        ("BUILD.Acme.Example.", "build.acme.example"),
        ("build-server", "build-server"),
        ("my_host", "my_host"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("日本語。例え", "xn--wgv71a119e.xn--r8jz45g"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
    ],
)
def test_a_host_is_written_as_it_goes_over_the_wire(typed: str, expected: str) -> None:
    assert names.parse_host(typed) == x509.DNSName(expected)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("10.0.0.7", "10.0.0.7"),
        ("2001:DB8:0::7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("::1", "::1"),
    ],
)
def test_an_address_is_no_name(typed: str, expected: str) -> None:
    host = names.parse_host(typed)
    assert isinstance(host, x509.IPAddress)
    assert str(host.value) == expected


@pytest.mark.parametrize(
    "typed",
    [
        "",
        ".",
        "a..b",
        "-a.b",
        "a-.b",
        "*.acme.example",
        "build.acme.example:8372",
        "tcp://build",
        "a b",
        "10.0.0.256",
        "1.2.3",
        "[10.0.0.7]",
        "[build]",
        "fe80::1%eth0",
        "\uff11\uff12\uff17.0.0.1",
        "x" * 64 + ".example",
        ".".join(["x" * 60] * 5),
        "\u2028.example",
        "\udc80.example",
        "build\n",
    ],
)
def test_what_is_no_host_is_refused(typed: str) -> None:
    with pytest.raises(InvalidError, match=r"is neither a host name|is not a host name|is an address on one link"):
        names.parse_host(typed)


@given(st.text(max_size=80) | st.text("ab.:[]-%é1", max_size=30))
def test_no_text_makes_the_reader_of_hosts_fail_in_another_way(typed: str) -> None:
    try:
        host = names.parse_host(typed)
    except InvalidError:
        return
    assert names.parse_host(str(host.value)) == host


def test_a_name_is_as_long_as_a_common_name_may_be_in_any_alphabet() -> None:
    for name in ("x" * 64, "Ž" * 32):
        assert names.text(name, "person") == name
    for name in ("x" * 65, "Ž" * 33):
        with pytest.raises(InvalidError, match="cannot be the name of a person"):
            names.text(name, "person")


@pytest.mark.parametrize("unseen", ["\u034f", "\ufe0f", "\u3164", "\u2800", "\u00ad", "\u115f", "\U000e0101", "\u200d"])
def test_a_character_that_cannot_be_seen_is_named_and_refused(unseen: str) -> None:
    for typed in (f"al{unseen}ice", f"alice{unseen}", f"{unseen}alice"):
        with pytest.raises(InvalidError, match=rf"U\+{ord(unseen):04X} in it cannot be seen") as refused:
            names.text(typed, "device")
        assert refused.value.code == "name-invisible"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alice", "alice"),
        ("STRASSE", "straße"),
        ("caf\u00e9", "CAFE\u0301"),
        ("\uff41lice", "alice"),
        ("ali\u034fce", "alice"),
        ("alice\u2800", "alice"),
        ("al  ice", "al\u00a0ice"),
        ("\ufb01n", "fin"),
        ("MacBook", "macbook\ufe0f"),
    ],
)
def test_names_that_look_alike_are_one_when_folded(one: str, other: str) -> None:
    assert names.folded(one) == names.folded(other)


@pytest.mark.parametrize(("one", "other"), [("alice", "alicia"), ("al ice", "alice"), ("é", "e"), ("1", "l")])
def test_names_that_differ_stay_different_when_folded(one: str, other: str) -> None:
    assert names.folded(one) != names.folded(other)


@given(TEXTS)
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert names.folded(names.folded(text)) == names.folded(text)
