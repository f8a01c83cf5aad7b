"""`certkit invite`: a code for a person, shown once."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certkit.cli.support import context
from certkit.enroll import codes
from certkit.pki import certificates, keys
from tests.cli.conftest import ALICE, Ended, Lead
from tests.ledger import former
from tests.server.identity import SERVER, started


@pytest.fixture
def server(home: Path) -> Path:
    """Return the home of a team whose server was started."""
    started(home)
    return home


def code_in(ended: Ended) -> codes.Code:
    """Return the code that was shown."""
    assert ended.code == 0, ended
    [line] = re.findall(r"^  certkit enroll '(.*)'$", ended.out, re.MULTILINE)
    return codes.parse(line)


def test_a_code_names_the_server_and_the_key_of_its_authority(lead: Lead, server: Path) -> None:
    ended = lead("invite", ALICE, "--device", "desk")
    code = code_in(ended)
    authority = certificates.load((server / "authorities" / "server" / "cert.pem").read_bytes())
    assert code.server == SERVER
    assert code.pin == keys.public_pin(keys.public_of(authority))
    assert ended.out.startswith(f"Invited {ALICE}, device desk; the code is good once, until ")
    assert f"uvx certkit enroll '{code.text}'" in ended.out


def test_the_secret_is_in_no_file_and_in_no_list(lead: Lead, server: Path) -> None:
    code = code_in(lead("invite", ALICE))
    told = lead("invite", "list").out + lead("log").out + lead("invite", "list", "--json").out
    for text in (code.password, code.secret.hex()):
        assert text not in told
        assert not any(text.encode() in path.read_bytes() for path in server.rglob("*") if path.is_file())
    assert not any(code.secret in path.read_bytes() for path in server.rglob("*") if path.is_file())


def test_without_a_server_a_code_would_lead_nowhere(lead: Lead, home: Path) -> None:
    code, what, remedy = lead("invite", ALICE).complaint
    assert (code, what) == (1, "certkit: this team has no server yet")
    assert "certkit serve --url https://HOST:PORT" in remedy
    assert lead("invite", "list").out == "No codes. Make one: certkit invite alice@acme.example\n"


def test_a_code_is_cancelled_by_its_id_or_by_its_person(lead: Lead, server: Path) -> None:
    first, second = (lead("invite", ALICE, "--json").data["id"] for _ in range(2))
    assert lead("invite", "cancel", first).out == f"Cancelled the code {first} of {ALICE}\n"
    assert lead("invite", "cancel", first).complaint[:2] == (1, "certkit: the code was cancelled")
    assert lead("invite", "cancel", ALICE).out == f"Cancelled the code {second} of {ALICE}\n"
    assert lead("invite", "cancel", ALICE).complaint == (
        1,
        f"certkit: there is no open code {ALICE!r}",
        "See which there are: certkit invite list",
    )
    assert [each["state"] for each in lead("invite", "list", "--json").data["codes"]] == ["cancelled"] * 2


def test_the_list_tells_what_becomes_of_a_code(lead: Lead, server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lead("invite", ALICE, "--device", "desk", "--ttl", "30m")
    assert re.search(rf"{ALICE} +desk +open +0 of 1", lead("invite", "list").out)
    now = datetime.now(UTC)
    monkeypatch.setattr(context, "now", lambda: now + timedelta(minutes=31))
    assert re.search(rf"{ALICE} +desk +expired", lead("invite", "list").out)
    monkeypatch.setattr(context, "now", lambda: now + timedelta(days=2))
    assert lead("invite", "list").out.startswith("No codes.")


def test_nobody_revoked_is_invited(lead: Lead, server: Path) -> None:
    lead("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
    lead("revoke", ALICE, "--device", "desk")
    assert lead("invite", ALICE, "--device", "desk").complaint[0] == 1
    assert lead("invite", ALICE, "--device", "lap").code == 0
    lead("revoke", ALICE)
    assert lead("invite", ALICE).complaint[1] == f"certkit: {ALICE} has been revoked"


def test_codes_of_before_are_worth_nothing_in_a_restored_home(lead: Lead, server: Path) -> None:
    lead("invite", ALICE)
    Path("secret").write_text("violet anchor\n")
    assert lead("backup", "sealed", "--passphrase-file", "secret").code == 0
    server.rename(server.with_name("lost"))
    assert lead("restore", "sealed", "--passphrase-file", "secret").code == 0
    assert [each["state"] for each in lead("invite", "list", "--json").data["codes"]] == ["cancelled"]


def test_a_home_of_a_former_certkit_takes_codes(lead: Lead, home: Path) -> None:
    former.go_back(home / "ledger.sqlite", "CREATE TABLE codes")
    started(home)
    code_in(lead("invite", ALICE))


def test_the_codes_of_a_former_certkit_stay_what_they_are(lead: Lead, home: Path) -> None:
    started(home)
    for options in (["--device", "desk"], ["--uses", "3"]):
        code_in(lead("invite", ALICE, *options))
    lead("invite", "cancel", lead("invite", "list", "--json").data["codes"][0]["id"])
    before = lead("invite", "list").out
    former.go_back(home / "ledger.sqlite", "ADD COLUMN sync")
    assert lead("invite", "list").out == before
    assert lead("invite", "--daemon", "build").code == 0


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        ([ALICE, "bob"], "one person is invited at a time, and 'bob' is another"),
        ([ALICE, "--ttl", "soon"], "--ttl: 'soon' is not a duration such as 30m, 1h or 7d"),
        ([ALICE, "--ttl", "31d"], "a code lives a minute at least, and 30 days at most"),
        ([ALICE, "--ttl", "0m"], "a code lives a minute at least, and 30 days at most"),
        ([ALICE, "--uses", "0"], "--uses: 0 is less than 1"),
        ([ALICE, "--uses", "1001"], "a code can be used 1 to 1000 times"),
        (
            [ALICE, "--uses", "2", "--device", "d"],
            "a device is one key made in one place, and this code is for several",
        ),
        ([ALICE, "--for", "bazel"], "'bazel' is not a client that certkit knows"),
        (["list", "--uses", "2"], "invite list makes no code"),
        (["list", ALICE], "invite list takes no name"),
        (["cancel"], "invite cancel wants the code that is to be cancelled"),
        ([" "], "' ' cannot be the name of a person"),
    ],
)
def test_what_makes_no_sense_makes_no_code(lead: Lead, server: Path, arguments: list[str], what: str) -> None:
    code, said, remedy = lead("invite", *arguments).complaint
    assert (code, said) == (2, f"certkit: {what}")
    assert remedy
    assert lead("invite", "list", "--json").data == {"codes": []}
