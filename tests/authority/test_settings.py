"""team.yml says exactly what it was made to say."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from certkit.authority import settings
from certkit.authority.settings import Settings
from certkit.errors import MalformedError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(TEXTS, TEXTS, st.from_regex(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", fullmatch=True))
@example("pass show acme", "", "null")
@example("printf '%s\n' \"{key}\" # no: comment", "", "123")
@example("x " * 2000, "", "yes")
@example("a\nb", "\x85", "1e3")
@example("…", " ", "0x1f")
def test_what_is_written_is_read_again(command: str, file: str, team: str) -> None:
    wanted = Settings(team, "p384", 1, 2, 3653, passphrase_file=file, passphrase_command=command)
    with TemporaryDirectory() as folder:
        path = Path(folder, "team.yml")
        path.write_bytes(settings.dump(wanted))
        assert settings.load(path) == wanted


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    (tmp_path / "team.yml").write_text("team: acme\n")
    assert settings.load(tmp_path / "team.yml") == Settings("acme", "p256", 365, 90, 365)


def test_the_file_explains_itself(tmp_path: Path) -> None:
    lines = settings.dump(Settings("acme")).decode().splitlines()
    assert "team: acme" in lines
    assert "# passphrase_command: …" in lines
    assert all(len(line) <= 120 for line in lines)


@pytest.mark.parametrize("days", [1, 3653])
def test_the_shortest_and_the_longest_life_are_taken(tmp_path: Path, days: int) -> None:
    (tmp_path / "team.yml").write_text(f"team: acme\ndevice_days: {days}\n")
    assert settings.load(tmp_path / "team.yml").device_life.days == days


def test_what_is_remembered_of_settings_counts_until_the_file_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, cache = tmp_path / "team.yml", tmp_path / "cache"
    for days in (30, 60):
        path.write_text(f"team: acme\ndevice_days: {days}\n")
        assert settings.recall(path, cache).device_days == days
        settings.remember(path, cache)
        monkeypatch.setattr(settings, "_parse", None)  # from now on it is remembered
        assert settings.recall(path, cache).device_days == days
        monkeypatch.undo()
    path.write_text("team: acme\ndevice_days: never\n")
    with pytest.raises(MalformedError):
        settings.recall(path, cache)
