"""A certificate that comes to its end is renewed by `certkit enroll`, and nothing else takes its place unasked."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certkit.cli import main
from certkit.cli.support import context
from certkit.pki import certificates
from tests.team import PERSON, Team, at, run

Captured = pytest.CaptureFixture[str]
CONFIG = b"# mine\nglobal: {cache_size_mb: 5}\n"


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """Return a team, and Alice's laptop enrolled in it since three hundred days."""
    made = Team(tmp_path)
    with at(made):
        monkeypatch.chdir(tmp_path)
        config = made.laptop / ".earthly" / "config.yml"
        config.parent.mkdir()
        config.write_bytes(CONFIG)
        monkeypatch.setattr(context, "now", lambda: datetime.now(UTC) - timedelta(days=300))
        run("init", "--team", "acme", "--daemon", "tcp://build.acme.example:8372", "--name", "build")
        Path("secret").write_text("a long passphrase\n")
        issue("former.certkit")
        monkeypatch.undo()
        monkeypatch.chdir(tmp_path)
        assert enroll("former.certkit") == 0
        yield made


def issue(out: str, person: str = PERSON, device: str = "laptop", *, clear: bool = False) -> None:
    secret = ["--no-passphrase"] if clear else ["--passphrase-file", "secret"]
    run("issue", person, "--device", device, "--out", out, *secret)


def enroll(file: str, *arguments: str, clear: bool = False) -> int:
    secret = [] if clear else ["--passphrase-file", "secret"]
    return main(["enroll", file, "--for", "earthly", "--for", "buildctl", "--no-probe", *secret, *arguments])


def days_left(team: Team) -> int:
    return (certificates.load(team.device.cert.read_bytes()).not_valid_after_utc - datetime.now(UTC)).days


def test_a_new_bundle_for_the_same_device_renews(team: Team, capsys: Captured) -> None:
    issue("new.certkit")
    assert enroll("new.certkit", "--dry-run") == 0
    assert f"Would renew in acme as {PERSON}; nothing is done" in capsys.readouterr().out
    assert enroll("new.certkit") == 0
    said = capsys.readouterr().out
    assert said.startswith(f"Renewed in acme as {PERSON}\n")
    assert "~/.local/share/certkit-laptop/clients/acme/build/" in said
    assert days_left(team) > 300
    run("unenroll")
    assert (team.laptop / ".earthly" / "config.yml").read_bytes() == CONFIG


def test_the_answer_to_a_new_request_renews(team: Team, capsys: Captured) -> None:
    run("enroll", "--request", "alice.csr")
    run("sign", "alice.csr", "--person", PERSON, "--device", "laptop", "--out", "answer.certkit")
    capsys.readouterr()
    assert enroll("answer.certkit", clear=True) == 0
    assert "Renewed in acme" in capsys.readouterr().out


def test_a_bundle_from_amid_a_rotation_brings_both_authorities_by_force(team: Team, capsys: Captured) -> None:
    run("rotate", "server", "prepare")
    issue("new.certkit")
    assert refused("new.certkit", team, capsys) == "which had other authorities"
    assert enroll("new.certkit", "--force") == 0
    assert team.device.ca.read_bytes().count(b"BEGIN CERTIFICATE") == 2


@pytest.mark.parametrize(("person", "device"), [("bob@acme.example", "laptop"), (PERSON, "desktop")])
def test_another_person_or_device_takes_the_place_only_by_force(
    team: Team, capsys: Captured, person: str, device: str
) -> None:
    issue("new.certkit", person, device)
    assert refused("new.certkit", team, capsys) == "with the certificate of another person or device"
    assert enroll("new.certkit", "--force") == 0
    assert "Enrolled in acme" in capsys.readouterr().out


def test_a_former_bundle_takes_the_place_only_by_force(team: Team, capsys: Captured) -> None:
    issue("new.certkit")
    enroll("new.certkit")
    assert refused("former.certkit", team, capsys) == "with a certificate that ends later"


def test_another_team_that_bears_the_same_names_takes_the_place_only_by_force(
    team: Team, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CERTKIT_HOME", str(team.folder / "rival"))
    run("init", "--team", "acme", "--daemon", "tcp://rival.example:8372", "--name", "build")
    issue("new.certkit")
    assert refused("new.certkit", team, capsys) == "which had other authorities"


def test_a_bundle_in_clear_brings_another_key_only_by_force(team: Team, capsys: Captured) -> None:
    issue("new.certkit", clear=True)
    reason = "and this file, which is not encrypted, brings a key that was not made here"
    assert refused("new.certkit", team, capsys, clear=True) == reason
    assert enroll("new.certkit", "--force", clear=True) == 0


def test_an_answer_in_clear_turns_no_laptop_to_another_daemon(team: Team, capsys: Captured) -> None:
    run("enroll", "--request", "alice.csr")
    run("sign", "alice.csr", "--person", PERSON, "--device", "laptop", "--out", "answer.certkit")
    answer = Path("answer.certkit")
    answer.write_text(answer.read_text().replace("tcp://build.acme.example:8372", "tcp://mallory.example:8372"))
    reason = "and this file, which is not encrypted, names another daemon: tcp://mallory.example:8372"
    assert refused("answer.certkit", team, capsys, clear=True) == reason


def refused(file: str, team: Team, capsys: Captured, *, clear: bool = False) -> str:
    """Enroll, which must be refused and change nothing; give the reason."""
    before = team.device.cert.read_bytes()
    capsys.readouterr()
    assert enroll(file, clear=clear) == 1
    assert team.device.cert.read_bytes() == before
    message, remedy = capsys.readouterr().err.splitlines()[-2:]
    assert "--force" in remedy
    return message.partition(", ")[2]


def test_a_renewal_keeps_the_clients_that_are_enrolled_and_adds_none(
    team: Team, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EarthBuild was installed after Earthly and buildctl had been enrolled."""
    (team.laptop / ".earth").mkdir()
    flag = team.laptop / ".local/share/certkit-laptop/clients/acme/build/cert.pem"
    issue("new.certkit")
    capsys.readouterr()
    assert main(["enroll", "new.certkit", "--no-probe", "--passphrase-file", "secret"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith(f"Renewed in acme as {PERSON}\n")
    hint = "EarthBuild is here, too, and is not enrolled. To add it:  certkit enroll FILE --for earthbuild\n"
    assert said.err == hint
    assert flag.read_bytes() == team.device.cert.read_bytes()
    assert not list((team.laptop / ".earth").iterdir())
    assert main(["enroll", "new.certkit", "--no-probe", "--passphrase-file", "secret"]) == 0
    said = capsys.readouterr()
    assert ("nothing changed" in said.out, said.err) == (True, hint)
    assert main(["enroll", "new.certkit", "--for", "earthbuild", "--no-probe", "--passphrase-file", "secret"]) == 0
    assert (team.laptop / ".earth" / "config.yml").exists()


def test_a_renewal_of_buildctl_alone_leaves_earthly_alone_and_prints_no_commands_again(
    team: Team, capsys: Captured
) -> None:
    run("unenroll")
    issue("first.certkit")
    assert main(["enroll", "first.certkit", "--for", "buildctl", "--no-probe", "--passphrase-file", "secret"]) == 0
    assert "To build with buildctl" in capsys.readouterr().out
    issue("new.certkit")
    assert main(["enroll", "new.certkit", "--no-probe", "--passphrase-file", "secret", "--force"]) == 0
    assert "To build with" not in capsys.readouterr().out
    assert (team.laptop / ".earthly" / "config.yml").read_bytes() == CONFIG
    assert not team.device.cert.exists()


def test_enrolling_says_until_when_it_lasts_and_from_when_to_ask_again(team: Team, capsys: Captured) -> None:
    issue("new.certkit")
    enroll("new.certkit")
    found = re.search(
        r"^  lasts   until (\S+); ask for a new one from (\S+) on$", capsys.readouterr().out, re.MULTILINE
    )
    assert found
    assert datetime.fromisoformat(found[1]) - datetime.fromisoformat(found[2]) == timedelta(days=30)


def test_the_request_of_a_laptop_that_is_enrolled_names_the_command_for_its_renewal(
    team: Team, capsys: Captured
) -> None:
    capsys.readouterr()
    run("enroll", "--request", "alice.csr")
    said = capsys.readouterr().out
    command = f"certkit sign alice.csr --person {PERSON} --device laptop --out answer.certkit"
    assert f"       {command}\n" in said
    assert main(command.split()[1:]) == 0
    assert main(["enroll", "answer.certkit", "--no-probe"]) == 0
    assert f"Renewed in acme as {PERSON}" in capsys.readouterr().out


def test_the_probe_names_the_command_that_renews(team: Team, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "now", lambda: datetime.now(UTC) + timedelta(days=55))
    assert main(["probe", "--timeout", "0.2", "--quiet"]) == 3
    said = capsys.readouterr().out
    assert "certificate-near-end (warning)" in said
    command = f"certkit issue {PERSON} --device laptop --out FILE"
    assert f"{command}\n" in said
    assert main([*command.split()[1:-1], "renewal.certkit", "--passphrase-file", "secret"]) == 0
    assert enroll("renewal.certkit") == 0
    assert f"Renewed in acme as {PERSON}" in capsys.readouterr().out
