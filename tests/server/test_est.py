"""Enrollment and renewal by EST: who gets a certificate, who does not, and what they are told."""

import base64
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7
from jsonschema import Draft202012Validator

from certkit.enroll.bundle import open_bundle
from certkit.pki import certificates, extensions, keys, names
from tests.cli.conftest import ALICE, Lead
from tests.environment import CHECKOUT
from tests.server.running import EST, OWN, Answer, Caller, Server, csr, serving

KEY, OTHER = keys.generate("p256"), keys.generate("p256")


def invite(lead: Lead, *options: str, person: str = ALICE) -> str:
    """Return the secret of a new code."""
    return str(lead("invite", person, *options, "--json").data["password"])


def at_once(count: int, call: Callable[[int], Answer]) -> list[Answer]:
    """Make so many calls at once."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


def issued(lead: Lead) -> list[str]:
    """Return the serial numbers of what the log says was issued."""
    return [each["detail"]["serial"] for each in lead("log", "--json").data["events"] if each["action"] == "issue"]


def test_a_code_gives_one_certificate_for_whom_the_lead_has_named(lead: Lead, caller: Caller) -> None:
    password = invite(lead, "--device", "desk")
    certificate = caller.enroll(password, KEY).certificate
    assert extensions.dns_names(certificate) == [names.device_name("desk", ALICE, "acme")]
    assert certificate.public_key() == KEY.public_key()
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == timedelta(days=90, minutes=10)
    [event] = [each for each in lead("log", "--json").data["events"] if each["action"] == "issue"]
    assert event["actor"] == {"name": ALICE, "host": event["actor"]["host"], "access": "code"}
    again = caller.enroll(password, OTHER)
    assert (again.status, again.code) == (403, "code-used")
    assert lead("list", "--json").data["devices"][0]["device"] == "desk"


def test_the_same_key_gets_the_same_certificate_when_an_answer_was_lost(lead: Lead, caller: Caller) -> None:
    password = invite(lead)
    first = caller.enroll(password, KEY).certificate
    assert caller.enroll(password, KEY).certificate == first
    assert len(issued(lead)) == 1


@pytest.mark.parametrize("processes", ["1", "2"])
def test_of_many_at_once_with_one_code_exactly_one_gets_a_certificate(lead: Lead, home: Path, processes: str) -> None:
    with serving(home, "--processes", processes) as server:
        password = invite(lead)
        answers = at_once(200, lambda _: Caller(server).enroll(password, keys.generate("p256")))
    count = Counter(each.status for each in answers)
    assert count[200] == 1 or (count[200] == 0 and count[503])  # whose answer came too late asks again
    assert {each.code for each in answers if each.status == 403} <= {"code-used"}
    assert {*count} <= {200, 403, 429, 503}
    assert len(issued(lead)) == 1


def test_many_at_once_with_one_key_get_one_certificate(lead: Lead, home: Path) -> None:
    with serving(home, "--processes", "2") as server:
        password = invite(lead)
        answers = at_once(20, lambda _: Caller(server).enroll(password, KEY))
    assert len({each.certificate for each in answers}) == 1
    assert len(issued(lead)) == 1


def test_a_code_for_several_enrolls_so_many_devices(lead: Lead, caller: Caller) -> None:
    password = invite(lead, "--uses", "3")
    answers = [caller.enroll(password, keys.generate("p256")) for _ in range(4)]
    assert [each.status for each in answers] == [200, 200, 200, 403]
    assert len({each["device"] for each in lead("list", "--json").data["devices"]}) == 3


def test_expired_cancelled_and_unknown_codes_are_told_apart(lead: Lead, home: Path) -> None:
    with serving(home) as server:
        late, password = invite(lead, "--ttl", "1m"), invite(lead, "--ttl", "3h", person="Bob")
        lead("invite", "cancel", "Bob")
        assert Caller(server).enroll(password, KEY).code == "code-cancelled"
    with serving(home, ahead=timedelta(minutes=2)) as server:
        found = Caller(server).enroll(late, KEY)
        assert (found.status, found.code) == (403, "code-expired")
        unknown = Caller(server).enroll("a" * 29, KEY)
        assert (unknown.status, unknown.body) == (401, b"")
        assert "Basic" in unknown.headers["WWW-Authenticate"]
    assert issued(lead) == []


def test_without_a_code_nobody_is_answered_and_the_answer_is_empty(caller: Caller) -> None:
    for headers in ({}, {"Authorization": "Basic"}, {"Authorization": "Basic ?"}, {"Authorization": "Bearer x"}):
        found = caller.call("POST", f"{EST}/simpleenroll", csr(KEY), headers)
        assert (found.status, found.body) == (401, b"")


def test_an_error_burns_no_code(lead: Lead, caller: Caller) -> None:
    password = invite(lead)
    for body in (b"", b"?", base64.b64encode(b"no request"), b"-----BEGIN CERTIFICATE REQUEST-----"):
        found = caller.call("POST", f"{EST}/simpleenroll", body, password=password)
        assert (found.status, found.code) == (400, "not-a-request")
    assert caller.call("POST", f"{EST}/simpleenroll", b"A" * 70_000, password=password).code == "body-too-large"
    assert caller.enroll(password, KEY).status == 200


def test_a_revoked_person_s_code_gives_nothing(lead: Lead, caller: Caller) -> None:
    password = invite(lead)
    lead("revoke", ALICE)
    found = caller.enroll(password, KEY)
    assert (found.status, found.code) == (403, "person-revoked")


def test_a_locked_ledger_is_an_answer_and_the_code_stays_good(lead: Lead, home: Path, caller: Caller) -> None:
    password = invite(lead)
    with closing(sqlite3.connect(home / "ledger.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        found = caller.enroll(password, KEY)
    assert (found.status, found.code, found.headers["Retry-After"]) == (503, "server-unable", "5")
    assert caller.enroll(password, KEY).status == 200
    assert len(issued(lead)) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can take room away from a process that runs")
def test_a_full_disk_is_an_answer_and_never_half_a_certificate(lead: Lead, home: Path, caller: Caller) -> None:
    password = invite(lead)
    assert caller.call("GET", "/readyz").status == 200
    with caller.server.no_room():
        found = caller.enroll(password, KEY)
        assert (found.status, found.code) == (503, "server-unable")
        assert caller.call("GET", "/healthz").status == 200
    assert issued(lead) == []
    assert caller.enroll(password, KEY).status == 200
    assert len(issued(lead)) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can take room away from a process that runs")
def test_a_disk_that_is_full_at_the_commit_of_several_gives_none_of_them_a_certificate(
    lead: Lead, caller: Caller
) -> None:
    passwords = [invite(lead, person=f"person{number}") for number in range(5)]
    made = [keys.generate("p256") for _ in passwords]
    with caller.server.no_room():
        found = at_once(5, lambda each: caller.enroll(passwords[each], made[each]))
    assert {each.status for each in found} == {503}
    assert issued(lead) == []
    found = at_once(5, lambda each: caller.enroll(passwords[each], made[each]))
    assert {each.status for each in found} == {200}
    assert len(issued(lead)) == 5


def test_somebody_else_s_request_gives_nothing_to_whoever_has_seen_it(lead: Lead, caller: Caller) -> None:
    caller.enroll(invite(lead), KEY)
    found = caller.enroll(invite(lead, person="Mallory"), KEY)
    assert (found.status, found.code) == (403, "key-of-another")


def test_a_daemon_s_key_becomes_no_person_s(lead: Lead, home: Path, caller: Caller) -> None:
    key = keys.load((home / "daemons" / "build" / "key.pem").read_bytes())
    assert caller.enroll(invite(lead), key).code == "key-of-another"


def test_who_guesses_is_told_to_wait_and_keeps_nobody_else_out(lead: Lead, caller: Caller) -> None:
    password = invite(lead)
    statuses = [caller.enroll("b" * 29, KEY).status for _ in range(12)]
    assert (statuses[0], statuses[-1]) == (401, 429)
    assert int(caller.call("POST", f"{EST}/simpleenroll").headers["Retry-After"]) > 0
    assert caller.enroll(password, KEY).status == 200


def test_whoever_holds_a_certificate_gets_the_next_one(lead: Lead, caller: Caller, tmp_path: Path) -> None:
    first = caller.enroll(invite(lead, "--device", "desk"), KEY).certificate
    holder = caller.showing(first, KEY, tmp_path)
    second = holder.renew(OTHER).certificate
    assert extensions.dns_names(second) == extensions.dns_names(first)
    assert (second.public_key(), second.subject) == (OTHER.public_key(), first.subject)
    assert holder.renew(OTHER).certificate == second
    assert lead("log", "--json").data["events"][-1]["actor"]["access"] == "certificate"
    assert len(issued(lead)) == 2


def test_a_bundle_s_certificate_is_renewed_for_as_long_as_the_lead_grants(
    lead: Lead, caller: Caller, tmp_path: Path
) -> None:
    lead("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
    certificate, key = pair_in(Path("a"))
    next_ = caller.showing(certificate, key, tmp_path).renew(OTHER).certificate
    assert next_.not_valid_after_utc < certificate.not_valid_after_utc


def test_the_revoked_are_refused_renewal_at_once(lead: Lead, caller: Caller, tmp_path: Path) -> None:
    holder = caller.showing(caller.enroll(invite(lead, "--device", "desk"), KEY).certificate, KEY, tmp_path)
    lead("revoke", ALICE, "--device", "desk")
    assert (holder.renew(OTHER).status, holder.renew(OTHER).code) == (403, "device-revoked")
    assert holder.call("GET", f"{OWN}/settings").code == "device-revoked"
    lead("revoke", ALICE)
    assert holder.renew(OTHER).code == "person-revoked"
    assert len(issued(lead)) == 1


def test_nothing_but_a_device_s_certificate_renews(lead: Lead, home: Path, caller: Caller, tmp_path: Path) -> None:
    for found in (caller.renew(OTHER), caller.call("GET", f"{OWN}/settings")):
        assert (found.status, found.code) == (403, "certificate-wanted")
    folder = home / "canary"
    canary = certificates.load((folder / "cert.pem").read_bytes())
    shown = caller.showing(canary, keys.load((folder / "key.pem").read_bytes()), tmp_path)
    assert shown.renew(OTHER).code == "certificate-foreign"


def test_an_expired_certificate_renews_only_within_the_grace_that_the_lead_sets(
    lead: Lead, home: Path, tmp_path: Path
) -> None:
    with serving(home) as server:
        certificate = Caller(server).enroll(invite(lead), KEY).certificate
    with serving(home, ahead=timedelta(days=91)) as server:
        found = Caller(server).showing(certificate, KEY, tmp_path).renew(OTHER)
        assert (found.status, found.code) == (403, "certificate-expired")
    settings = home / "team.yml"
    settings.write_text(settings.read_text().replace("renewal_grace_days: 0", "renewal_grace_days: 7"))
    with serving(home, ahead=timedelta(days=91)) as server:
        assert Caller(server).showing(certificate, KEY, tmp_path).renew(OTHER).status == 200
    with serving(home, ahead=timedelta(days=98)) as server:
        assert Caller(server).showing(certificate, KEY, tmp_path).renew(OTHER).code == "certificate-expired"


def test_the_authorities_and_the_attributes_are_given_to_anybody(home: Path, caller: Caller) -> None:
    found = caller.call("GET", f"{EST}/cacerts")
    assert b"\n" not in found.body
    given = pkcs7.load_der_pkcs7_certificates(base64.b64decode(found.body, validate=True))
    known = [
        certificates.load((home / "authorities" / role / "cert.pem").read_bytes()) for role in ("server", "client")
    ]
    assert set(given) == set(known)  # PKCS #7 has them in no order
    assert base64.b64decode(caller.call("GET", f"{EST}/csrattrs").body)[:1] == b"\x30"
    assert x509.load_pem_x509_crl(caller.call("GET", f"{OWN}/crl").body).issuer == known[1].subject


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", f"{EST}/serverkeygen", 501),
        ("POST", f"{EST}/fullcmc", 501),
        ("GET", f"{EST}/simpleenroll", 405),
        ("DELETE", "/healthz", 405),
        ("GET", "/", 404),
        ("GET", "/.well-known/est/../../etc/passwd", 404),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
    ],
)
def test_what_is_not_offered_is_refused_with_a_word(caller: Caller, method: str, path: str, status: int) -> None:
    found = caller.call(method, path, b"" if method == "POST" else None)
    assert found.status == status
    assert found.body


def test_the_json_has_the_form_that_is_documented(lead: Lead, caller: Caller, tmp_path: Path) -> None:
    schema = json.loads((CHECKOUT / "docs" / "server.schema.json").read_text())

    def fits(found: Answer, form: str) -> None:
        Draft202012Validator({"$defs": schema["$defs"], "$ref": f"#/$defs/{form}"}).validate(json.loads(found.body))

    for options in ([], ["--for", "buildx"]):
        key = keys.generate("p256")
        certificate = caller.enroll(invite(lead, *options), key).certificate
        fits(caller.showing(certificate, key, tmp_path).call("GET", f"{OWN}/settings"), "settings")
    for found in (caller.renew(KEY), caller.call("GET", "/"), caller.call("POST", f"{EST}/fullcmc", b"")):
        fits(found, "error")


def test_the_log_names_who_and_no_secret(lead: Lead, server: Server, caller: Caller) -> None:
    password = invite(lead)
    caller.enroll(password, KEY)
    caller.enroll("c" * 29, KEY)
    caller.call("GET", f"/{password}")
    assert server.stop() == 0
    assert password not in server.text
    assert "c" * 29 not in server.text
    lines = [each for each in server.lines if each.get("event") == "request"]
    assert [(each["status"], each["actor"], each["path"]) for each in lines] == [
        (200, ALICE, f"{EST}/simpleenroll"),
        (401, None, f"{EST}/simpleenroll"),
        (404, None, "other"),
    ]


@pytest.mark.parametrize("processes", ["1", "3"])
def test_it_ends_when_it_is_told_to(home: Path, processes: str) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        server = Server(home, "--processes", processes)
        assert Caller(server).call("GET", "/healthz").status == 200
        assert server.stop(number) == 0


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("openssl")), reason="curl or openssl is not installed")
def test_curl_and_openssl_enroll_and_renew(lead: Lead, home: Path, server: Server, tmp_path: Path) -> None:
    script = f"""set -eu; cd {tmp_path}
    openssl ecparam -name prime256v1 -genkey -noout -out key.pem
    openssl req -new -key key.pem -subj /CN=mallory -outform DER | openssl base64 > csr
    curl -sSf --cacert ca.pem -u x:{invite(lead)} --data-binary @csr {server.url}{EST}/simpleenroll > answer
    openssl base64 -d -A < answer | openssl pkcs7 -inform DER -print_certs -out cert.pem
    curl -sSf --cacert ca.pem --cert cert.pem --key key.pem --data-binary @csr {server.url}{EST}/simplereenroll > answer
    openssl base64 -d -A < answer | openssl pkcs7 -inform DER -print_certs -out next.pem
    openssl verify -x509_strict -purpose sslclient -CAfile client.pem next.pem
    openssl x509 -in next.pem -noout -subject"""
    for role, name in (("server", "ca.pem"), ("client", "client.pem")):
        shutil.copy(home / "authorities" / role / "cert.pem", tmp_path / name)
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "next.pem: OK" in done.stdout
    assert ALICE in done.stdout
    assert "mallory" not in done.stdout


def pair_in(bundle: Path) -> tuple[x509.Certificate, keys.PrivateKey]:
    """Return what is in a bundle that is not encrypted."""
    found = open_bundle(bundle.read_bytes(), lambda: "")
    assert found.key
    return found.certificate, found.key
