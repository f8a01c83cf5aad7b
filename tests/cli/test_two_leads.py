"""Two leads share a home by a service account and sudo; whatever of a home is lost has a message that leads on."""

import json
import os
import pwd
import re
import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from certkit.cli import main
from certkit.cli.support import remedies
from tests.cli.conftest import ALICE, URL, Ended, Lead
from tests.cli.terminal import on_terminal
from tests.documents.test_documents import headings
from tests.documents.test_recipes import blocks

ROOT = Path(__file__).parents[2]
SECRET = "violet anchor"
BY_FILE = ("--passphrase-file", "secret")
ONLY_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


def page(section: str) -> str:
    return f'see "{section}" in docs/lead.md.'


def test_every_page_that_a_remedy_names_has_that_section() -> None:
    named = [found for text in remedies.ERRORS.values() for found in re.findall(r'"([^"]+)" in (docs/\S+\.md)', text)]
    assert {section for section, _ in named} == {
        "Two leads, one home",
        "A forgotten passphrase",
        "A home that has moved",
        "A lost ledger",
    }
    for section, file in named:
        anchor = re.sub(r"[^\w -]", "", section.lower()).replace(" ", "-")
        assert anchor in headings(ROOT / file)


def by_sudo(service: pwd.struct_passwd, lead: pwd.struct_passwd, home: Path, *arguments: str, given: int = 0) -> str:
    """Run certkit as sudo would, for a lead who becomes the service account, in a process of its own."""
    out, end = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.dup2(given, 0)
            os.dup2(end, 1)
            os.environ |= {"SUDO_USER": lead.pw_name, "SUDO_UID": str(lead.pw_uid), "HOME": str(home)}
            os.environ.pop("CERTKIT_HOME", None)
            os.setgroups([])
            os.setresgid(*[service.pw_gid] * 3)
            os.setresuid(*[service.pw_uid] * 3)
            with os.fdopen(1, "w", closefd=False) as sys.stdout:
                code = main(arguments)
        finally:
            os._exit(code)
    os.close(end)
    with os.fdopen(out) as pipe:
        said = pipe.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    return said


@ONLY_ROOT
def test_two_leads_work_on_one_home_and_the_log_names_each(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for command in (
        "issue al --out al --no-passphrase",
        "sign al --person al --out no",
        "log",
    ):  # the service account may not reach what they import
        lead(*command.split())
    service, alice, bob = [each for each in pwd.getpwall() if each.pw_uid != 0][:3]
    with TemporaryDirectory(dir="/tmp") as folder:
        place, desk = Path(folder) / "service", Path(folder) / "desk"
        Path(folder).chmod(0o711)
        place.mkdir(mode=0o700)
        os.chown(place, service.pw_uid, service.pw_gid)
        desk.mkdir(mode=0o711)
        monkeypatch.chdir(desk)  # where the service account may not write
        by_sudo(service, alice, place, "init", "--team", "acme", "--daemon", URL)
        line = by_sudo(service, bob, place, "issue", ALICE, "--no-passphrase", "--out", "-")
        assert line.count("\n") == 1
        request = desk / "bob.csr"
        assert lead("enroll", "--request", request).code == 0
        request.chmod(0o600)  # the lead's shell opens it, as the lead
        with request.open() as opened:
            answer = by_sudo(service, bob, place, "sign", "-", "--person", "bob", "--out", "-", given=opened.fileno())
        assert answer.count("\n") == 1
        request.unlink()
        log = by_sudo(service, alice, place, "log")
        assert f"{alice.pw_name} as {service.pw_name}@" in log.splitlines()[1]
        assert f"{bob.pw_name} as {service.pw_name}@" in log.splitlines()[-1]
        assert not list(desk.iterdir())


def complaint_of(user: int, run: Callable[[], Ended]) -> list[object]:
    """Return what a command complains of to somebody who is that user altogether, in a process of their own."""
    out, end = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.setgroups([])
            os.setresgid(*[user] * 3)
            os.setresuid(*[user] * 3)
            os.write(end, json.dumps(run().complaint).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(end)
    with os.fdopen(out) as pipe:
        said = pipe.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    found: list[object] = json.loads(said)
    return found


@ONLY_ROOT
@pytest.mark.parametrize("given", ["--home", "CERTKIT_HOME"])
@pytest.mark.parametrize("modes", [(0o700, 0o755), (0o755, 0o700), (0o755, 0o755)])
def test_a_lead_who_is_not_the_service_account_is_told_how_to_become_it(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch, modes: tuple[int, int], given: str
) -> None:
    service = next(each for each in pwd.getpwall() if each.pw_uid != 0)
    with TemporaryDirectory(dir="/tmp") as folder:
        place = Path(folder) / "service" / "certkit"
        shutil.copytree(home, place, symlinks=True)
        for each in (Path(folder), place.parent, place):
            os.chown(each, service.pw_uid, service.pw_gid)
        Path(folder).chmod(0o755)
        place.parent.chmod(modes[0])
        place.chmod(modes[1])
        monkeypatch.setenv("CERTKIT_HOME", str(place))
        command = ("list", given, place) if given == "--home" else ("list",)
        lead(*command)  # imports what an ordinary user may not reach
        told = complaint_of(4242, lambda: lead(*command))
    assert told[:2] == [1, f"certkit: {place} belongs to another user, {service.pw_name}"]
    assert told[2] == f"Run certkit as that user, sudo -H -u {service.pw_name} certkit …; {page('Two leads, one home')}"


@pytest.fixture
def locked(lead: Lead, home: Path) -> Path:
    """Have a home whose authorities have a passphrase, from a file; give its team.yml."""
    Path("secret").write_text(SECRET)
    Path("secret").chmod(0o600)
    assert lead("authority", "passphrase", *BY_FILE).code == 0
    return home / "team.yml"


def test_a_passphrase_that_nobody_knows_leads_to_its_page(lead: Lead, locked: Path) -> None:
    Path("secret").write_text("another one, typed")
    what = "certkit: the passphrase does not open the authorities' keys"
    assert lead("daemon", "renew", "build").complaint == (
        1,
        what,
        f"Try again; if nobody knows it any more, {page('A forgotten passphrase')}",
    )
    locked.write_text(re.sub("(?m)^passphrase_file: .*$", "", locked.read_text()))
    wrong = {"Passphrase": "a", "try again(?s:.)*Passphrase": "b", "again(?s:.)*Passphrase": "c"}
    code, shown = on_terminal(["daemon", "renew", "build"], wrong)
    assert (code, page("A forgotten passphrase") in shown) == (1, True)
    for reading in ("list", "status", "log", "show build"):
        assert lead(*reading.split()).code in (0, 3)


def test_a_home_that_has_moved_names_the_setting_that_leads_nowhere(
    lead: Lead, locked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = Path("secret").absolute()
    secret.rename(tmp_path / "elsewhere")
    locked.parent.rename(tmp_path / "moved")
    monkeypatch.setenv("CERTKIT_HOME", str(tmp_path / "moved"))
    code, what, remedy = lead("daemon", "renew", "build").complaint
    assert (code, what) == (1, f"certkit: {secret} does not exist (passphrase_file in team.yml)")
    place = f"{tmp_path}/moved/team.yml"
    assert remedy == f"Correct passphrase_file in {place}, or take it out to be asked; {page('A home that has moved')}"
    settings = Path(place)
    settings.write_text(settings.read_text().replace(str(secret), str(tmp_path / "elsewhere")))
    assert lead("daemon", "renew", "build").code == 0
    settings.write_text(re.sub("(?m)^passphrase_file: .*$", "", settings.read_text()))
    assert on_terminal(["daemon", "renew", "build"], {"Passphrase of the authorities": SECRET})[0] == 0


def test_without_its_ledger_no_command_goes_on_and_all_say_where_to_read(lead: Lead, home: Path) -> None:
    for lost in home.glob("ledger.sqlite*"):
        lost.unlink()
    for command in ("list", "status", "revoke al", "issue al --out a", "daemon check build", "rotate client"):
        code, what, remedy = lead(*command.split()).complaint
        assert (code, what) == (1, f"certkit: {home}/ledger.sqlite does not exist")
        assert remedy.endswith(f"If there is none, {page('A lost ledger')}")
    assert not (home / "ledger.sqlite").exists()


def test_the_way_out_without_a_ledger_keeps_the_laptops_and_whoever_was_shut_out_stays_out(
    lead: Lead, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands are those of the page."""
    Path("secret").write_text(SECRET)
    lead("issue", ALICE, "--device", "laptop", "--out", "former", *BY_FILE)
    assert lead("enroll", "former", "--for", "earthly", "--no-probe", *BY_FILE).code == 0
    monkeypatch.delenv("CERTKIT_HOME")
    place = tmp_path / ".local/share/certkit"
    place.parent.mkdir(parents=True, exist_ok=True)
    home.rename(place)
    (place / "ledger.sqlite").unlink()
    [page_] = [block for block in blocks("lead.md", "sh") if "~/lost" in block]
    move, *commands = [shlex.split(line.replace("~", str(tmp_path))) for line in page_.replace("\\\n", "").splitlines()]
    assert move == ["mv", str(place), str(tmp_path / "lost")]
    place.rename(tmp_path / "lost")
    for command in commands:
        secret = BY_FILE if "issue" in command else ()
        assert main([*command[1:], *secret]) == 0
    roles = [(place / "authorities" / role / "cert.pem").read_bytes() for role in ("server", "client")]
    former = [(tmp_path / "lost/authorities" / role / "cert.pem").read_bytes() for role in ("server", "client")]
    assert (roles[0] == former[0], roles[1] == former[1]) == (True, False)
    renewed = lead("enroll", "alice.certkit", "--no-probe", *BY_FILE)
    assert (renewed.code, renewed.out.splitlines()[0]) == (0, f"Renewed in acme as {ALICE}")
