"""Whatever a lead could mistype: one line of what, one line of what to do, and nothing left behind."""

from pathlib import Path

import pytest

from tests.cli.conftest import URL, Lead

EXAMPLE = "Write it as Earthly does, scheme and port included: tcp://build.acme.example:8372"
MACHINE = "Use a name or address that every laptop reaches."
MANAGED = "to mean a daemon that it manages itself, so a shared one cannot be called that"
BOMB = b"team: [&a [x], " + b"".join(b"&%c [*%c, *%c, *%c, *%c], " % (n, *[n - 1] * 4) for n in range(98, 118)) + b"]\n"
"""A few bytes of YAML that are 4 to the power of 20 when they are written out."""
INIT = ["init", "--team", "acme", "--daemon"]


@pytest.mark.parametrize(
    ("url", "what", "remedy"),
    [
        ("build.acme.example", "'build.acme.example' is not a daemon's URL", EXAMPLE),
        ("build.acme.example:8372", "'build.acme.example:8372' is not a daemon's URL", EXAMPLE),
        ("tcp://build.acme.example", "'tcp://build.acme.example' has no port, and Earthly refuses it", EXAMPLE),
        ("https://build.acme.example:8372", "has the scheme 'https', which Earthly does not take", EXAMPLE),
        ("docker-container://buildkitd", "is a container on this machine, not a shared daemon", EXAMPLE),
        ("tcp://build.acme.example:99999", "has no possible port", "A port is a number from 1 to 65535."),
        ("", "'' is not a daemon's URL", EXAMPLE),
        ("tcp://\x1b[31m:1", "is not a daemon's URL", "tcp://"),
        ("tcp://localhost:8372", f"Earthly takes localhost {MANAGED}", "tcp://build-server:8372"),
        ("tcp://127.0.0.1:8372", f"Earthly takes 127.0.0.1 {MANAGED}", "tcp://build-server:8372"),
        ("tcp://224.0.0.1:8372", "224.0.0.1 is the address of no single machine", MACHINE),
        ("tcp://255.255.255.255:8372", "255.255.255.255 is the address of no single machine", MACHINE),
        ("tcp://[::ffff:0.0.0.0]:8372", "is the address of no single machine", MACHINE),
        ("tcp://[ff02::1]:8372", "ff02::1 is the address of no single machine", MACHINE),
        ("tcp://[::1]:8372", f"Earthly takes ::1 {MANAGED}", "tcp://build-server:8372"),
    ],
)
def test_a_daemons_url_that_no_earthly_could_use(lead: Lead, tmp_path: Path, url: str, what: str, remedy: str) -> None:
    code, said, to_do = lead(*INIT, url).complaint
    assert code == 2
    assert said.startswith("certkit: ")
    assert what in said
    assert remedy in to_do
    assert "\x1b" not in said + to_do
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--team", "Acme Corp"], "'Acme Corp' cannot be the name of a team"),
        (["--team", "../acme"], "'../acme' cannot be the name of a team"),
        (["--name", "Build 1"], "'Build 1' cannot be the name of a daemon"),
        (["--san", "*.acme.example"], "'*.acme.example' is neither a host name nor an IP address"),
        (["--san", "build:8372"], "'build:8372' is neither a host name nor an IP address"),
        (["--key-type", "rsa2048"], "there is no key type 'rsa2048'"),
        (["--passphrase-file", "f", "--passphrase-command", "c"], "the passphrase is given in more than one way"),
    ],
)
def test_a_team_that_cannot_be_meant_is_not_made(lead: Lead, tmp_path: Path, arguments: list[str], what: str) -> None:
    assert lead(*INIT, URL, *arguments).complaint[:2] == (2, f"certkit: {what}")
    assert [path.name for path in tmp_path.iterdir()] == ["desk"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["issue", "alice", "--out", "a"],
        ["daemon", "list"],
        ["daemon", "renew", "build"],
        ["list"],
        ["show", "alice"],
        ["status"],
        ["log"],
    ],
)
def test_a_command_without_a_home_says_how_to_make_or_name_one(
    lead: Lead, tmp_path: Path, arguments: list[str]
) -> None:
    code, what, remedy = lead(*arguments).complaint
    assert (code, what) == (1, f"certkit: there is no team in {tmp_path / 'home'}")
    assert "certkit init --help" in remedy
    assert "--home" in remedy
    assert [path.name for path in tmp_path.iterdir()] == ["desk"]
    assert not list((tmp_path / "desk").iterdir())


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("client", ["earthly", "buildx"])
def test_on_a_laptop_it_names_the_developers_command(lead: Lead, desk: Path, client: str) -> None:
    assert lead("issue", "alice", "--out", "a", "--no-passphrase").code == 0
    assert lead("enroll", "a", "--for", client, "--no-probe").code == 0
    code, what, remedy = lead("status", "--home", "elsewhere").complaint
    assert (code, what) == (1, f"certkit: there is no team in {desk / 'elsewhere'}")
    assert remedy.startswith("Run it where the team's home is")
    assert remedy.endswith(" To check this laptop: certkit probe")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"team: acme\nteam: [\n", "line 3"),
        (b"\xff\xfe\x00", "is not YAML"),
        (b"- acme", "does not hold settings"),
        (b"", "does not hold settings"),
        (b"team: ''\n", "names no team"),
        (b"team: ../acme\n", "'../acme' cannot be the name of a team"),
        (b"team: acme\nkey_typo: p256\n", "there is no setting 'key_typo'"),
        (b"team: acme\nkey_type: dsa\n", "there is no key_type 'dsa'"),
        (b"team: acme\ndevice_days: 0\n", "device_days cannot be 0"),
        (b"team: acme\ndevice_days: 99999\n", "device_days cannot be 99999"),
        (b"team: acme\ndevice_days: true\n", "device_days cannot be True"),
        (b"team: 2026-11-24\n", "team cannot be"),
        (BOMB, "team cannot be"),
        (b"[" * 5000, "is not YAML"),
        (b"# " + b"x" * 70_000, "larger than"),
    ],
)
def test_a_team_yml_that_cannot_be_meant_is_told_with_its_line_or_key(
    lead: Lead, home: Path, content: bytes, what: str
) -> None:
    (home / "team.yml").write_bytes(content)
    code, said, remedy = lead("list").complaint
    assert code == 1
    assert said.startswith(f"certkit: {home / 'team.yml'}")
    assert what in said
    assert remedy
    assert len(said) < 300


@pytest.mark.parametrize("file", ["authorities/client/cert.pem", "authorities/client/key.pem", "ledger.sqlite"])
@pytest.mark.parametrize("content", [b"", b"garbage", None])
def test_a_home_that_is_damaged_names_the_file(lead: Lead, home: Path, file: str, content: bytes | None) -> None:
    path = (home / file).resolve()
    path.unlink() if content is None else path.write_bytes(content)
    code, what, remedy = lead("issue", "alice", "--out", "a").complaint
    assert code == 1
    assert Path(file).name in what or "the ledger cannot be used" in what
    assert "defect" not in what
    assert "backup" in remedy or "home" in remedy
    assert not Path("a").exists()


@pytest.mark.parametrize("san", ["0.0.0.0", "::", "ff02::1", "255.255.255.255"])
@pytest.mark.parametrize("command", [[*INIT, URL], ["daemon", "renew", "build"]])
def test_no_certificate_names_an_address_of_all_machines_or_of_none(
    request: pytest.FixtureRequest, lead: Lead, command: list[str], san: str
) -> None:
    if command[0] == "daemon":
        request.getfixturevalue("home")
    assert lead(*command, "--san", san).complaint == (
        2,
        f"certkit: {san} is the address of no single machine",
        MACHINE,
    )


@pytest.mark.parametrize(
    "command",
    [["status"], ["list"], ["revoke", "al"], [*INIT, URL], ["restore", "sealed", "--passphrase-file", "secret"]],
)
def test_a_home_that_has_lost_its_settings_is_told_as_that_and_goes_on_with_them(
    lead: Lead, home: Path, command: list[str]
) -> None:
    settings = home / "team.yml"
    settings.unlink()
    code, what, remedy = lead(*command).complaint
    assert (code, what) == (1, f"certkit: {settings} is missing")
    assert "the line team: NAME, or copy it from a backup: certkit restore FILE --home ANOTHER_FOLDER" in remedy
    settings.write_text("team: acme\n")
    assert lead("daemon", "renew", "build").code == 0


def test_debug_shows_where_an_error_comes_from_and_nothing_raw(lead: Lead, home: Path) -> None:
    ended = lead("--debug", "sign", "\x1b[31mred", "--person", "alice", "--out", "a")
    assert ended.code == 1
    assert "Traceback" in ended.err
    assert "sign.py" in ended.err
    assert "certkit: \\x1b[31mred does not exist\n" in ended.err
    assert "\x1b" not in ended.err


def test_a_defect_is_told_in_words_too(lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("certkit.cli.support.context.now", lambda: "not a time")
    ended = lead("status")
    what, remedy = ended.err.splitlines()
    assert (ended.code, ended.out) == (1, "")
    assert what.startswith("certkit: a defect in certkit: ")
    assert "--debug" in remedy
