"""What was observed of a daemon is judged by a pure function: what counts as proof, and what takes it back."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from certkit.authority.daemon_verdict import CheckResult, Expected, Proof, Verdict, Why, judge, proof
from certkit.cli.support.daemon_check_report import as_data, remedy, said
from certkit.cli.support.remedies import machine
from certkit.pki import certificates, keys
from certkit.pki.signer import KeySigner
from certkit.probe import Check, Report
from certkit.probe.observed import (
    CANARY,
    CLIENT,
    CONTROL,
    IMPOSTOR,
    NO_CERTIFICATE,
    TLS_1_3,
    Exchange,
    ObservedAddress,
    Outcome,
)
from certkit.trust.label import Label

NOW = datetime(2026, 11, 25, tzinfo=UTC)
NEWEST, FORMER, OTHERS = (
    certificates.authority(KeySigner(keys.generate("p256")), name, NOW, timedelta(days=1)).certificate
    for name in ("newest", "former", "another daemon's")
)
RENEW = "certkit daemon renew build"
SERIAL = certificates.serial_text(NEWEST.serial_number)


def name(text: str) -> bytes:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]).public_bytes()


ACME, LABEL, OLD_LABEL, COPY_LABEL = map(name, ("acme client authority", "label 7", "label 6", "copy 7"))


LABELS = {
    LABEL: Label("acme", 7, "newest"),
    OLD_LABEL: Label("acme", 6, "older"),
    COPY_LABEL: Label("acme", 7, "another"),
}


def replaced_at(label: Label) -> datetime | None:
    return NOW if label.digest == "older" else None


GIVEN = frozenset(certificates.serial_text(each.serial_number) for each in (NEWEST, FORMER))
EXPECTED = Expected(7, (ACME,), certificates.to_der(NEWEST), GIVEN)
LABELLED = replace(EXPECTED, label=LABEL, read_label=LABELS.get, replaced_at=replaced_at)
SEEN = Exchange(
    Outcome.REFUSED,
    42,
    TLS_1_3,
    is_authenticated=True,
    chain=(certificates.to_der(NEWEST),),
    authorities=(ACME,),
)
WELL: Mapping[str, Exchange] = {
    CLIENT: SEEN._replace(alert=116),
    NO_CERTIFICATE: SEEN._replace(alert=116),
    IMPOSTOR: SEEN._replace(alert=48),
    CANARY: SEEN,
    CONTROL: SEEN._replace(outcome=Outcome.SERVED, alert=None),
}


def at(address: str, **changed: Exchange) -> ObservedAddress:
    """Return an address at which all is well but for some callers."""
    names = {"nobody": NO_CERTIFICATE, "impostor": IMPOSTOR, "canary": CANARY, "control": CONTROL}
    callers: dict[str, Exchange] = {names[caller]: exchange for caller, exchange in changed.items()}
    return ObservedAddress(address, is_reached=True, exchanges={**WELL, **callers})


def all_at(address: str, **changes: object) -> ObservedAddress:
    """Return an address where everybody sees something else."""
    found = {caller: exchange._replace(**changes) for caller, exchange in WELL.items()}  # type: ignore[arg-type]
    return ObservedAddress(address, is_reached=True, exchanges=found)


def checked(*addresses: ObservedAddress, expected: Expected = EXPECTED, left_out: int = 0) -> CheckResult:
    return judge(Report("tcp://build:8372", "", (), addresses, addresses_left_out=left_out), expected)


def why(result: CheckResult) -> list[Why]:
    return [reason.why for each in result.addresses for reason in each.reasons] + [r.why for r in result.reasons]


def test_one_that_shows_all_that_it_should_is_proven() -> None:
    result = checked(at("a:1"))
    assert (result.verdict, proof(result), remedy(result, RENEW)) == (Verdict.PROVEN, Proof(7, SERIAL), "")
    assert said(result) == "it serves its newest certificate, and refuses the canary"


@pytest.mark.parametrize("caller", ["nobody", "impostor"])
def test_one_that_lets_a_stranger_in_is_open_whatever_else_is_to_be_said(caller: str) -> None:
    served = SEEN._replace(outcome=Outcome.SERVED, alert=None)
    result = checked(at("a:1", **{caller: served, "canary": served}))
    assert (result.verdict, len(why(result)), proof(result).anchors) == (Verdict.OPEN, 1, 0)
    assert said(result).startswith("THE DAEMON IS OPEN TO EVERYBODY")


@pytest.mark.parametrize(
    "forgeable",
    [SEEN._replace(version="TLSv1.2"), SEEN._replace(is_authenticated=False), SEEN._replace(outcome=Outcome.CLOSED)],
)
@pytest.mark.parametrize("caller", ["nobody", "impostor", "canary", "control"])
def test_what_anybody_on_the_network_could_have_said_proves_nothing(forgeable: Exchange, caller: str) -> None:
    result = checked(at("a:1", **{caller: forgeable}))
    assert (result.verdict, why(result)) == (Verdict.NOT_DETERMINED, [Why.UNCLEAR])
    assert proof(result).anchors == 0


def test_a_canary_that_is_let_in_means_former_anchors() -> None:
    result = checked(at("a:1", canary=SEEN._replace(outcome=Outcome.SERVED, alert=None)))
    assert (result.verdict, why(result)) == (Verdict.FORMER, [Why.CANARY_SERVED])
    assert proof(result) == Proof(0, SERIAL)


@pytest.mark.parametrize("alert", [48, 51])
def test_one_that_does_not_know_the_authority_holds_former_anchors(alert: int) -> None:
    assert why(checked(at("a:1", canary=SEEN._replace(alert=alert)))) == [Why.AUTHORITY_UNKNOWN]


@pytest.mark.parametrize("alert", [43, 45, 49, 116])
def test_an_alert_by_which_no_exclusion_is_told_proves_nothing(alert: int) -> None:
    result = checked(at("a:1", canary=SEEN._replace(alert=alert)))
    assert (result.verdict, why(result)) == (Verdict.NOT_DETERMINED, [Why.CANARY_REFUSED_OTHERWISE])
    assert f"alert {alert}" in said(result)


@pytest.mark.parametrize("alert", [42, 45])
def test_one_that_refuses_the_control_too_proves_nothing_and_its_alert_is_named(alert: int) -> None:
    result = checked(at("a:1", control=SEEN._replace(alert=alert)))
    assert (result.verdict, why(result)) == (Verdict.NOT_DETERMINED, [Why.CONTROL_REFUSED])
    assert f"alert {alert}" in said(result)


def test_without_a_control_the_canary_s_refusal_is_all_there_is() -> None:
    seen = at("a:1")
    alone = seen._replace(exchanges={name: each for name, each in seen.exchanges.items() if name != CONTROL})
    assert checked(alone).verdict is Verdict.PROVEN


def test_authorities_more_than_the_team_s_are_named() -> None:
    result = checked(all_at("a:1", authorities=(ACME, name("leaked"))))
    assert (result.verdict, why(result)) == (Verdict.OVERTRUSTING, [Why.AUTHORITIES_EXTRA])
    assert "leaked" in said(result)
    twice = checked(all_at("a:1", authorities=(ACME, ACME)))
    assert (twice.verdict, why(twice)) == (Verdict.OVERTRUSTING, [Why.AUTHORITIES_DUPLICATED])
    assert proof(twice).anchors == 0


def test_authorities_fewer_than_the_team_s_are_named_and_none_at_all_is_no_proof() -> None:
    both = replace(EXPECTED, authorities=(ACME, name("second")))
    result = checked(at("a:1"), expected=both)
    assert (result.verdict, why(result)) == (Verdict.FORMER, [Why.AUTHORITIES_MISSING])
    assert "second" in said(result)
    unlisted = checked(all_at("a:1", authorities=()))
    assert (unlisted.verdict, why(unlisted)) == (Verdict.NOT_DETERMINED, [Why.AUTHORITIES_UNLISTED])


def test_the_newest_label_is_needed_and_another_says_whose_it_is() -> None:
    assert checked(all_at("a:1", authorities=(ACME, LABEL)), expected=LABELLED).verdict is Verdict.PROVEN
    unlabelled = checked(at("a:1"), expected=LABELLED)
    assert (unlabelled.verdict, why(unlabelled)) == (Verdict.FORMER, [Why.AUTHORITIES_MISSING])
    older = checked(all_at("a:1", authorities=(ACME, OLD_LABEL)), expected=LABELLED)
    assert (older.verdict, why(older)) == (Verdict.FORMER, [Why.FORMER_LABEL])
    assert "publication 6, out of date since 2026-11-25" in said(older)
    copy = checked(all_at("a:1", authorities=(ACME, COPY_LABEL)), expected=LABELLED)
    assert (copy.verdict, why(copy), proof(copy).anchors) == (Verdict.FOREIGN, [Why.FOREIGN_LABEL], 0)
    both = checked(all_at("a:1", authorities=(ACME, LABEL, OLD_LABEL)), expected=LABELLED)
    assert both.verdict is Verdict.OVERTRUSTING  # beside the newest, a former label is one name too many


def test_a_former_certificate_is_not_the_newest_but_its_anchors_may_be() -> None:
    result = checked(all_at("a:1", chain=(certificates.to_der(FORMER),)))
    assert (result.verdict, why(result)) == (Verdict.FORMER, [Why.FORMER_CERTIFICATE])
    assert proof(result) == Proof(7, certificates.serial_text(FORMER.serial_number))
    assert said(result).startswith("it refuses the canary, but serves a former certificate, which expires 2026-11-26")


def test_another_daemon_of_the_team_s_in_its_place_proves_nothing() -> None:
    """A certificate names a host, not a port: somebody on the network can lead the check to its neighbor."""
    result = checked(all_at("a:1", chain=(certificates.to_der(OTHERS),)))
    assert (result.verdict, why(result)) == (Verdict.NOT_DETERMINED, [Why.OTHER_CERTIFICATE])
    assert proof(result) == Proof()


def test_of_several_behind_one_address_every_one_that_answered_must_show_the_same() -> None:
    former = SEEN._replace(alert=48, chain=(certificates.to_der(FORMER),))
    result = checked(at("a:1", impostor=former))
    assert (result.verdict, proof(result).serving) == (
        Verdict.FORMER,
        certificates.serial_text(FORMER.serial_number),
    )
    other = checked(at("a:1", nobody=SEEN._replace(alert=116, authorities=(ACME, name("leaked")))))
    assert other.verdict is Verdict.OVERTRUSTING


def test_no_address_speaks_for_another_and_the_one_that_differs_is_named() -> None:
    served = SEEN._replace(outcome=Outcome.SERVED, alert=None)
    result = checked(at("a:1"), at("b:1", canary=served))
    assert (result.verdict, result.differs, proof(result)) == (Verdict.FORMER, True, Proof(0, SERIAL))
    assert said(result).startswith("at b:1: it lets the canary in")
    assert "at a:1: it serves its newest certificate" in said(result)
    assert said(checked(at("a:1"), at("b:1"))).endswith(", at each of its 2 addresses")


def test_an_address_that_is_not_reached_is_not_proven_unless_its_family_is_out_of_reach() -> None:
    there, gone = at("10.0.0.1:1"), ObservedAddress("10.0.0.2:1", error="Connection refused")
    result = checked(there, gone)
    assert (result.verdict, why(result), proof(result)) == (Verdict.UNREACHED, [Why.ADDRESS_UNREACHED], Proof())
    assert checked(there, gone._replace(is_ipv6=True)).verdict is Verdict.PROVEN


def test_who_is_not_there_or_has_more_addresses_than_were_looked_at_is_not_proven() -> None:
    gone = ObservedAddress("10.0.0.2:1", error="Connection refused")
    assert (checked(gone).verdict, proof(checked(gone))) == (Verdict.UNREACHED, Proof())
    assert said(checked(gone)) == "nobody answers at tcp://build:8372 (10.0.0.2:1: Connection refused)"
    unresolved = judge(Report("tcp://build:8372", "", (), unresolved="Name or service not known"), EXPECTED)
    assert (unresolved.verdict, said(unresolved)) == (
        Verdict.UNREACHED,
        "the name build has no address here (Name or service not known)",
    )
    assert (checked(gone).may_change, unresolved.may_change) == (True, False)
    assert remedy(unresolved, RENEW).splitlines()[1] == f"  {machine.commands('build')['resolve']}"
    more = checked(at("a:1"), left_out=2)
    assert (more.verdict, proof(more)) == (Verdict.NOT_DETERMINED, Proof())


def test_every_reason_has_words_and_json_and_every_verdict_a_remedy() -> None:
    results = [
        checked(at("a:1", canary=SEEN._replace(version="TLSv1.2"))),
        checked(all_at("a:1", authorities=(ACME, OLD_LABEL)), expected=LABELLED),
        checked(all_at("a:1", chain=(certificates.to_der(FORMER),))),
    ]
    data = [as_data(result)["addresses"][0]["reasons"][0] for result in results]
    assert data[0] == {"reason": "unclear", "caller": "canary", "doubt": "old-tls", "outcome": "refused", "alert": 42}
    assert data[1] == {"reason": "former-label", "number": 6, "until": "2026-11-25T00:00:00Z"}
    assert data[2] == {"reason": "former-certificate", "expires": "2026-11-26T00:00:00Z"}
    assert all(remedy(result, RENEW) for result in results)


def test_one_that_showed_no_certificate_proves_nothing_whatever_it_sends() -> None:
    result = checked(all_at("a:1", is_authenticated=False, chain=(), authorities=()))
    assert (result.verdict, proof(result)) == (Verdict.NOT_DETERMINED, Proof())
    served = SEEN._replace(outcome=Outcome.SERVED, alert=None, is_authenticated=False, chain=())
    assert proof(checked(all_at("a:1", is_authenticated=False, chain=(), outcome=Outcome.CLOSED))) == Proof()
    assert checked(at("a:1", control=served)).addresses[0].serial == SERIAL


@pytest.mark.parametrize("outcome", [each for each in Outcome if each not in {Outcome.SERVED, Outcome.REFUSED}])
def test_an_outcome_that_is_no_refusal_is_none_whatever_its_alert(outcome: Outcome) -> None:
    result = checked(at("a:1", canary=SEEN._replace(outcome=outcome)))
    assert (result.verdict, proof(result).anchors) == (Verdict.NOT_DETERMINED, 0)


def test_only_the_newest_certificate_proves_a_renewal() -> None:
    former = checked(all_at("a:1", chain=(certificates.to_der(FORMER),)))
    assert proof(former).serving != SERIAL
    mixed = checked(at("a:1", nobody=SEEN._replace(alert=116, chain=(certificates.to_der(FORMER),))))
    assert (mixed.verdict, proof(mixed).serving) == (Verdict.FORMER, certificates.serial_text(FORMER.serial_number))


def test_what_was_shown_without_proof_that_it_is_the_daemon_is_not_what_it_serves() -> None:
    result = checked(all_at("a:1", is_authenticated=False))
    assert (result.addresses[0].serial, proof(result)) == ("", Proof())


def test_of_two_addresses_the_one_with_the_former_certificate_says_what_is_served() -> None:
    for order in (1, -1):
        result = checked(*[at("a:1"), all_at("b:1", chain=(certificates.to_der(FORMER),))][::order])
        assert proof(result) == Proof(7, certificates.serial_text(FORMER.serial_number))


UNVERIFIED = SEEN._replace(outcome=Outcome.UNVERIFIED, alert=None, is_authenticated=False)


@pytest.mark.parametrize(
    ("shown", "finding", "may_change", "to_do"),
    [
        (NEWEST, "daemon-misnamed", False, "certkit daemon renew build --san build gives it one that names build"),
        (FORMER, "daemon-misnamed", True, "find out what answers there; if it is this daemon, copy its new files"),
        (FORMER, "daemon-of-another-authority", True, "find out what answers there; if it is this daemon, copy its"),
        (NEWEST, "daemon-signed-weakly", False, "certkit daemon renew build gives it a new certificate; copy its"),
        (FORMER, "daemon-expired", True, "copy its new files to its host, and restart it"),
        (NEWEST, "daemon-not-yet-valid", False, "compare both clocks"),
    ],
)
def test_what_is_wrong_with_a_certificate_is_told_once_and_as_the_probe_finds_it(
    shown: x509.Certificate, finding: str, to_do: str, *, may_change: bool
) -> None:
    callers: dict[str, Exchange] = dict.fromkeys(
        (CLIENT, NO_CERTIFICATE, IMPOSTOR, CANARY), UNVERIFIED._replace(chain=(certificates.to_der(shown),))
    )
    address = ObservedAddress("10.0.0.2:1", is_reached=True, exchanges=callers)
    check = Check(finding, "TLS", "finding", "it is so", severity="error")
    result = judge(Report("tcp://build:8372", "", (check,), (address,)), EXPECTED)
    assert [reason.why for reason in result.addresses[0].reasons] == [Why.CERTIFICATE_UNVERIFIED]
    assert (result.verdict, said(result), result.may_change) == (Verdict.NOT_DETERMINED, "it is so", may_change)
    assert remedy(result, RENEW).startswith(to_do)
    assert proof(result) == Proof()


def test_a_certificate_of_the_home_s_that_has_expired_is_told_whether_or_not_the_daemon_answers() -> None:
    expired = replace(EXPECTED, expired=NOW)
    for found in ((), (at("a:1"),)):
        result = judge(Report("tcp://build:8372", "", (), found), expired)
        assert "its newest certificate, in this home, expired 2026-11-25" in said(result)
        assert (result.may_change, proof(result)) == (False, Proof())
        assert remedy(result, RENEW).startswith(f"{RENEW} gives it a new certificate; copy its new files")
