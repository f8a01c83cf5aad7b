"""certkit's EST client against an EST server that others wrote, GlobalSign's in Go."""

import contextlib
import json
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certkit.enroll import est, server_trust
from certkit.enroll.codes import Server
from certkit.errors import RefusedError
from certkit.pki import certificates, keys, names, requests
from certkit.pki.certificates import Authority
from certkit.pki.signer import KeySigner
from tests.clients.go_programs import program
from tests.daemons.daemon import HOST, free_port

KEY, NEXT = keys.generate("p256"), keys.generate("p256")


@dataclass(frozen=True)
class Foreign:
    """The server, and the authority that vouches for it and for whom it enrolls."""

    server: Server
    authority: Authority


@pytest.fixture
def foreign(tmp_path: Path) -> Iterator[Foreign]:
    """Run the server."""
    now, port, key, own = datetime.now(UTC), free_port(HOST), keys.generate("p256"), keys.generate("p256")
    authority = certificates.authority(KeySigner(own), "foreign authority", now, timedelta(days=30))
    host = names.parse_host(HOST)
    leaf = certificates.enrollment_server(authority, key.public_key(), host, now, timedelta(days=10))
    root = certificates.to_pem(authority.certificate)
    written = {
        "ca": root,
        "ca-key": keys.to_pem(own),
        "key": keys.to_pem(key),
        "leaf": certificates.to_pem(leaf) + root,
    }
    files = {name: tmp_path / f"{name}.pem" for name in written}
    for name, content in written.items():
        files[name].write_bytes(content)
    paths = {name: str(path) for name, path in files.items()}
    settings = {
        "mock_ca": {"certificates": paths["ca"], "private_key": paths["ca-key"]},
        "tls": {
            "listen_address": f"{HOST}:{port}",
            "certificates": paths["leaf"],
            "private_key": paths["key"],
            "client_cas": [paths["ca"]],
        },
        "allowed_hosts": [HOST],
        "rate_limit": 100,
        "timeout": 30,
    }
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    running = subprocess.Popen([program("estserver"), "-config", tmp_path / "settings.json"])
    try:
        _wait(port)
        yield Foreign(Server(HOST, port), authority)
    finally:
        running.terminate()
        running.wait()


def _wait(port: int) -> None:
    while True:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port)):
            return
        time.sleep(0.02)


def test_a_certificate_is_given_and_renewed_for_a_new_key(foreign: Foreign, tmp_path: Path) -> None:
    pin = keys.public_pin(keys.public_of(foreign.authority.certificate))
    known = server_trust.authority_of_pin(foreign.server, pin)
    assert known == foreign.authority.certificate
    with server_trust.connection(foreign.server, [known]) as connection:
        first = est.enroll(connection, requests.make_der(KeySigner(KEY)), "a secret", KEY)
    assert first.public_key() == KEY.public_key()
    pair = tmp_path / "cert.pem", tmp_path / "held.pem"
    pair[0].write_bytes(certificates.to_pem(first))
    pair[1].write_bytes(keys.to_pem(KEY))
    with server_trust.connection(foreign.server, [known], (str(pair[0]), str(pair[1]))) as connection:
        second = est.renew(connection, requests.make_der(KeySigner(NEXT), first), NEXT)
    assert (second.public_key(), second.subject) == (NEXT.public_key(), first.subject)


def test_its_renewal_bears_the_names_of_what_it_renews_for_the_server_would_refuse_it_else(
    foreign: Foreign, tmp_path: Path
) -> None:
    present = certificates.device(
        foreign.authority,
        KEY.public_key(),
        person="Žofie",
        dns_name=names.device_name("desk", "Žofie", "acme"),
        now=datetime.now(UTC),
        life=timedelta(days=5),
    )
    pair = tmp_path / "cert.pem", tmp_path / "held.pem"
    pair[0].write_bytes(certificates.to_pem(present))
    pair[1].write_bytes(keys.to_pem(KEY))
    shown = str(pair[0]), str(pair[1])
    with server_trust.connection(foreign.server, [foreign.authority.certificate], shown) as connection:
        found = est.renew(connection, requests.make_der(KeySigner(NEXT), present), NEXT)
    assert found.subject == present.subject
    with (
        pytest.raises(RefusedError, match="the server refused"),
        server_trust.connection(foreign.server, [foreign.authority.certificate], shown) as connection,
    ):
        est.renew(connection, requests.make_der(KeySigner(NEXT)), NEXT)
