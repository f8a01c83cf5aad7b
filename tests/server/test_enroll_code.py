"""`certkit enroll CODE`: from the line that was sent to a laptop that is set up, and every way in which that fails."""

import re
import shutil
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from certkit.cli import main
from certkit.enroll import codes, est
from certkit.errors import CertkitError
from certkit.pki import certificates, keys
from tests import killed
from tests.cli.conftest import ALICE, Ended, Lead
from tests.daemons.daemon import HOST
from tests.server.running import Server, serving


@pytest.fixture
def laptop(tmp_path: Path) -> Path:
    """Return Earthly's folder of a laptop, whose configuration says something already."""
    folder = tmp_path / ".earthly"
    folder.mkdir()
    (folder / "config.yml").write_text("global:\n  cache_size_mb: 100 # enough\n")
    return folder


def invite(lead: Lead, *options: str, person: str = ALICE) -> str:
    """Return a new code."""
    return str(lead("invite", person, *options, "--json").data["code"])


def enroll(lead: Lead, code: str, *options: str) -> Ended:
    """Use a code without asking a daemon."""
    return lead("enroll", code, "--no-probe", *options)


def everything(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(lead: Lead, laptop: Path, code: str, *options: str) -> tuple[int, str, str]:
    """Use a code that is not good, and see to it that nothing has changed."""
    before = everything(laptop)
    complaint = enroll(lead, code, *options).complaint
    assert everything(laptop) == before
    return complaint


def at(server: Server, code: str) -> str:
    """Return the same code for another server of the same home."""
    known = codes.parse(code)
    return codes.Code(codes.Server(HOST, server.port), known.pin, known.secret).text


def test_one_line_sets_a_laptop_up_and_its_key_was_made_there(lead: Lead, server: Server, laptop: Path) -> None:
    ended = enroll(lead, invite(lead, "--device", "desk"))
    assert (ended.code, ended.err) == (0, "")
    assert f"Enrolled in acme as {ALICE}" in ended.out
    folder = laptop / "certs" / "acme"
    certificate = certificates.load((folder / "cert.pem").read_bytes())
    key = (folder / "key.pem").read_bytes()
    assert keys.matches(keys.load(key), certificate)
    assert (folder / "key.pem").stat().st_mode & 0o777 == 0o600
    assert "buildkit_host: tcp://build.acme.example:8372" in (laptop / "config.yml").read_text()
    assert "cache_size_mb: 100 # enough" in (laptop / "config.yml").read_text()
    assert not any(key.splitlines()[1] in content for content in everything(server.home).values())
    [device] = lead("list", "--json").data["devices"]
    assert (device["device"], device["serial"]) == ("desk", certificates.serial_text(certificate.serial_number))
    assert lead("show", device["serial"], "--json").data["person"] == ALICE


def test_whoever_is_killed_while_they_enroll_has_lost_nothing_and_no_code(
    lead: Lead, server: Server, laptop: Path, played: Path
) -> None:
    code, config = invite(lead), (laptop / "config.yml").read_bytes()
    for _ in killed.at_every_moment(lambda: main(["enroll", code, "--no-probe"])):
        now, place = (laptop / "config.yml").read_bytes(), laptop / "certs" / "acme"
        if now != config:  # it leads to what is whole
            assert keys.matches(
                keys.load((place / "key.pem").read_bytes()), certificates.load((place / "cert.pem").read_bytes())
            )
    [certificate] = lead("show", ALICE, "--json").data["devices"][0]["certificates"]
    in_use = certificates.load((laptop / "certs" / "acme" / "cert.pem").read_bytes())
    assert certificate["serial"] == certificates.serial_text(in_use.serial_number)
    assert not list(Path.home().rglob("code-*"))
    assert (played / "log").read_text().count("enable --now")  # the timer is set, whenever it was


def test_nothing_that_was_waiting_is_left(lead: Lead, server: Server, laptop: Path, tmp_path: Path) -> None:
    enroll(lead, invite(lead))
    waiting = tmp_path / ".local" / "share" / "certkit-laptop" / "requests"
    assert [each.name for each in waiting.iterdir()] == [".gitignore"]


def test_the_code_says_for_which_client(lead: Lead, server: Server, laptop: Path) -> None:
    ended = enroll(lead, invite(lead, "--for", "buildctl"))
    assert "To build with buildctl" in ended.out
    assert not (laptop / "certs").exists()
    assert enroll(lead, invite(lead, "--for", "buildctl"), "--for", "earthly").code == 0
    assert (laptop / "certs" / "acme" / "cert.pem").exists()


def test_a_code_may_come_through_a_pipe_or_in_a_file(lead: Lead, server: Server, laptop: Path) -> None:
    Path("code").write_text(f"{invite(lead)}\n")
    assert enroll(lead, "code").code == 0


def test_what_a_lead_sends_may_be_used_as_it_was_sent(lead: Lead, server: Server, laptop: Path) -> None:
    """The file with the whole command, or a line with it in one word: nobody has to cut a code out."""
    Path("people.csv").write_text("person\nbob@acme.example\n")
    assert lead("invite", "--from", "people.csv", "--out-dir", "codes").code == 0
    [sent] = Path("codes").glob("*.txt")
    assert enroll(lead, str(sent)).code == 0
    assert lead("unenroll").code == 0
    assert enroll(lead, f"uvx certkit enroll '{invite(lead)}'").code == 0


def test_a_name_that_is_empty_is_no_folder(lead: Lead) -> None:
    """A script whose variable is not set gives one."""
    assert lead("enroll", "").complaint[:2] == (2, "certkit: neither a code nor a bundle is named")


def test_a_lost_answer_is_no_lost_enrollment(
    lead: Lead, server: Server, laptop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = invite(lead)

    def lost(*_: object) -> bytes:
        raise CertkitError("lost", "Try again.", code="lost")

    for name in ("certificate_in", "settings"):
        with monkeypatch.context() as patch:
            patch.setattr(est, name, lost)
            assert refused(lead, laptop, code)[1] == "certkit: lost"
    assert enroll(lead, code).code == 0
    assert len([each for each in lead("log", "--json").data["events"] if each["action"] == "issue"]) == 1


def test_a_line_that_is_pasted_twice_changes_nothing_and_puts_right_what_was_changed(
    lead: Lead, server: Server, laptop: Path
) -> None:
    code = invite(lead)
    assert enroll(lead, code).code == 0
    before = everything(laptop)
    again = enroll(lead, code)
    assert (again.code, again.out.splitlines()[0]) == (0, f"Already enrolled in acme as {ALICE}; nothing changed.")
    assert everything(laptop) == before
    (laptop / "config.yml").write_text("global:\n  cache_size_mb: 100\n")
    assert enroll(lead, code).code == 0
    assert "buildkit_host: tcp://build.acme.example:8372" in (laptop / "config.yml").read_text()
    assert "To build with buildctl" in enroll(lead, code, "--for", "buildctl").out
    assert len([each for each in lead("log", "--json").data["events"] if each["action"] == "issue"]) == 1


def test_a_code_that_was_used_here_is_none_for_another_machine_and_after_the_enrollment_was_undone(
    lead: Lead, server: Server, laptop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = invite(lead)
    assert enroll(lead, code).code == 0
    with monkeypatch.context() as patch:
        (tmp_path / "other").mkdir()
        patch.setenv("HOME", str(tmp_path / "other"))
        assert lead("enroll", code).complaint[1] == "certkit: the code was used already"
    assert lead("unenroll").code == 0
    assert refused(lead, laptop, code)[1] == "certkit: the code was used already"
    code = invite(lead)
    assert enroll(lead, code).code == 0
    shutil.rmtree(laptop / "certs")
    assert refused(lead, laptop, code)[1] == "certkit: what was enrolled in acme here has been removed"


def test_a_code_takes_an_enrollment_by_bundle_over_unasked(lead: Lead, server: Server, laptop: Path) -> None:
    lead("issue", ALICE, "--device", "old", "--out", "a", "--no-passphrase")
    lead("enroll", "a", "--no-probe")
    before = (laptop / "certs" / "acme" / "cert.pem").read_bytes()
    ended = enroll(lead, invite(lead))
    assert ended.code == 0
    assert ended.out.startswith("Renewed in acme")
    assert (laptop / "certs" / "acme" / "cert.pem").read_bytes() != before
    assert enroll(lead, invite(lead, person="Bob")).code == 0  # handed to somebody else


def test_another_team_of_the_same_name_takes_nothing_over(
    lead: Lead, server: Server, laptop: Path, tmp_path: Path
) -> None:
    enroll(lead, invite(lead))
    other = tmp_path / "other"
    assert main(["init", "--team", "acme", "--daemon", "tcp://evil.example:8372", "--home", str(other)]) == 0
    with serving(other):
        code = lead("invite", ALICE, "--home", other, "--json").data["code"]
        assert "which had other authorities" in refused(lead, laptop, code)[1]
        assert enroll(lead, code, "--force").code == 0


def test_after_a_rotation_has_begun_all_authorities_come_along(lead: Lead, server: Server, laptop: Path) -> None:
    enroll(lead, invite(lead))
    assert lead("rotate", "server", "prepare").code == 0
    assert enroll(lead, invite(lead)).code == 0
    assert (laptop / "certs" / "acme" / "ca.pem").read_bytes().count(b"BEGIN") == 2


def test_codes_that_end_with_a_rotation_are_named_and_refused_until_it_is_rolled_back(
    lead: Lead, home: Path, laptop: Path
) -> None:
    with serving(home):
        lead("rotate", "server", "prepare")
        former, _ = invite(lead), invite(lead, person="Bob Ng")
    asked = lead("rotate", "server", "switch", "--force").out.partition("Codes that nobody has used yet")[2]
    commands = [each.strip().partition(" --home")[0] for each in asked.splitlines()[1:3]]
    assert commands == [f"certkit invite {ALICE}", "certkit invite 'Bob Ng'"]
    assert "ended_codes" not in lead("rotate", "server", "--json").data
    with serving(home) as later:
        assert refused(lead, laptop, at(later, former))[0] == 1
    assert len(lead("rotate", "server", "rollback", "--force", "--json").data["ended_codes"]) == 2
    with serving(home) as again:
        assert enroll(lead, at(again, former)).code == 0


@pytest.mark.parametrize(
    ("damage", "what", "remedy"),
    [
        (lambda code: code[:-9], "the code is incomplete", "Copy the whole line"),
        (lambda code: code.partition("#")[0], "the code is incomplete", "Copy the whole line"),
        (lambda code: code.replace(HOST, "127.0.0.3"), "the code is mistyped", "Copy the line"),
        (lambda code: code.replace("https", "http"), "that is not a code", "begins with https://"),
        (lambda code: code[:-1] + ("a" if code[-1] != "a" else "b"), "the code is mistyped", "Copy the line"),
    ],
)
def test_a_damaged_code_reaches_nobody(
    lead: Lead, server: Server, laptop: Path, damage: Callable[[str], str], what: str, remedy: str
) -> None:
    code, said, todo = refused(lead, laptop, damage(invite(lead)))
    assert (code, said.startswith(f"certkit: {what}")) == (1, True), said
    assert remedy in todo
    assert not [each for each in server.lines if each.get("event") == "request"]


def test_each_code_that_is_dead_says_why(lead: Lead, home: Path, laptop: Path) -> None:
    with serving(home):
        used, late = invite(lead), invite(lead, "--ttl", "1m")
        cancelled = invite(lead, person="Bob")
        lead("invite", "cancel", "Bob")
        enroll(lead, used)
        assert refused(lead, laptop, cancelled)[1:] == (
            "certkit: the code was cancelled",
            "Ask whoever runs certkit for your team for a new one.",
        )
        known = codes.parse(used)
        other = codes.Code(known.server, known.pin, bytes(18)).text
        assert refused(lead, laptop, other)[1] == "certkit: the server does not know this code"
        shutil.rmtree(Path.home() / ".local")
        assert "tell whoever runs certkit for your team at once" in refused(lead, laptop, used)[2]
        lead("revoke", ALICE)
        assert refused(lead, laptop, invite(lead, person="Eve")[:-1] + "?")[0] == 1
    with serving(home, ahead=timedelta(minutes=2)) as later:
        assert re.match("certkit: the code expired on ", refused(lead, laptop, at(later, late))[1])


def test_a_server_that_is_not_there_is_told_with_its_address(lead: Lead, server: Server, laptop: Path) -> None:
    code = invite(lead)
    server.stop()
    assert refused(lead, laptop, code)[1] == f"certkit: {server.url} cannot be reached: nobody listens there"
    unknown = codes.Code(codes.Server("ca.invalid", 443), bytes(32), bytes(18)).text
    assert refused(lead, laptop, unknown)[1].startswith("certkit: https://ca.invalid:443 cannot be reached: ")


def test_a_revoked_person_is_told_so(lead: Lead, server: Server, laptop: Path) -> None:
    code = invite(lead)
    lead("revoke", ALICE)
    assert refused(lead, laptop, code)[1:] == (
        f"certkit: the server refused: {ALICE} has been revoked",
        "Ask whoever runs certkit for your team.",
    )


def test_a_code_leaves_no_choice_that_only_a_file_has(lead: Lead, server: Server, laptop: Path) -> None:
    code = invite(lead)
    assert refused(lead, laptop, code, "--dry-run")[0] == 2
    assert enroll(lead, code).code == 0


class Posing:
    """Somebody in the server's place, with certificates of their own choice, who keeps what is said to them."""

    def __init__(self, chain: Path, key: Path) -> None:
        self._settings = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._settings.load_cert_chain(chain, key)
        self._listening = socket.create_server((HOST, 0))
        self.port = self._listening.getsockname()[1]
        self.heard = b""
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listening.accept()
            except OSError:
                return
            with caller:
                try:
                    with self._settings.wrap_socket(caller, server_side=True) as tls:
                        self.heard += tls.recv(1000)
                except OSError:
                    continue

    def close(self) -> None:
        """End it."""
        self._listening.close()


@pytest.fixture
def posing() -> Iterator[Callable[[Path, Path], Posing]]:
    """Start people in the server's place."""
    started: list[Posing] = []

    def start(chain: Path, key: Path) -> Posing:
        started.append(Posing(chain, key))
        return started[-1]

    yield start
    for each in started:
        each.close()


def led_to(code: str, other: Posing) -> str:
    """Return a code that leads elsewhere, as whoever sits on the network makes every code do."""
    known = codes.parse(code)
    return codes.Code(codes.Server(HOST, other.port), known.pin, known.secret).text


def test_a_proxy_that_opens_tls_is_told_nothing(
    lead: Lead, server: Server, laptop: Path, posing: Callable[[Path, Path], Posing], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    assert (
        main(["init", "--team", "proxy", "--daemon", f"tcp://{HOST}:8372", "--name", "build", "--home", str(other)])
        == 0
    )
    proxy = posing(other / "daemons" / "build" / "cert.pem", other / "daemons" / "build" / "key.pem")
    code, what, remedy = refused(lead, laptop, led_to(invite(lead), proxy))
    assert (code, "its certificate is from 'proxy server authority'. Nothing was sent" in what) == (1, True)
    assert "a proxy's that opens TLS" in remedy
    assert proxy.heard == b""


def test_whoever_shows_the_right_chain_without_its_key_is_told_nothing(
    lead: Lead, server: Server, laptop: Path, posing: Callable[[Path, Path], Posing], tmp_path: Path
) -> None:
    """Everybody may see the authority's certificate: it is the signature that counts."""
    other = tmp_path / "other"
    assert (
        main(["init", "--team", "acme", "--daemon", f"tcp://{HOST}:8372", "--name", "build", "--home", str(other)]) == 0
    )
    folder, chain = other / "daemons" / "build", tmp_path / "chain.pem"
    authority = (server.home / "authorities" / "server" / "cert.pem").read_bytes()
    chain.write_bytes((folder / "cert.pem").read_bytes() + authority)
    mallory = posing(chain, folder / "key.pem")
    assert "is not good" in refused(lead, laptop, led_to(invite(lead), mallory))[1]
    assert mallory.heard == b""


def test_a_daemon_s_key_enrolls_nobody(
    lead: Lead, server: Server, laptop: Path, posing: Callable[[Path, Path], Posing], tmp_path: Path
) -> None:
    """The authority vouches for daemons, too, and one may run on the server's host."""
    lead("daemon", "add", "here", f"tcp://{HOST}:8372")
    folder, chain = server.home / "daemons" / "here", tmp_path / "chain.pem"
    authority = (server.home / "authorities" / "server" / "cert.pem").read_bytes()
    chain.write_bytes((folder / "cert.pem").read_bytes() + authority)
    daemon = posing(chain, folder / "key.pem")
    assert "but not that of its server" in refused(lead, laptop, led_to(invite(lead), daemon))[1]
    assert daemon.heard == b""


def test_something_else_that_listens_is_told_apart(lead: Lead, server: Server, laptop: Path) -> None:
    code = codes.parse(invite(lead))
    with closing(socket.create_server((HOST, 0))) as listening:

        def answer() -> None:
            caller, _ = listening.accept()
            with caller:
                caller.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                caller.recv(1000)

        threading.Thread(target=answer, daemon=True).start()
        here = codes.Code(codes.Server(HOST, listening.getsockname()[1]), code.pin, code.secret)
        assert "cannot be reached: TLS failed" in refused(lead, laptop, here.text)[1]
