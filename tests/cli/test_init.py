"""`certkit init`, as its words and files show it."""

import resource
from pathlib import Path

import pytest
from cryptography import x509

from certkit.pki import certificates, keys
from tests.cli.conftest import UNRESOLVED, URL, Ended, Lead


def init(lead: Lead, *arguments: str | Path, url: str = URL) -> Ended:
    """Make a team called acme."""
    return lead("init", "--team", "acme", "--daemon", url, *arguments)


def names(home: Path, daemon: str = "build") -> list[str]:
    """Return the names in a daemon's certificate."""
    certificate = certificates.load((home / "daemons" / daemon / "cert.pem").read_bytes())
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in found]


def test_it_says_what_it_made_and_what_to_do_next_ready_to_paste(lead: Lead, tmp_path: Path) -> None:
    ended = init(lead)
    assert (ended.code, ended.err.splitlines()) == (0, f"build.acme.example {UNRESOLVED}".splitlines())
    assert "Created the team acme in ~/home" in ended.out
    for expected in (
        "server authority  vouches for daemons  SHA-256 ",
        "client authority  vouches for people   SHA-256 ",
        "daemon build",
        "keys are not encrypted",
        "docker run --detach",
        "earthly/buildkitd:v0.8.16",
        "for EarthBuild the same, with target=/tmp/earthbuild and\n     earthbuild/buildkitd:v0.8.18",
        "source=/etc/buildkit-certs/key.pem,target=/etc/key.pem,readonly",
        "buildkitd --addr tcp://0.0.0.0:8372",
        "certkit daemon deploy build --help",
        "certkit issue alice@acme.example --out alice.certkit",
    ):
        assert expected in ended.out


def test_the_home_is_private_and_complete(lead: Lead, tmp_path: Path) -> None:
    init(lead)
    home = tmp_path / "home"
    for path in [home, *home.rglob("*")]:
        if not path.is_symlink():
            assert path.stat().st_mode & 0o077 == 0, path
    assert (home / "team.yml").read_text().startswith("# The settings of this team")
    for role in ("server", "client"):
        authority = certificates.load((home / "authorities" / role / "cert.pem").read_bytes())
        assert certificates.words(authority.subject) == f"acme {role} authority"
        assert keys.matches(keys.load((home / "authorities" / role / "key.pem").read_bytes()), authority)
    assert {file.name for file in (home / "daemons" / "build").iterdir()} >= {"ca.pem", "cert.pem", "key.pem"}


def test_as_json_it_is_one_object(lead: Lead, tmp_path: Path) -> None:
    made = init(lead, "--json").data
    assert (made["team"], made["home"]) == ("acme", str(tmp_path / "home"))
    assert [authority["role"] for authority in made["authorities"]] == ["server", "client"]
    [daemon] = made["daemons"]
    assert (daemon["name"], daemon["url"], daemon["hosts"]) == ("build", URL, ["build.acme.example"])
    assert Path(daemon["directory"], "cert.pem").exists()


@pytest.mark.parametrize("key_type", keys.KEY_TYPES)
def test_all_keys_of_a_team_are_of_the_type_it_was_made_with(lead: Lead, tmp_path: Path, key_type: str) -> None:
    assert init(lead, "--key-type", key_type).code == 0
    assert lead("issue", "alice", "--out", "a", "--no-passphrase").code == 0
    kind = keys.describe(keys.generate(key_type).public_key())
    for path in (tmp_path / "home").glob("[ad]*/*/key.pem"):
        assert keys.describe(keys.load(path.read_bytes()).public_key()) == kind


@pytest.mark.parametrize(
    ("url", "written", "hosts"),
    [
        ("tcp://10.0.0.7:8372", "tcp://10.0.0.7:8372", ["10.0.0.7"]),
        ("tcp://[2001:DB8::7]:8372", "tcp://[2001:db8::7]:8372", ["2001:db8::7"]),
        ("tcp://Bücher.example:1234", "tcp://xn--bcher-kva.example:1234", ["xn--bcher-kva.example"]),
    ],
)
def test_addresses_and_international_names_are_named_in_the_certificate(
    lead: Lead, tmp_path: Path, url: str, written: str, hosts: list[str]
) -> None:
    made = init(lead, "--json", "--name", "build", "--san", "Builder.ACME.example", "--san", "::1", url=url).data
    assert made["daemons"][0]["url"] == written
    assert made["daemons"][0]["hosts"] == names(tmp_path / "home") == [*hosts, "builder.acme.example", "::1"]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("tcp://build-7.acme.example:1", "build-7"),
        ("tcp://10.0.0.7:1", "build"),
        ("tcp://[::7]:1", "build"),
        ("tcp://my_host:1", "build"),
    ],
)
def test_a_daemon_is_called_by_its_host_where_that_is_a_name(lead: Lead, url: str, name: str) -> None:
    assert init(lead, "--json", url=url).data["daemons"][0]["name"] == name


def test_the_home_may_be_an_empty_folder_and_is_private_then(lead: Lead, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o755)
    assert init(lead).code == 0
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


def test_what_is_there_is_never_touched(lead: Lead, home: Path) -> None:
    former = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    code, what, remedy = init(lead, "--passphrase-command", "touch asked").complaint
    assert (code, what) == (1, f"certkit: {home} is there already and is not touched")
    assert remedy == "Choose another folder with --home."
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == former
    assert not Path("asked").exists()


@pytest.mark.parametrize("kind", ["file", "link", "broken link", "folder with a file"])
def test_nor_is_anything_else_in_its_place(lead: Lead, tmp_path: Path, kind: str) -> None:
    home = tmp_path / "home"
    match kind:
        case "file":
            home.touch()
        case "folder with a file":
            home.mkdir()
            (home / "mine").touch()
        case _:
            (tmp_path / "elsewhere").mkdir(exist_ok=kind == "link")
            home.symlink_to("elsewhere" if kind == "link" else "nowhere")
    assert init(lead).complaint[:2] == (1, f"certkit: {home} is there already and is not touched")


def test_a_home_that_cannot_be_made_is_told_by_its_own_name(lead: Lead, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, what, _ = init(lead, "--home", tmp_path / "file" / "home").complaint
    assert code == 1
    assert what == f"certkit: {tmp_path / 'file' / 'home'} cannot be made: Not a directory"


@pytest.mark.parametrize("arguments", [["--san", "a b"], ["--passphrase-command", "false"]])
def test_a_mistake_makes_not_even_the_folders_above(lead: Lead, desk: Path, arguments: list[str]) -> None:
    assert init(lead, "--home", "new/folder/home", *arguments).code != 0
    assert not list(desk.iterdir())


def test_a_full_disk_leaves_nothing_behind(lead: Lead, desk: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        code, what, remedy = init(lead, "--home", "home").complaint
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert code == 1
    assert "disk" in what
    assert "free space" in remedy
    assert not list(desk.iterdir())


def test_a_user_without_a_home_folder_is_told_what_to_set(
    lead: Lead, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "home", raise_no_home)
    assert init(lead).code == 0
    monkeypatch.delenv("CERTKIT_HOME")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert init(lead).complaint == (1, "certkit: this user has no home folder", "Set HOME.")


def raise_no_home() -> None:
    """Fail as `Path.home` does for a user without a home folder."""
    raise RuntimeError("Could not determine home directory.")


def test_a_home_of_ones_own_choice_comes_with_the_way_to_find_it(lead: Lead, desk: Path) -> None:
    assert f"export CERTKIT_HOME='{desk / 'our team'}'\n" in init(lead, "--home", "our team").out
    assert "CERTKIT_HOME" not in init(lead).out


def test_a_relative_home_is_one_below_this_folder(lead: Lead, desk: Path) -> None:
    assert init(lead, "--home", "team", "--json").data["home"] == str(desk / "team")
    assert lead("list", "--home", "team").code == 0
