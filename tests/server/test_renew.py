"""`certkit renew` and `needs-renewal`: the next certificate, and what happens when something is in its way."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certkit.cli import main
from certkit.cli.support import context
from certkit.cli.support.local_daemon import STANDIN, LocalDaemon
from certkit.pki import certificates, extensions, keys
from tests import killed
from tests.cli.conftest import ALICE, Lead
from tests.cli.json_forms import told
from tests.daemons.daemon import HOST, free_port
from tests.server.running import Server, serving


class Place:
    """A team with a daemon that is down, a server, and Alice's laptop, which a code has enrolled."""

    def __init__(self, lead: Lead, home: Path, daemon: LocalDaemon) -> None:
        self.lead, self.home, self.daemon = lead, home, daemon
        self.folder = Path.home() / ".earthly" / "certs" / "acme"

    def start_daemon(self) -> None:
        """Start the daemon with its newest files."""
        files = self.home / "daemons" / "build"
        self.daemon.stop()
        self.daemon.start(ca=files / "ca.pem", cert=files / "cert.pem", key=files / "key.pem")

    def enroll(self, *options: str) -> None:
        """Use a new code."""
        code = self.lead("invite", ALICE, "--device", "desk", "--json").data["code"]
        assert self.lead("enroll", code, "--no-probe", *options).code == 0

    @property
    def pair(self) -> tuple[bytes, bytes]:
        """What is in use."""
        certificate, key = ((self.folder / name).read_bytes() for name in ("cert.pem", "key.pem"))
        assert keys.matches(keys.load(key), certificates.load(certificate))
        return certificate, key

    @property
    def issued(self) -> int:
        """How many certificates were issued."""
        return len([each for each in self.lead("log", "--json").data["events"] if each["action"] == "issue"])


@pytest.fixture
def place(lead: Lead, tmp_path: Path) -> Iterator[Place]:
    """Make the team; a device's certificate lives 30 days there."""
    daemon = LocalDaemon(STANDIN, host=HOST, port=free_port(HOST))
    home = tmp_path / "home"
    assert lead("init", "--team", "acme", "--daemon", daemon.url, "--name", "build").code == 0
    settings = home / "team.yml"
    settings.write_text(settings.read_text().replace("device_days: 90", "device_days: 30"))
    (tmp_path / ".earthly").mkdir()
    yield Place(lead, home, daemon)
    daemon.close()


@pytest.fixture
def server(place: Place) -> Iterator[Server]:
    """Run the server, and enroll the laptop."""
    with serving(place.home) as running:
        place.enroll()
        yield running


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the clock that every command reads, by days from now."""
    now = datetime.now(UTC)
    return lambda days: monkeypatch.setattr(context, "now", lambda: now + timedelta(days=days))


def test_a_renewal_makes_a_new_key_which_the_daemon_was_seen_to_accept(place: Place, server: Server) -> None:
    place.start_daemon()
    certificate, key = place.pair
    config = (Path.home() / ".earthly" / "config.yml").read_bytes()
    ended = place.lead("renew")
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Renewed in acme: the new certificate ends on ")
    assert place.pair[0] != certificate
    assert place.pair[1] != key
    names = [extensions.dns_names(certificates.load(each)) for each in (certificate, place.pair[0])]
    assert names[0] == names[1]
    assert (Path.home() / ".earthly" / "config.yml").read_bytes() == config
    kept = [path for path in Path.home().rglob("*.pem") if path.is_file() and place.home not in path.parents]
    assert not [path for path in kept if key == path.read_bytes()]
    assert place.lead("probe").code in {0, 3}


def test_the_former_pair_stays_until_the_daemon_accepts_and_nothing_is_asked_twice(
    place: Place, server: Server
) -> None:
    before = place.pair
    for _ in range(2):
        ended = place.lead("renew")
        assert ended.code == 3
        assert "was not seen to accept the new certificate, so the present one stays" in ended.out
        assert place.pair == before
    place.start_daemon()
    assert place.lead("renew").code == 0
    assert place.pair[0] != before[0]
    assert place.issued == 2


def test_force_takes_the_new_pair_unseen(place: Place, server: Server) -> None:
    before = place.pair
    assert place.lead("renew", "--force").code == 0
    assert place.pair != before


def test_nothing_is_renewed_before_its_time(place: Place, server: Server, travel: Callable[[float], None]) -> None:
    before = place.pair
    ended = place.lead("renew", "--if-needed")
    assert (ended.code, "no renewal is needed before " in ended.out) == (0, True)
    assert place.lead("needs-renewal").code == 1
    travel(16)
    assert place.lead("needs-renewal").code == 1
    travel(20)
    needed = place.lead("needs-renewal")
    assert (needed.code, "should be renewed now" in needed.out) == (0, True)
    assert place.lead("renew", "--if-needed").code == 3
    assert place.pair == before


def test_near_the_end_the_new_pair_is_taken_in_any_case(place: Place, travel: Callable[[float], None]) -> None:
    with serving(place.home):
        place.enroll()
    before = place.pair
    with serving(place.home, ahead=timedelta(days=26)) as later:
        move(later)
        travel(26)
        assert place.lead("renew", "--if-needed").code == 0
    assert place.pair != before


def test_a_revoked_laptop_is_told_so_and_keeps_what_it_has(place: Place, server: Server) -> None:
    before = place.pair
    place.lead("revoke", ALICE)
    assert place.lead("renew").complaint == (
        1,
        f"certkit: acme: the server refused: {ALICE} has been revoked",
        "Ask whoever runs certkit for your team.",
    )
    assert place.pair == before


def test_what_has_expired_wants_a_new_code(place: Place) -> None:
    with serving(place.home):
        place.enroll()
    with serving(place.home, ahead=timedelta(days=31)) as later:
        move(later)
        code, what, remedy = place.lead("renew").complaint
    assert (code, what.startswith("certkit: acme: that certificate expired on ")) == (1, True)
    assert "for a new one" in remedy


def test_a_server_that_is_down_changes_nothing(place: Place, server: Server) -> None:
    before = place.pair
    server.stop()
    assert place.lead("renew").complaint[1] == f"certkit: acme: {server.url} cannot be reached: nobody listens there"
    assert place.pair == before


def test_what_has_changed_comes_along(place: Place, server: Server) -> None:
    place.enroll("--for", "buildctl", "--for", "earthly")
    place.lead("daemon", "add", "arm", "tcp://arm.acme.example:8372")
    assert place.lead("rotate", "server", "prepare").code == 0
    assert place.lead("renew", "--force").code == 0
    clients = Path.home() / ".local" / "share" / "certkit-laptop" / "clients" / "acme"
    assert (clients / "arm" / "url").read_text() == "tcp://arm.acme.example:8372"
    for folder in (place.folder, clients / "arm", clients / "build"):
        assert (folder / "ca.pem").read_bytes().count(b"BEGIN") == 2
        assert (folder / "cert.pem").read_bytes() == place.pair[0]


@pytest.mark.parametrize(
    "changes",
    [
        [("daemon", "add", "arm", "tcp://arm.acme.example:8372")],
        [("rotate", "server", "prepare")],
        [("rotate", "client", "prepare"), ("rotate", "client", "switch", "--force")],
    ],
    ids=["another daemon", "an authority to trust", "an authority that signs"],
)
def test_what_has_changed_is_had_by_the_timer_long_before_the_end(
    place: Place, server: Server, changes: list[tuple[str, ...]]
) -> None:
    def timer() -> str:
        ended = place.lead("renew", "--if-needed")
        assert (ended.code, ended.err) == (0, "")
        return ended.out

    assert "no renewal is needed before" in timer()
    for change in changes:
        assert place.lead(*change).code == 0
    place.start_daemon()
    assert timer().startswith("Renewed in acme")
    assert "no renewal is needed before" in timer()
    assert place.issued == 2


def test_no_rotation_waits_for_a_laptop_whose_certificate_still_lives_long(place: Place, server: Server) -> None:
    for role in ("client", "server"):
        for step in ("prepare", "switch", "retire"):
            place.start_daemon()
            assert place.lead("daemon", "check", "build").code == 0
            assert place.lead("renew", "--if-needed").code == 0
            assert place.lead("rotate", role, step).code == 0


def test_a_daemon_that_has_moved_is_found_by_the_timer(place: Place, server: Server) -> None:
    with closing(LocalDaemon(STANDIN, host="127.0.0.3", port=free_port("127.0.0.3"))) as moved:
        place.daemon = moved
        assert place.lead("daemon", "move", "build", moved.url).code == 0
        place.start_daemon()
        assert place.lead("renew", "--if-needed").code == 0
    assert moved.url in (Path.home() / ".earthly" / "config.yml").read_text()


def test_a_server_that_is_down_is_no_matter_before_its_time(place: Place, server: Server) -> None:
    server.stop()
    ended = place.lead("renew", "--if-needed")
    assert (ended.code, ended.err, "no renewal is needed before " in ended.out) == (0, "", True)


def test_who_is_revoked_is_told_so_by_the_timer_long_before_the_end(place: Place, server: Server) -> None:
    place.lead("revoke", ALICE)
    assert place.lead("renew", "--if-needed").complaint[:2] == (
        1,
        f"certkit: acme: the server refused: {ALICE} has been revoked",
    )


def test_a_laptop_shows_what_it_uses_so_that_no_rotation_waits_longer_than_it_must(
    place: Place, server: Server
) -> None:
    for step in ("prepare", "switch"):
        assert place.lead("rotate", "client", step, "--force").code == 0
    assert place.lead("renew").code == 3  # the daemon has not the new authority yet, so the former pair stays
    assert "would lock out" in place.lead("rotate", "client", "retire").complaint[1]
    place.start_daemon()
    assert place.lead("renew").code == 0
    assert place.lead("rotate", "client", "retire").code == 0


def test_a_bundle_alone_knows_no_server_and_a_code_takes_it_over(place: Place, server: Server) -> None:
    assert place.lead("unenroll").code == 0
    place.lead("issue", ALICE, "--device", "old", "--out", "a", "--no-passphrase")
    assert place.lead("enroll", "a", "--no-probe").code == 0
    assert place.lead("needs-renewal").code == 1
    assert "was enrolled in acme by a bundle" in place.lead("renew").complaint[1]
    place.enroll()
    assert place.lead("renew", "--force").code == 0


def test_who_leaves_renews_no_more(place: Place, server: Server) -> None:
    place.enroll("--for", "buildctl", "--for", "earthly")
    assert place.lead("unenroll", "--for", "buildctl").code == 0
    assert place.lead("renew", "--force").code == 0
    assert not (Path.home() / ".local" / "share" / "certkit-laptop" / "clients").exists() or not list(
        (Path.home() / ".local" / "share" / "certkit-laptop" / "clients").iterdir()
    )
    assert place.lead("unenroll").code == 0
    known = Path.home() / ".local" / "share" / "certkit-laptop" / "renewal"
    assert [each.name for each in known.iterdir()] == [".gitignore"]
    assert place.lead("renew").complaint[:2] == (1, "certkit: nothing is enrolled on this machine")
    assert place.lead("needs-renewal").code == 2


def test_what_cannot_be_read_cannot_be_told(place: Place, server: Server) -> None:
    (place.folder / "cert.pem").write_bytes(b"damaged")
    assert place.lead("needs-renewal").complaint[0] == 3


def test_a_renewal_that_is_killed_leaves_a_pair_that_works_and_loses_no_certificate(
    place: Place, server: Server
) -> None:
    for _ in killed.at_every_moment(lambda: main(["renew", "--force"])):
        assert place.pair
    assert place.lead("renew", "--force").code == 0
    finished = place.issued
    place.lead("renew", "--force")
    assert place.issued == finished + 1


def test_the_json_of_both(place: Place, server: Server) -> None:
    [found] = told(place.lead, "needs-renewal", code=1)["enrollments"]
    assert (found["team"], found["needed"], found["server"]) == ("acme", False, server.url)
    outcomes = [
        told(place.lead, "renew", *options, code=code)["enrollments"][0]["outcome"]
        for options, code in ((["--if-needed"], 0), ([], 3), (["--force"], 0))
    ]
    server.stop()
    [failed] = told(place.lead, "renew", code=1)["enrollments"]
    assert [*outcomes, failed["outcome"]] == ["not-needed", "waiting", "renewed", "failed"]
    assert failed["reason"] == "server-unreachable"


def move(server: Server) -> None:
    """Let the laptop know the address of a server that was started anew elsewhere."""
    record = Path.home() / ".local" / "share" / "certkit-laptop" / "renewal" / "acme.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"server": server.url}))
