"""Standard input and passphrases from wherever they come: sockets, pipes, other encodings, another keyboard."""

import os
import socket
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Literal

import pytest

from certkit.cli.support import passphrases
from tests.cli.conftest import URL, Lead
from tests.cli.terminal import on_terminal

SECRET = "correct-kettle-violet-anchor-mango-seven"
INIT = ("init", "--team", "acme", "--daemon", URL)
ENROLL = [sys.executable, "-m", "certkit", "enroll", "-", "--for", "earthly", "--no-probe"]
Form = Literal["NFC", "NFD"]
UMLAUT = "schöne grüne Bäume"


@pytest.fixture
def secret(desk: Path) -> Path:
    """Return a file with a passphrase."""
    path = desk / "secret"
    path.write_text(f"{SECRET}\n")
    path.chmod(0o600)
    return path


@pytest.fixture
def bundle(lead: Lead, home: Path, secret: Path) -> Path:
    """Return a sealed bundle."""
    assert lead("issue", "al", "--out", "al.certkit", "--passphrase-file", secret).code == 0
    return Path("al.certkit")


def test_a_bundle_may_come_by_a_socket_which_cannot_be_opened_anew(bundle: Path, secret: Path) -> None:
    """Programs in JavaScript start others so."""
    ours, theirs = socket.socketpair()
    command = [*ENROLL, "--passphrase-file", str(secret)]
    with ours, theirs:
        process = subprocess.Popen(command, stdin=theirs.fileno(), stdout=subprocess.PIPE)
        ours.sendall(bundle.read_bytes())
        ours.shutdown(socket.SHUT_WR)
        said, _ = process.communicate(timeout=60)
    assert (process.returncode, said.startswith(b"Enrolled in acme as al\n")) == (0, True)


def test_with_a_bundle_by_pipe_the_passphrase_is_asked_for_at_the_terminal(bundle: Path, tmp_path: Path) -> None:
    code, shown = on_terminal(ENROLL[3:], {"Passphrase": SECRET}, given=str(bundle))
    assert code == 0, shown
    assert "Enrolled in acme as al" in shown
    assert SECRET not in shown


def test_with_a_backup_by_pipe_the_passphrase_is_asked_for_at_the_terminal(
    lead: Lead, home: Path, secret: Path, tmp_path: Path
) -> None:
    lead("backup", "sealed", "--passphrase-file", secret)
    command = ["restore", "-", "--home", str(tmp_path / "restored")]
    code, shown = on_terminal(command, {"Passphrase of the backup": SECRET}, given="sealed")
    assert code == 0, shown
    assert "Restored the team acme" in shown


@pytest.mark.parametrize(("answer", "expected"), [("y", 0), ("n", 1)])
def test_with_a_bundle_by_pipe_the_comparison_is_asked_for_at_the_terminal(
    lead: Lead, home: Path, tmp_path: Path, answer: str, expected: int
) -> None:
    lead("issue", "al", "--out", "al.certkit", "--no-passphrase")
    code, shown = on_terminal(ENROLL[3:], {"Is it the same? [y/N]": answer}, given="al.certkit")
    assert code == expected, shown
    assert (tmp_path / ".earthly" / "config.yml").exists() is (expected == 0)


@pytest.mark.parametrize("content", ["", "\n"])
@pytest.mark.parametrize(
    "command",
    ["enroll -", "sign - --person al --out al", "restore - --passphrase-file x", "issue --from - --out-dir b"],
)
def test_an_empty_standard_input_is_told_as_that(lead: Lead, tmp_path: Path, command: str, content: str) -> None:
    """As a script gives whose secret is not set."""
    home = ["--home", str(tmp_path / "new")] if command.startswith("restore") else []
    program = [sys.executable, "-m", "certkit", *command.split(), *home]
    done = subprocess.run(program, input=content, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    what, remedy = done.stderr.splitlines()
    assert what == "certkit: standard input is empty"
    assert remedy.startswith("See why nothing came there: in CI, whether the secret with ")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_with_a_byte_order_mark_holds_the_same_passphrase(lead: Lead, tmp_path: Path, encoding: str) -> None:
    Path("secret").write_text(f"{UMLAUT}\r\n", encoding=encoding)
    Path("secret").chmod(0o600)
    assert lead(*INIT, "--passphrase-file", "secret").code == 0
    assert lead("issue", "al", "--out", "al.certkit", "--passphrase-file", "secret").code == 0
    Path("secret").write_text(UMLAUT)
    assert lead("issue", "bo", "--out", "bo.certkit", "--passphrase-file", "secret").code == 0
    assert lead("enroll", "al.certkit", "--passphrase-file", "secret", "--no-probe").code == 0


def test_what_an_editor_or_a_spreadsheet_saved_in_utf_16_is_read(lead: Lead, home: Path) -> None:
    assert lead("enroll", "--request", "al.csr").code == 0
    for saved, content in (("al.utf16", Path("al.csr").read_text()), ("people.txt", "person\tdevice\nbo\tdesk\n")):
        Path(saved).write_text(content, encoding="utf-16")
    assert lead("sign", "al.utf16", "--person", "al", "--out", "answer").code == 0
    Path("answer").write_text(Path("answer").read_text(), encoding="utf-16")
    assert lead("enroll", "answer", "--for", "earthly", "--no-probe").code == 0
    assert lead("issue", "--from", "people.txt", "--out-dir", "bundles", "--no-passphrase").code == 0


@pytest.mark.parametrize(("made", "typed"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_an_authority_s_passphrase_is_the_same_on_every_keyboard(lead: Lead, made: Form, typed: Form) -> None:
    Path("secret").write_text(unicodedata.normalize(made, UMLAUT))
    assert lead(*INIT, "--passphrase-file", "secret").code == 0
    Path("secret").write_text(unicodedata.normalize(typed, UMLAUT))
    assert lead("issue", "al", "--out", "al.certkit", "--no-passphrase").code == 0


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_keys_that_another_tool_encrypted_open_with_their_passphrase(lead: Lead, home: Path, form: Form) -> None:
    key, secret = home / "authorities/client-1/key.pem", unicodedata.normalize(form, UMLAUT)
    Path("secret").write_text(secret)
    encrypt = ["openssl", "pkey", "-aes256", "-in", str(key), "-out", "encrypted", "-passout", "file:secret"]
    subprocess.run(encrypt, check=True)
    key.write_bytes(Path("encrypted").read_bytes())
    (home / "team.yml").write_text(f"team: acme\npassphrase_file: {Path('secret').absolute()}\n")
    assert lead("issue", "al", "--out", "al.certkit", "--no-passphrase").code == 0


def test_a_pipe_is_no_file_that_others_can_read(lead: Lead, bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """macOS gives pipes the mode 0660."""
    reader, writer = os.pipe()
    os.fchmod(reader, 0o660)
    os.write(writer, SECRET.encode())
    os.close(writer)
    try:
        assert passphrases.from_file(Path(f"/dev/fd/{reader}")) == SECRET
    finally:
        os.close(reader)
    assert capsys.readouterr().err == ""
