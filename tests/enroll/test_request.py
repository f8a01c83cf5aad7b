"""A request is made, answered and finished, and its key never leaves the laptop."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from certkit import files
from certkit.earthly.user import User
from certkit.enroll import request
from certkit.enroll.bundle import Bundle
from certkit.errors import CertkitError, MissingError, RefusedError
from certkit.pki import keys, requests
from tests.enroll.conftest import Team


@pytest.fixture(autouse=True)
def laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path


def into(path: Path) -> Callable[[bytes], None]:
    """Return what writes a request to a file."""
    return partial(files.write, path, replace=False)


def waiting(laptop: Path) -> list[Path]:
    return list(laptop.rglob("requests/*.pem"))


def answer_to(team: Team, csr: Path) -> Bundle:
    return replace(team.bundle(), certificate=team.device(requests.read(csr.read_bytes())), key=None)


def test_the_answer_finds_the_key_that_waited(laptop: Path, team: Team) -> None:
    request.create(User(laptop), into(laptop / "alice.csr"))
    bundle = request.complete(User(laptop), answer_to(team, laptop / "alice.csr"))
    assert bundle.key is not None
    assert keys.matches(bundle.key, bundle.certificate)


def test_the_key_waits_where_nobody_else_can_read_it_and_the_request_holds_none(laptop: Path) -> None:
    request.create(User(laptop), into(laptop / "alice.csr"))
    (key,) = waiting(laptop)
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700
    assert b"PRIVATE" not in (laptop / "alice.csr").read_bytes()


def test_several_requests_wait_side_by_side(laptop: Path, team: Team) -> None:
    for name in ("one.csr", "two.csr"):
        request.create(User(laptop), into(laptop / name))
    one, two = (request.complete(User(laptop), answer_to(team, laptop / name)) for name in ("one.csr", "two.csr"))
    assert one.key != two.key


def test_a_file_that_is_there_is_not_overwritten_and_no_key_is_left(laptop: Path) -> None:
    (laptop / "alice.csr").write_text("mine")
    with pytest.raises(RefusedError):
        request.create(User(laptop), into(laptop / "alice.csr"))
    assert (laptop / "alice.csr").read_text() == "mine"
    assert waiting(laptop) == []


def test_no_key_is_left_where_the_request_cannot_be_written(laptop: Path) -> None:
    with pytest.raises(CertkitError):
        request.create(User(laptop), into(laptop / "nowhere" / "alice.csr"))
    assert waiting(laptop) == []


def test_an_answer_to_another_machines_request_is_refused(laptop: Path, team: Team) -> None:
    with pytest.raises(MissingError, match="not here") as refused:
        request.complete(User(laptop), replace(team.bundle(), key=None))
    assert "machine that made the request" in refused.value.hint


def test_a_bundle_with_its_key_is_complete_as_it_is(laptop: Path, team: Team) -> None:
    bundle = team.bundle()
    assert request.complete(User(laptop), bundle) is bundle


def test_the_key_no_longer_waits_once_it_is_forgotten(laptop: Path, team: Team) -> None:
    request.create(User(laptop), into(laptop / "alice.csr"))
    bundle = request.complete(User(laptop), answer_to(team, laptop / "alice.csr"))
    request.forget(User(laptop), bundle)
    assert waiting(laptop) == []
    request.forget(User(laptop), bundle)
