"""What `-` prints: the file alone, on standard output, and a secret as one line that whatever masks secrets masks."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest

from certkit import files
from tests.cli.conftest import ALICE, Lead
from tests.cli.terminal import on_terminal

CERTKIT = f"{sys.executable} -m certkit"
ISSUE = ("issue", ALICE, "--device", "laptop", "--out", "-")
SECRET = ("--passphrase-file", "secret")


@pytest.fixture(autouse=True)
def _secret(home: Path) -> None:
    files.write(Path("secret"), b"violet anchor")


def shell(command: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of a script, in which nobody can be asked."""
    return subprocess.run(["bash", "-c", command], stdin=subprocess.DEVNULL, capture_output=True, check=False)


@pytest.mark.parametrize("how", [SECRET, ("--no-passphrase",)])
def test_a_bundle_is_one_line_of_base64_and_all_words_are_beside_it(lead: Lead, how: tuple[str, ...]) -> None:
    ended = lead(*ISSUE, *how)
    assert ended.code == 0
    assert ended.out.count("\n") == 1
    assert b"bundle" in base64.b64decode(ended.out.strip(), validate=True)
    assert f"Issued {ALICE}, device laptop" in ended.err
    assert "They run, with that line on standard input\n  certkit enroll -\n" in ended.err
    assert list(Path().iterdir()) == [Path("secret")]


def test_from_that_line_a_laptop_is_enrolled(lead: Lead) -> None:
    Path("line").write_text(lead(*ISSUE, *SECRET).out)
    options = "--passphrase-file secret --for earthly --no-probe"
    assert shell(f"cat line | {CERTKIT} enroll - {options}").returncode == 0
    assert b"Already enrolled" in shell(f'{CERTKIT} enroll <(printf %s "$(cat line)") {options}').stdout
    assert b"Already enrolled" in shell(f"{CERTKIT} enroll line {options}").stdout


def test_a_passphrase_that_is_made_up_is_not_among_it(lead: Lead) -> None:
    ended = lead(*ISSUE)
    assert "Passphrase  " not in ended.out
    assert "Passphrase  " in ended.err


def test_a_request_and_its_answer_go_through_pipes(lead: Lead) -> None:
    sign = f"{CERTKIT} sign /dev/stdin --person {ALICE} --device laptop --out -"
    done = shell(f"{CERTKIT} enroll --request - | {sign} | {CERTKIT} enroll - --for earthly --no-probe")
    assert done.returncode == 0, done.stderr
    assert b"Enrolled in acme" in done.stdout
    assert b"standard output, a request for a certificate" in done.stderr


def test_a_backup_goes_through_a_pipe_and_no_file_of_it_is_left_here(lead: Lead, tmp_path: Path) -> None:
    options = "--passphrase-file secret"
    done = shell(f"{CERTKIT} backup - {options} | {CERTKIT} restore - {options} --home {tmp_path}/restored")
    assert done.returncode == 0, done.stderr
    assert lead("list", "--home", tmp_path / "restored").code == 0
    assert list(Path().iterdir()) == [Path("secret")]


def test_a_backup_is_not_printed_on_a_terminal() -> None:
    code, shown = on_terminal(["backup", "-"])
    assert (code, "standard output is a terminal" in shown) == (2, True)


@pytest.mark.parametrize("command", [ISSUE, ("backup", "-", *SECRET)])
def test_two_results_do_not_fit_into_one_output(lead: Lead, command: tuple[str, ...]) -> None:
    code, what, remedy = lead(*command, "--json").complaint
    assert (code, what) == (2, "certkit: --json prints on standard output, too")
    assert remedy == "Name a file."
    assert [event["action"] for event in lead("log", "--json").data["events"]][-1] == "daemon add"


def test_a_full_disk_behind_it_is_told_and_no_key_is_left_waiting(lead: Lead, tmp_path: Path) -> None:
    for command in ("issue al --no-passphrase --out -", "enroll --request -"):
        done = shell(f"{CERTKIT} {command} > /dev/full")
        assert (done.returncode, done.stderr.splitlines()[0]) == (
            1,
            b"certkit: standard output cannot be written: No space left on device",
        )
    assert not [each for each in tmp_path.rglob("requests/*") if each.name != ".gitignore"]


def test_a_closed_output_is_told_before_anything_is_issued(lead: Lead) -> None:
    done = shell(f"{CERTKIT} issue al --out - >&-")
    assert (done.returncode, b"there is no standard output" in done.stderr) == (1, True)
    assert lead("list", "--json").data["devices"] == []
    assert list(Path().iterdir()) == [Path("secret")]
