"""Requests of openssl, keytool and others, and what their makers can use; serial numbers as everybody prints them."""

import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certkit.cli.support import context
from certkit.pki import certificates
from tests.cli.conftest import ALICE, Lead
from tests.cli.openssl import is_let_in


def openssl(*arguments: str | Path) -> str:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, check=True)
    return done.stdout


def request(name: str = "ci", digest: str = "-sha256") -> Path:
    """Make a request as people do who have openssl."""
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
    openssl("req", "-new", "-key", f"{name}.key", digest, "-subj", f"/O=acme/CN={name}", "-out", f"{name}.csr")
    return Path(f"{name}.csr")


def test_who_has_no_certkit_gets_a_chain_that_openssl_and_the_daemon_take(lead: Lead, home: Path) -> None:
    ended = lead("sign", request(), "--person", "ci", "--out", "ci.pem", "--pem")
    assert (ended.code, ended.err) == (0, "")
    leaf, issuer = certificates.load_all(Path("ci.pem").read_bytes())
    assert certificates.has_signed(issuer, leaf)
    assert openssl("x509", "-in", "ci.pem", "-noout", "-pubkey") == openssl("pkey", "-in", "ci.key", "-pubout")
    assert is_let_in(home, Path("ci.pem"))
    assert "--tlscacert ca.pem --tlscert ci.pem --tlskey KEY" in ended.out
    found = re.search(r"^  cat (\S+)$", ended.out, re.MULTILINE)
    assert found
    assert Path(found[1]).expanduser().read_bytes() == (home / "authorities/server/cert.pem").read_bytes()
    lead("revoke", "ci")
    assert not is_let_in(home, Path("ci.pem"))


def test_who_made_it_with_another_tool_is_told_of_the_chain(lead: Lead, home: Path) -> None:
    ended = lead("sign", request(), "--person", "ci", "--out", "ci.certkit")
    assert ended.err == "Another tool has made this request. Where there is no certkit: sign it with --pem\n"
    lead("enroll", "--request", "al.csr")
    assert lead("sign", "al.csr", "--person", "al", "--out", "al.certkit").err == ""


def test_keytool_s_form_is_read(lead: Lead, home: Path) -> None:
    path = request()
    path.write_text(path.read_text().replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"))
    assert lead("sign", path, "--person", "ci", "--out", "ci.pem", "--pem").code == 0


@pytest.mark.parametrize("digest", ["-sha1"])
def test_a_request_that_is_signed_with_sha_1_is_called_that(lead: Lead, home: Path, digest: str) -> None:
    code, what, remedy = lead("sign", request(digest=digest), "--person", "ci", "--out", "ci.pem").complaint
    assert (code, what) == (1, "certkit: ci.csr: the request is signed with SHA1, which proves nothing any more")
    assert "SHA-256" in remedy
    assert lead("list", "--json").data == {"devices": []}


def test_two_requests_in_one_file_are_refused(lead: Lead, home: Path) -> None:
    Path("both.csr").write_bytes(request("ci").read_bytes() + request("bo").read_bytes())
    code, what, remedy = lead("sign", "both.csr", "--person", "ci", "--out", "ci.pem").complaint
    assert (code, what) == (1, "certkit: both.csr: there are 2 requests in it, and each is somebody's")
    assert remedy == "Put each into a file of its own."


def spellings(serial: str) -> list[str]:
    """Return a serial number as programs print it."""
    pairs = re.findall("..", serial)
    return [
        serial,
        f"serial={serial.upper()}",
        ":".join(pairs).upper(),
        " ".join(pairs).upper(),
        f"0x{serial}",
        f"Serial Number:\n            {':'.join(pairs)}\n",
        f"Serial Number: {int(serial, 16)} (0x{serial})",
        str(int(serial, 16)),
        f"00:{':'.join(pairs)}",
    ]


@pytest.mark.parametrize("number", range(9))
def test_a_serial_number_may_be_pasted_as_anybody_prints_it(lead: Lead, home: Path, number: int) -> None:
    serial = lead("issue", ALICE, "--out", "a", "--no-passphrase", "--json").data["serial"]
    spelled = spellings(serial)[number]
    assert lead("show", spelled, "--json").data["serial"] == serial, spelled
    assert lead("revoke", "--serial", spelled).code == 0


def test_a_number_that_is_none_is_told(lead: Lead, home: Path) -> None:
    for odd in ("9" * 65, "serial=", "0x", "5e:0c:zz"):
        assert lead("show", odd).complaint[0] == 1


def test_of_devices_of_one_name_each_has_its_own_file_in_what_status_says(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for person in ("al", "bo", "Zoë Ünal"):
        assert (
            lead("issue", person, "--device", "my laptop/1", "--life", "3", "--out", person, "--no-passphrase").code
            == 0
        )
    in_two_days = datetime.now(UTC) + timedelta(days=2.5)
    monkeypatch.setattr(context, "now", lambda: in_two_days)
    remedies = [each["remedy"] for each in lead("status", "--json").data["items"] if each["kind"] == "device"]
    named = [re.fullmatch(r"certkit issue .* --out (\S+)", each) for each in remedies]
    assert len({each[1] for each in named if each}) == 3
    assert not [each for each in named if each and "/" in each[1]]
