"""`certkit daemon …`: several daemons in one home, their names, their renewals."""

from pathlib import Path

import pytest
from cryptography import x509

from certkit.pki import certificates
from tests.cli.conftest import UNRESOLVED, URL, Lead


def certificate(home: Path, name: str = "build") -> x509.Certificate:
    """Read what lies ready for a daemon."""
    return certificates.load((home / "daemons" / name / "cert.pem").read_bytes())


def names(home: Path, name: str = "build") -> list[str]:
    found = certificate(home, name).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(each.value) for each in found]


def test_several_daemons_share_a_home(lead: Lead, home: Path) -> None:
    added = lead("daemon", "add", "arm", "tcp://[2001:db8::7]:1234", "--san", "ärm.example")
    assert (added.code, added.err) == (0, f"xn--rm-uia.example {UNRESOLVED}\n")
    assert "Added the daemon arm at tcp://[2001:db8::7]:1234\n  for 2001:db8::7, xn--rm-uia.example" in added.out
    assert "certkit daemon deploy arm --help" in added.out
    assert names(home, "arm") == ["2001:db8::7", "xn--rm-uia.example"]
    listed = lead("daemon", "list", "--json").data["daemons"]
    assert [(daemon["name"], daemon["url"]) for daemon in listed] == [
        ("build", URL),
        ("arm", "tcp://[2001:db8::7]:1234"),
    ]


def test_a_bundle_knows_every_daemon(lead: Lead, home: Path) -> None:
    lead("daemon", "add", "arm", "tcp://arm.acme.example:8372")
    lead("issue", "alice", "--out", "a", "--no-passphrase")
    assert "tcp://arm.acme.example:8372" in Path("a").read_text()
    assert URL in Path("a").read_text()


def test_a_list_is_a_table_of_plain_lines_in_a_pipe(lead: Lead, home: Path) -> None:
    head, row = lead("daemon", "list").out.splitlines()
    assert head.split()[:3] == ["daemon", "URL", "names"]
    assert row.split()[:3] == ["build", URL, "build.acme.example"]


def test_a_renewal_makes_a_new_key_and_keeps_the_names(lead: Lead, home: Path) -> None:
    former, key = certificate(home), (home / "daemons/build/key.pem").read_bytes()
    renewed = lead("daemon", "renew", "build", "--san", "10.0.0.7", "--san", "BUILD.acme.example", "--json").data
    assert renewed["hosts"] == names(home) == ["build.acme.example", "10.0.0.7"]
    assert renewed["serial"] == certificates.serial_text(certificate(home).serial_number)
    assert certificate(home).serial_number != former.serial_number
    assert (home / "daemons/build/key.pem").read_bytes() != key
    assert lead("daemon", "renew", "build", "--json").data["hosts"] == renewed["hosts"]


def test_a_renewal_says_what_to_do_next(lead: Lead, home: Path) -> None:
    ended = lead("daemon", "renew", "build")
    assert "Renewed the daemon build, for build.acme.example, expires " in ended.out
    assert "restart it" in ended.out


def test_as_json_an_addition_is_one_object(lead: Lead, home: Path) -> None:
    added = lead("daemon", "add", "arm", "tcp://arm:1", "--json").data
    assert (added["name"], added["url"], added["hosts"]) == ("arm", "tcp://arm:1", ["arm"])
    assert Path(added["directory"]) == home / "daemons" / "arm"


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        (["add", "build", "tcp://other:1"], 1, "there is a daemon build already"),
        (["add", "Arm 1", "tcp://arm:1"], 2, "'Arm 1' cannot be the name of a daemon"),
        (["add", "..", "tcp://arm:1"], 2, "'..' cannot be the name of a daemon"),
        (["add", "arm", "arm:1"], 2, "'arm:1' is not a daemon's URL"),
        (["add", "arm", "tcp://arm:1", "--san", "a b"], 2, "'a b' is neither a host name nor an IP address"),
        (["renew", "biuld"], 1, "there is no daemon biuld"),
        (["renew", "build", "--san", "a b"], 2, "'a b' is neither a host name nor an IP address"),
        (["deploy", "biuld"], 1, "there is no daemon biuld"),
    ],
)
def test_a_mistake_changes_nothing(lead: Lead, home: Path, arguments: list[str], code: int, what: str) -> None:
    former = certificate(home)
    assert lead("daemon", *arguments).complaint[:2] == (code, f"certkit: {what}")
    assert [path.name for path in (home / "daemons").iterdir() if path.is_symlink()] == ["build"]
    assert certificate(home) == former
    assert len(lead("log", "--json").data["events"]) == 2


def test_who_mistypes_a_name_is_told_which_there_are(lead: Lead, home: Path) -> None:
    assert "There are: build." in lead("daemon", "renew", "biuld").complaint[2]


@pytest.mark.parametrize("kind", ["docker", "compose", "podman", "systemd", "kubernetes", "haproxy", "buildkitd"])
def test_what_a_host_needs_is_printed_and_holds_no_key(lead: Lead, home: Path, kind: str) -> None:
    ended = lead("daemon", "deploy", "build", "--as", kind)
    assert (ended.code, ended.err) == (0, "")
    assert "8372" in ended.out
    assert "PRIVATE KEY" not in ended.out


def test_names_that_do_not_resolve_here_are_a_note_and_no_failure(lead: Lead, home: Path, tmp_path: Path) -> None:
    init = ["init", "--team", "acme", "--daemon", "tcp://10.0.0.7:8372"]
    made = lead(*init, "--home", tmp_path / "other")
    assert (made.code, made.err) == (0, "")
    made = lead(*init, "--san", "b.example", "--san", "c.example", "--home", tmp_path / "third", "--json")
    assert (made.code, made.data["team"]) == (0, "acme")
    assert made.err.startswith("b.example and c.example do not resolve here.\nEvery laptop must find it")
    assert lead("daemon", "add", "arm", "tcp://arm.example:1", "--json").err == f"arm.example {UNRESOLVED}\n"
