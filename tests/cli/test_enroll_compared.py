"""Where no passphrase vouches for a file, its holder compares it with the lead, and on a terminal is asked for that."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509

from certkit.cli import main
from certkit.pki import certificates
from tests.cli.terminal import on_terminal
from tests.team import PERSON, Team, at, run

Captured = pytest.CaptureFixture[str]
SECRET = "correct-kettle-violet-anchor-mango-seven"
ENROLL = ["enroll", "clear.certkit", "--for", "earthly", "--no-probe"]


@pytest.fixture
def team(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Team]:
    """Return a team with a bundle for Alice in clear, and one that is sealed."""
    made = Team(tmp_path)
    with at(made):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        Path("secret").write_text(SECRET)
        run("init", "--team", "acme", "--daemon", "tcp://build.acme.example:8372", "--name", "build")
        run("daemon", "add", "arm", "tcp://arm.acme.example:8372")
        run("issue", PERSON, "--out", "clear.certkit", "--no-passphrase")
        run("issue", PERSON, "--out", "sealed.certkit", "--passphrase-file", "secret")
        yield made


def test_the_urls_stand_beside_the_fingerprints(team: Team, capsys: Captured) -> None:
    capsys.readouterr()
    run(*ENROLL)
    told = capsys.readouterr().err
    assert "\n  acme server authority\n    SHA-256  " in told
    assert "\n  daemon build   tcp://build.acme.example:8372\n" in told
    assert "\n  daemon arm   tcp://arm.acme.example:8372\n" in told
    assert "[y/N]" not in told, "nobody is there to answer"


@pytest.mark.parametrize("answer", ["", "n", "no", "what?"])
def test_on_a_terminal_nothing_happens_without_a_yes(team: Team, answer: str) -> None:
    code, shown = on_terminal(ENROLL, {"Is it the same? [y/N]": answer})
    assert code == 1
    assert "not enrolled, and nothing was changed" in shown
    assert not [path for path in team.laptop.rglob("*") if path.is_file()]


@pytest.mark.parametrize("answer", ["y", "Yes"])
def test_on_a_terminal_a_yes_enrolls(team: Team, answer: str) -> None:
    code, shown = on_terminal(ENROLL, {"Is it the same? [y/N]": answer})
    assert (code, shown.count("Enrolled in acme")) == (0, 1)
    assert team.device.key.exists()


def test_nobody_is_asked_before_a_dry_run_or_about_what_a_passphrase_vouches_for(team: Team) -> None:
    code, shown = on_terminal([*ENROLL, "--dry-run"])
    assert (code, "[y/N]" in shown) == (0, False)
    code, shown = on_terminal(["enroll", "sealed.certkit", "--for", "earthly", "--no-probe"], {"Passphrase": SECRET})
    assert (code, "[y/N]" in shown, "SHA-256" in shown) == (0, False, False)


def test_each_certificate_is_parsed_once(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[bytes] = []
    parse = x509.load_pem_x509_certificate

    def counted(pem: bytes) -> x509.Certificate:
        parsed.append(pem)
        return parse(pem)

    certificates.load.cache_clear()  # of whoever issued the bundle, in this process
    monkeypatch.setattr(x509, "load_pem_x509_certificate", counted)
    run("enroll", "sealed.certkit", "--for", "earthly", "--no-probe", "--passphrase-file", "secret")
    assert len(parsed) == len(set(parsed)) == 2


@pytest.mark.parametrize(("alias", "verb"), [("enrol", "enroll"), ("unenrol", "unenroll")])
def test_the_other_spelling_is_understood_and_not_listed(team: Team, capsys: Captured, alias: str, verb: str) -> None:
    capsys.readouterr()
    assert main([alias, "--help"]) == 0
    assert f"Usage: certkit {alias}" in capsys.readouterr().out
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out.split()
    assert verb in shown
    assert alias not in shown


def test_the_other_spelling_enrolls_and_leaves(team: Team) -> None:
    run("enrol", *ENROLL[1:])
    assert team.device.key.exists()
    run("unenrol")
    assert not team.device.key.exists()


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b""])
def test_a_byte_order_mark_is_no_part_of_a_passphrase(team: Team, line_end: bytes) -> None:
    Path("marked").write_bytes(b"\xef\xbb\xbf" + SECRET.encode() + line_end)
    run("enroll", "sealed.certkit", "--for", "earthly", "--no-probe", "--passphrase-file", "marked")


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-le", "utf-16-be"])
def test_a_passphrase_in_another_encoding_is_said_to_be_so(team: Team, capsys: Captured, encoding: str) -> None:
    Path("foreign").write_bytes("schöne neue lange Passphrase\n".encode(encoding))
    Path("foreign").chmod(0o600)
    capsys.readouterr()
    for verb in (["enroll", "sealed.certkit"], ["issue", PERSON, "--out", "another"]):
        assert main([*verb, "--passphrase-file", "foreign"]) == 1
        assert capsys.readouterr().err == "certkit: foreign is not in UTF-8\nSave the file as UTF-8.\n"
    assert not Path("another").exists()


def test_a_passphrase_with_a_byte_that_nobody_types_is_said_to_be_so(team: Team, capsys: Captured) -> None:
    Path("binary").write_bytes(b"a long enough\0passphrase\n")
    capsys.readouterr()
    assert main(["enroll", "sealed.certkit", "--passphrase-file", "binary"]) == 1
    assert capsys.readouterr().err.startswith("certkit: binary has a NUL byte in its first line\n")


def test_what_is_typed_in_another_encoding_is_said_to_be_so(team: Team) -> None:
    code, shown = on_terminal(
        ["enroll", "sealed.certkit"], {"Passphrase": "sch\udcf6ne"}, environment={"LC_ALL": "C.UTF-8"}
    )
    assert code == 1
    assert "certkit: what was typed is not UTF-8\n" in shown
