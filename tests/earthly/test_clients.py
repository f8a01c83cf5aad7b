"""Where Earthly and EarthBuild keep their things."""

import os
import pwd
from pathlib import Path

import pytest

from certkit.earthly import clients, config
from certkit.earthly.clients import find, locate
from certkit.errors import InvalidError

ME = pwd.getpwuid(os.getuid())


def program(folder: Path, name: str, script: str = "exit 0") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("name", "folder"), [("earthly", ".earthly"), ("earthbuild", ".earth")])
def test_each_client_has_a_folder_of_its_installation_name(tmp_path: Path, name: str, folder: str) -> None:
    client = locate(name, {"HOME": str(tmp_path)})
    assert client.directory == tmp_path / folder
    assert client.config == tmp_path / folder / "config.yml"
    assert client.owner is None


def test_the_installation_name_can_be_given_by_the_environment(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "EARTHLY_INSTALLATION_NAME": "old", "EARTH_INSTALLATION_NAME": "new"}
    assert locate("earthly", environ).directory == tmp_path / ".old"
    assert locate("earthbuild", environ).directory == tmp_path / ".new"


def test_earthbuild_reads_earthly_variables_where_its_own_are_not_set(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "EARTHLY_INSTALLATION_NAME": "old"}
    assert locate("earthbuild", environ).directory == tmp_path / ".old"


def test_earthly_reads_no_variable_of_earthbuild(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "EARTH_INSTALLATION_NAME": "new", "EARTH_CONFIG": "/etc/earth.yml"}
    assert locate("earthly", environ).config == tmp_path / ".earthly" / "config.yml"


def test_a_variable_set_to_nothing_hides_the_next_one_and_means_the_default(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "EARTH_INSTALLATION_NAME": "", "EARTHLY_INSTALLATION_NAME": "old"}
    assert locate("earthbuild", environ).directory == tmp_path / ".earth"


def test_the_old_file_name_counts_only_while_there_is_no_new_one(tmp_path: Path) -> None:
    folder = tmp_path / ".earthly"
    folder.mkdir()
    (folder / "config.yaml").touch()
    assert locate("earthly", {"HOME": str(tmp_path)}).config == folder / "config.yaml"
    (folder / "config.yml").touch()
    assert locate("earthly", {"HOME": str(tmp_path)}).config == folder / "config.yml"


def test_another_file_is_named_by_option_before_environment(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "EARTHLY_CONFIG": "/etc/old.yml", "EARTH_CONFIG": "/etc/new.yml"}
    assert locate("earthly", environ).config == Path("/etc/old.yml")
    assert locate("earthbuild", environ).config == Path("/etc/new.yml")
    assert locate("earthly", environ, Path("mine.yml")).config == Path.cwd() / "mine.yml"
    assert locate("earthly", environ, Path("mine.yml")).directory == tmp_path / ".earthly"


def test_under_sudo_the_home_is_that_of_the_user_who_gets_the_files(tmp_path: Path) -> None:
    client = locate("earthly", {"HOME": str(tmp_path), "SUDO_USER": ME.pw_name})
    assert client.directory == Path(ME.pw_dir) / ".earthly"
    assert client.owner == (ME.pw_uid, ME.pw_gid)


@pytest.mark.parametrize(
    ("environ", "blanked_by"),
    [
        ({"EARTHLY_CONFIG": ""}, "EARTHLY_CONFIG"),
        ({"EARTH_CONFIG": "", "EARTHLY_CONFIG": "/etc/old.yml"}, "EARTH_CONFIG"),
        ({"EARTHLY_INSTALLATION_NAME": ""}, "EARTHLY_INSTALLATION_NAME"),
        ({"EARTH_CONFIG": "/etc/new.yml", "EARTHLY_CONFIG": "", "EARTHLY_INSTALLATION_NAME": ""}, ""),
        ({}, ""),
    ],
)
def test_a_variable_that_is_set_to_nothing_blanks_the_configuration(
    tmp_path: Path, environ: dict[str, str], blanked_by: str
) -> None:
    (tmp_path / ".earth").mkdir()
    (tmp_path / ".earth" / "config.yml").write_text("global: {buildkit_host: 'tcp://build:8372'}\n")
    client = locate("earthbuild", {"HOME": str(tmp_path), **environ})
    assert client.blanked_by == blanked_by
    if blanked_by:
        assert config.read(client, environ).buildkit_host == ""
    assert locate("earthbuild", {"HOME": str(tmp_path), **environ}, Path("mine.yml")).blanked_by == ""


@pytest.mark.parametrize("user", ["", "nobody-of-that-name", "nobody"])
def test_a_sudo_user_without_a_writable_home_is_passed_over(tmp_path: Path, user: str) -> None:
    client = locate("earthly", {"HOME": str(tmp_path), "SUDO_USER": user})
    assert client.directory == tmp_path / ".earthly"
    assert client.owner is None


def test_a_home_counts_as_writable_by_its_owner_bit_even_for_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "alice"
    home.mkdir()
    alice = pwd.struct_passwd(("alice", "x", os.getuid(), 77, "", str(home), "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwnam", lambda _: alice)
    environ = {"HOME": str(tmp_path), "SUDO_USER": "alice"}
    assert locate("earthly", environ).owner == (os.getuid(), 77)
    home.chmod(0o500)
    assert locate("earthly", environ).owner is None


def test_another_users_home_is_passed_over_unless_this_user_is_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"HOME": str(tmp_path), "SUDO_USER": ME.pw_name}
    monkeypatch.setattr(os, "getuid", lambda: ME.pw_uid + 1)
    assert locate("earthly", environ).directory == tmp_path / ".earthly"
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert locate("earthly", environ).directory == Path(ME.pw_dir) / ".earthly"


def test_without_home_the_user_database_says_where(tmp_path: Path) -> None:
    assert locate("earthly", {}).directory == Path(ME.pw_dir) / ".earthly"


def test_a_user_without_name_and_home_has_etc_as_the_client_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    assert locate("earthly", {}).config == Path("/etc/.earthly/config.yml")


def test_in_earthlys_own_image_the_configuration_is_the_one_that_its_entrypoint_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entrypoint, config = tmp_path / "entrypoint.sh", tmp_path / "etc" / "config.yml"
    monkeypatch.setattr(clients, "IMAGE_ENTRYPOINT", entrypoint)
    monkeypatch.setattr(clients, "IMAGE_CONFIG", config)
    environ = {"HOME": str(tmp_path), "PATH": ""}
    assert find(environ) == []
    entrypoint.touch()
    for name in ("earthly", "earthbuild"):
        client = locate(name, environ)
        assert client.config == config
        assert client.directory.parent == tmp_path, "relative paths start at the home even there"
        assert clients.is_installed(client, environ)
    own = tmp_path / ".earthly" / "config.yml"
    own.parent.mkdir()
    own.touch()
    assert locate("earthly", environ).config == own
    config.parent.mkdir()
    config.touch()
    assert locate("earthly", environ).config == config


def test_what_the_env_file_says_counts_where_the_environment_says_nothing(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("EARTHLY_INSTALLATION_NAME=file\nEARTHLY_CONFIG=/etc/file.yml\n")
    environ = {"HOME": str(tmp_path), "EARTHLY_CONFIG": "/etc/mine.yml"}
    client = locate("earthly", environ, folder=tmp_path)
    assert client.directory == tmp_path / ".file"
    assert client.config == Path("/etc/mine.yml")
    assert locate("earthly", environ).directory == tmp_path / ".earthly"


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("earthly", "EARTHLY_ENV_FILE_PATH"),
        ("earthly", "EARTHLY_ENV_FILE"),
        ("earthbuild", "EARTH_ENV_FILE"),
        ("earthbuild", "EARTHLY_ENV_FILE"),
    ],
)
def test_a_variable_names_another_env_file_which_must_be_there(tmp_path: Path, name: str, variable: str) -> None:
    (tmp_path / ".env").write_text("EARTHLY_INSTALLATION_NAME=default\n")
    environ = {"HOME": str(tmp_path), variable: str(tmp_path / "other.env")}
    missing = locate(name, environ, folder=tmp_path).env_file
    assert missing
    assert missing.problem
    assert variable in missing.problem.hint
    (tmp_path / "other.env").write_text("EARTHLY_INSTALLATION_NAME=other\n")
    assert locate(name, environ, folder=tmp_path).directory == tmp_path / ".other"


def test_an_unknown_client_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidError) as refused:
        locate("bazel", {})
    assert "earthly, earthbuild" in refused.value.hint


def test_clients_are_found_by_folder_or_by_program(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}
    assert find(environ) == []
    (tmp_path / ".earthly").mkdir()
    assert [client.name for client in find(environ)] == ["earthly"]
    program(tmp_path / "bin", "earth")
    assert [client.name for client in find(environ)] == ["earthly", "earthbuild"]


def test_the_link_called_earthly_that_earthbuild_installs_is_not_earthly(tmp_path: Path) -> None:
    earth = program(tmp_path / "bin", "earth")
    (tmp_path / "bin" / "earthly").symlink_to(earth)
    environ = {"HOME": str(tmp_path), "PATH": str(tmp_path / "bin")}
    assert [client.name for client in find(environ)] == ["earthbuild"]


def test_clients_asked_for_by_name_are_given_though_nothing_is_there(tmp_path: Path) -> None:
    found = find({"HOME": str(tmp_path), "PATH": ""}, ["earthbuild"])
    assert [client.title for client in found] == ["EarthBuild"]


def test_two_clients_with_the_same_file_are_one(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "PATH": "", "EARTHLY_INSTALLATION_NAME": "same"}
    (tmp_path / ".same").mkdir()
    assert [client.name for client in find(environ)] == ["earthly"]
