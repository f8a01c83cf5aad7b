"""HAProxy by certkit's own configuration, in front of a real daemon, agrees with the daemon on every certificate."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from certkit.deploy import Site, render
from certkit.pki import certificates, keys, names
from certkit.pki.certificates import Authority
from certkit.pki.signer import KeySigner
from certkit.probe import alerts
from certkit.trust import canary, crl, label
from tests.daemons.daemon import HOST, Start, free_port
from tests.trust.people import DAY, NOW, SERVED, TEAM, Pair, People, answer, buildctl, control_of, listed, published
from tests.trust.test_judges import entries

REVOKED, CERTIFICATE_UNKNOWN, UNKNOWN_CA = 44, 46, 48

PATIENCE = 20.0

Proxy = Callable[[Site, str, str], subprocess.Popen[bytes]]


@pytest.fixture
def people(tmp_path: Path) -> People:
    return People(tmp_path)


@pytest.fixture
def proxy(people: People) -> Iterator[Proxy]:
    """Start HAProxies by the rendering, with one text in it replaced by this machine's place for it."""
    if not shutil.which("haproxy"):
        pytest.skip("HAProxy is not installed")
    started: list[subprocess.Popen[bytes]] = []

    def start(site: Site, text: str, place: str) -> subprocess.Popen[bytes]:
        rendered = render("haproxy", site)
        assert text in rendered
        rendered = rendered.replace("    user haproxy\n    group haproxy\n", "")  # the tests' folders are root's alone
        configuration = people.file("haproxy.cfg", rendered.replace(text, place).encode())
        started.append(subprocess.Popen(["haproxy", "-W", "-db", "-f", str(configuration)], stderr=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def lay_down(people: People, excluded: list[str], revoked: dict[str, Pair], number: int) -> None:
    """Write what the lead would copy beside the daemon's pair."""
    signer = people.authority()
    people.file("ca.pem", published([signer], excluded, number))
    people.file("crl.pem", crl.to_pem(crl.crl(signer, entries(signer, revoked), number, NOW, DAY)))


def serve(people: People, pair: Pair) -> None:
    """Write what HAProxy serves, with the key where it looks for it."""
    people.file("cert.pem", pair.cert.read_bytes())
    people.file("key.pem", pair.key.read_bytes())
    (people.folder / "cert.pem.key").symlink_to("key.pem")


def answers(port: int, people: People, pairs: dict[str, Pair]) -> dict[str, int | str]:
    return {name: answer(port, pair, people.tlsca) for name, pair in pairs.items()}


def wait_for(expected: dict[str, int | str], ask: Callable[[], dict[str, int | str]]) -> None:
    """Ask until it is as expected, as long as a busy machine may need."""
    deadline = time.monotonic() + PATIENCE
    last: dict[str, int | str] = {}
    while last != expected and time.monotonic() < deadline:
        try:
            last = ask()
        except OSError:
            time.sleep(0.05)
    assert last == expected


def everybody(people: People) -> dict[str, Pair]:
    made, control = canary.make(people.authority(), TEAM), control_of(people.authority())
    return {
        "al": people.device("al.team"),
        "al's desk": people.device("al.team", "desk"),
        "pal": people.device("pal.team"),
        "bo's laptop": people.device("bo"),
        "bo's desk": people.device("bo", "desk"),
        "canary": people.pair(made.certificate, made.key),
        "control": people.pair(control.certificate, control.key),
        "stranger": people.device("al.team", generation=2),
    }


def test_a_reload_takes_a_revocation_up_and_the_daemon_behind_its_socket_goes_on(
    daemon_factory: Start, people: People, proxy: Proxy
) -> None:
    pairs, socket_path = everybody(people), people.folder / "buildkitd.sock"
    lay_down(people, [], {}, 1)
    serve(people, people.daemon_pair())
    daemon = daemon_factory("upstream", extra=(f"--addr=unix://{socket_path}",))
    site = Site("build", HOST, free_port(HOST), "buildkit", str(people.folder))
    process = proxy(site, "/run/buildkit/buildkitd.sock", str(socket_path))
    before = dict.fromkeys(pairs, SERVED) | {"canary": CERTIFICATE_UNKNOWN, "stranger": UNKNOWN_CA}
    wait_for(before, lambda: answers(site.port, people, pairs))
    assert buildctl(daemon, pairs["pal"], people.tlsca, site.url)

    out = {name: pairs[name] for name in ("al", "al's desk", "bo's laptop", "canary")}
    lay_down(people, [names.person_name("al.team", TEAM), names.device_name("laptop", "bo", TEAM)], out, 2)
    assert label.parse(listed(site.port)[-1]) is not None
    process.send_signal(signal.SIGUSR2)
    wait_for(before | dict.fromkeys(out, REVOKED), lambda: answers(site.port, people, pairs))


def test_a_labels_holder_gets_in_nowhere_and_neither_does_whom_it_signs(
    daemon_factory: Start, people: People, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = keys.generate("p256")
    with monkeypatch.context() as patch:
        patch.setattr(keys, "generate", lambda _: holder)
        bundle = published([people.authority()])
    own = certificates.load_all(bundle)[-1]
    people.authorities[9] = Authority(own, KeySigner(holder))
    pairs = {"al": people.device("al"), "holder": people.pair(own, holder), "eve": people.device("eve", generation=9)}
    lay_down(people, [], {}, 1)
    people.file("ca.pem", bundle)
    socket_path = people.folder / "buildkitd.sock"
    serve(people, people.daemon_pair())
    daemon_factory("upstream", extra=(f"--addr=unix://{socket_path}",))
    site = Site("build", HOST, free_port(HOST), "buildkit", str(people.folder))
    proxy(site, "/run/buildkit/buildkitd.sock", str(socket_path))
    refused = "refused"
    wait_for(
        {"al": SERVED, "holder": refused, "eve": refused},
        lambda: {name: said if said == SERVED else refused for name, said in answers(site.port, people, pairs).items()},
    )


@pytest.mark.parametrize("told_by", ["anchors", "list"])
def test_haproxy_and_the_daemon_agree_on_everybody(
    daemon_factory: Start, flavour: str, people: People, proxy: Proxy, told_by: str
) -> None:
    """HAProxy is told by one of the two alone; the daemon by its anchors. HAProxy enters the daemon by its own pair."""
    pairs = everybody(people)
    out = {name: pairs[name] for name in ("al", "al's desk", "bo's laptop", "canary")}
    excluded = [names.person_name("al.team", TEAM), names.device_name("laptop", "bo", TEAM)]
    lay_down(people, excluded, {}, 2) if told_by == "anchors" else lay_down(people, [], out, 1)
    pair, own = people.daemon_pair(), people.device("haproxy")
    daemon = daemon_factory(
        flavour,
        ca=people.file("held.pem", published([people.authority()], excluded, 2)),
        cert=pair.cert,
        key=pair.key,
    )
    serve(people, pair)
    people.file("client.pem", own.cert.read_bytes() + own.key.read_bytes())
    people.file("server-ca.pem", people.tlsca.read_bytes())
    site = Site("build", HOST, free_port(HOST), "earthly", str(people.folder))
    proxy(site, "127.0.0.1:18372", f"{HOST}:{daemon.port}")
    refused = alerts.REVOKED | {UNKNOWN_CA}
    served = {name for name, said in answers(daemon.port, people, pairs).items() if said == SERVED}
    assert served == {"pal", "bo's desk", "control"}
    wait_for(
        {name: SERVED if name in served else "refused" for name in pairs},
        lambda: {
            name: "refused" if said in refused else said for name, said in answers(site.port, people, pairs).items()
        },
    )
