"""Files of a home that somebody crafted, or a disk has damaged: own errors alone, and nothing outside is touched."""

import contextlib
import hashlib
import io
import json
from pathlib import Path

import pytest

from certkit.cli import main

DEEP = b"[" * 100_000


def said(command: str) -> tuple[int, str]:
    """Run a command; return its exit code and all that it said."""
    with contextlib.redirect_stderr(io.StringIO()) as errors, contextlib.redirect_stdout(io.StringIO()) as out:
        code = main(command.split())
    return code, out.getvalue() + errors.getvalue()


def assert_own_errors_alone(home: Path, *, codes: frozenset[int] = frozenset({0, 1, 3})) -> None:
    """Run what reads and what changes."""
    outside = home.with_name("outside")
    for command in ("list", "status", f"backup {outside.with_name('sealed')} --passphrase-file {outside}"):
        code, text = said(command)
        assert code in codes, (command, text)
        assert "defect in certkit" not in text
        assert all(char.isprintable() or char == "\n" for char in text)
    assert outside.read_text() == "violet anchor\n"


@pytest.fixture
def home(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a home beside which a file lies that must stay as it is, and work there."""
    monkeypatch.chdir(path.parent)
    path.with_name("outside").write_text("violet anchor\n")
    return path


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"5", b"null", b"{}", b'{"team.yml": 1}', b"\xff", DEEP, b"[1, null, []]"),
        *(b'["../outside", "/etc/hostname"]', b'["ledger.sqlite"]', b'["team.yml"]'),
        b'["authorities/server-1/../../../outside"]',
    ],
)
def test_a_journal_that_was_crafted_replaces_nothing(home: Path, content: bytes) -> None:
    (home / ".replacing.json").write_bytes(content)
    for name in ("ledger.sqlite.new", "../outside.new"):
        (home / name).write_bytes(b"planted")
    assert_own_errors_alone(home)
    assert not (home / ".replacing.json").exists()
    assert (home.with_name("outside.new")).read_bytes() == b"planted"


@pytest.mark.parametrize(
    "values",
    [
        5,
        None,
        [],
        {"team": 5},
        {"team": ".."},
        {"team": "acme", "device_days": "x"},
        {"team": "acme", "device_days": 1 << 60},
        {"team": "acme", "ledger": ["x"]},
        {"team": "acme", "key_type": "\x1b[2J"},
        {"team": "acme", "odd": 1},
    ],
)
def test_a_cache_that_was_crafted_is_not_believed(home: Path, values: object) -> None:
    digest = hashlib.sha256((home / "team.yml").read_bytes()).hexdigest()
    (home / ".settings.json").write_text(json.dumps({"sha256": digest, "values": values}))
    assert_own_errors_alone(home, codes=frozenset({0, 3}))


@pytest.mark.parametrize("content", [b"", b"5", DEEP, b"\xff", b'{"sha256": 1}'])
def test_a_cache_that_is_none_is_not_believed(home: Path, content: bytes) -> None:
    (home / ".settings.json").write_bytes(content)
    assert_own_errors_alone(home, codes=frozenset({0, 3}))


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"5", b"team: ..\n", b"team: [acme]\n", b"\xff\xfe", DEEP, b"team: acme\nledger: /etc/passwd\n"),
        *(
            b"team: acme\nledger: postgresql://nowhere/\n",
            b"team: acme\nledger: sqlite:///\n",
            b"{team: acme, team: b}\n",
        ),
        *(
            b'team: acme\nkey_type: "\\e[2J"\n',
            b'team: acme\n"\\e[2J": 1\n',
            b"a: &a [*a, *a]\n",
            b"!!python/name:os.system",
        ),
        *(b"team: acme\ndevice_days: 1e9\n", b"team: acme\ndevice_days: 0x7fffffffffffffff\n", b"? [a]\n: b\n"),
        b"team: acme\nledger: sqlite:///a%00b\n",
    ],
)
def test_a_team_yml_that_was_crafted_is_an_error_of_its_own(home: Path, content: bytes) -> None:
    (home / "team.yml").write_bytes(content)
    for command in ("list", "status", "revoke al"):
        code, text = said(command)
        assert code in {0, 1, 2, 3}
        assert "defect in certkit" not in text, text
        assert all(char.isprintable() or char == "\n" for char in text)


@pytest.mark.parametrize(
    "name", ["authorities/client/cert.pem", "authorities/client/key.pem", "daemons/build/cert.pem"]
)
@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 99, b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_a_file_that_is_damaged_is_named(home: Path, name: str, content: bytes) -> None:
    (home / name).write_bytes(content)
    for command in ("list", "status", "daemon list", "revoke al", "issue al --no-passphrase --out al"):
        code, text = said(command)
        assert code in {0, 1, 3}
        assert "defect in certkit" not in text, (command, text)
    Path("al").unlink(missing_ok=True)
