"""Any number of commands may work on one home at once."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from certkit.authority import daemons
from certkit.authority.creation import FirstDaemon, create
from certkit.authority.session import Session
from certkit.authority.settings import Settings
from certkit.authority.view import View
from certkit.earthly.address import parse_shared
from certkit.enroll.bundle import open_bundle
from certkit.errors import CertkitError, RefusedError
from certkit.pki import certificates, keys
from tests.authority.conftest import LEAD, change, now

pytestmark = pytest.mark.usefixtures("database")

T = TypeVar("T")
MANY = {"sqlite": 50, "postgresql": 15}


def test_all_that_are_issued_at_once_succeed_with_as_many_rows(
    database: str, path: Path, view: View, tmp_path: Path
) -> None:
    many = MANY[database]

    def command(number: int) -> list[str]:
        bundle = tmp_path / f"{number}.certkit"
        return [sys.executable, "-m", "certkit", "issue", f"p{number % 10}", "--out", str(bundle), "--no-passphrase"]

    started = [subprocess.Popen(command(number), stdout=subprocess.DEVNULL) for number in range(many)]
    assert [process.wait(60) for process in started] == [0] * many
    bundles = [open_bundle(bundle.read_bytes(), str) for bundle in tmp_path.glob("*.certkit")]
    rows = view.ledger.certificates("device")
    assert len(bundles) == len(rows) == len(view.ledger.events()) - 2 == many
    assert {row.serial for row in rows} == {
        certificates.serial_text(bundle.certificate.serial_number) for bundle in bundles
    }
    assert len(view.ledger.people()) == 10


def test_of_two_who_make_one_team_one_is_refused(path: Path) -> None:
    shutil.rmtree(path)

    def make(number: int) -> str:
        first = FirstDaemon("build", parse_shared(f"tcp://build{number}:8372"))
        try:
            create(path, Settings("acme"), None, first, actor=LEAD, now=now())
        except CertkitError as error:
            return error.message
        return "made"

    with ThreadPoolExecutor(2) as pool:
        made, refused = sorted(pool.map(make, range(2)), reverse=True)
    assert made == "made"
    assert refused.startswith(f"{path} ")
    assert [entry.name for entry in path.parent.iterdir()] == ["home"]


def test_of_two_who_add_a_daemon_of_one_name_one_is_refused(path: Path) -> None:
    def add(session: Session, number: int) -> str:
        try:
            daemons.add(session, "arm", parse_shared(f"tcp://arm{number}:8372"), ())
        except RefusedError as error:
            return error.message
        return "added"

    assert sorted(at_once(path, add, range(2))) == ["added", "there is a daemon arm already"]


def test_of_two_who_add_a_name_to_a_daemon_neither_is_lost(path: Path, view: View) -> None:
    at_once(path, lambda session, number: daemons.renew(session, "build", [f"build{number}"]), range(4))
    assert set(daemons.find(view, "build").hosts) == {"build.acme.example", *(f"build{number}" for number in range(4))}


def test_a_daemons_files_are_those_of_its_newest_certificate_whoever_was_last(path: Path, view: View) -> None:
    at_once(path, lambda session, _: daemons.renew(session, "build", ()), range(6))
    newest = view.ledger.certificates("daemon", daemon="build")[-1]
    folder = path / "daemons" / "build"
    certificate = certificates.load((folder / "cert.pem").read_bytes())
    assert certificates.to_der(certificate) == newest.der
    assert keys.matches(keys.load((folder / "key.pem").read_bytes()), certificate)
    assert len(list((path / "daemons").iterdir())) == 2


def at_once(path: Path, action: Callable[[Session, int], T], numbers: Sequence[int]) -> list[T]:
    """Do something several times at once, each in a session and a thread of its own."""

    def act(number: int) -> T:
        with change(path) as session:
            return action(session, number)

    with ThreadPoolExecutor(len(numbers)) as pool:
        return list(pool.map(act, numbers))
