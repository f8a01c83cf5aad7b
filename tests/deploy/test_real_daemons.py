"""The rendered buildkitd.toml at real daemons."""

from pathlib import Path

from certkit.deploy import Site, render
from certkit.pki import certificates
from tests.daemons.daemon import HOST, Start
from tests.trust.people import SERVED, People, answer, buildctl


def test_a_daemon_by_the_rendered_toml_serves_the_team_and_refuses_strangers(
    daemon_factory: Start, flavour: str, tmp_path: Path
) -> None:
    people = People(tmp_path)
    pair = people.daemon_pair()
    people.file("ca.pem", certificates.to_pem(people.authority().certificate))
    people.file("cert.pem", pair.cert.read_bytes())
    people.file("key.pem", pair.key.read_bytes())
    toml = people.file(
        "buildkitd.toml",
        render("buildkitd", Site("build", HOST, 8372, flavour="buildkit", directory=str(tmp_path))).encode(),
    )
    daemon = daemon_factory(flavour, extra=(f"--config={toml}",))  # whose own address replaces the two in the file
    assert answer(daemon.port, people.device("al"), people.tlsca) == SERVED
    assert buildctl(daemon, people.device("al"), people.tlsca)
    assert answer(daemon.port, people.device("al", generation=2), people.tlsca) != SERVED
