"""What a server's host needs: read again by what reads it, and a passphrase that comes as systemd passes it."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from certkit.pki import keys
from tests.cli.conftest import ALICE, Lead
from tests.environment import CHECKOUT
from tests.server.running import Caller, serving

TEMPLATES = CHECKOUT / "templates" / "server"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "certkit.service"
    unit.write_text((TEMPLATES / "certkit.service").read_text().replace("/opt/certkit/bin/certkit", "/bin/true"))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", unit], capture_output=True, text=True, check=False)
    assert "certkit.service" not in done.stderr, done.stderr


def test_the_compose_file_runs_the_image_s_program_with_options_that_it_has(lead: Lead) -> None:
    found = yaml.safe_load((TEMPLATES / "compose.yaml").read_text())["services"]["server"]
    verb, *options = found["command"]
    assert verb == "serve"
    shown = lead("serve", "--help").out
    assert all(option in shown for option in options if option.startswith("--"))
    assert (TEMPLATES / found["build"]["dockerfile"]).exists()
    assert found["volumes"] == ["certkit:/var/lib/certkit"]


def test_with_a_passphrase_the_server_takes_the_credential_that_systemd_passes(
    lead: Lead, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("secret").write_text("violet anchor kettle\n")
    assert lead("authority", "passphrase", "--passphrase-file", "secret").code == 0
    (tmp_path / "credentials").mkdir()
    shutil.copy("secret", tmp_path / "credentials" / "certkit-passphrase")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path / "credentials"))
    with serving(home, "--processes", "2") as server:
        password = lead("invite", ALICE, "--json").data["password"]
        assert Caller(server).enroll(password, keys.generate("p256")).status == 200


def test_a_passphrase_that_nobody_can_be_asked_for_ends_it_before_it_serves(lead: Lead, home: Path) -> None:
    Path("secret").write_text("violet anchor kettle\n")
    lead("authority", "passphrase", "--passphrase-file", "secret")
    (home / "team.yml").write_text("team: acme\n")
    command = [sys.executable, "-m", "certkit", "serve", "--listen", "127.0.0.1:0", "--url", "https://ca.acme.example"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--listen", "8443"], "'8443' is no place to listen"),
        (["--listen", "[::1]:70000"], "'[::1]:70000' is no place to listen"),
        (["--url", "ca.acme.example"], "'ca.acme.example' is not the address of a server"),
        (["--processes", "0"], "--processes: 0 is less than 1"),
        (["--processes", "1000"], "--processes: 1000 is more than 256"),
    ],
)
def test_what_makes_no_sense_serves_nobody(lead: Lead, home: Path, arguments: list[str], what: str) -> None:
    code, said, remedy = lead("serve", *arguments).complaint
    assert (code, said) == (2, f"certkit: {what}")
    assert remedy


def test_without_an_address_codes_would_lead_nowhere(lead: Lead, home: Path) -> None:
    code, said, remedy = lead("serve").complaint
    assert (code, said) == (1, "certkit: this team has no server yet")
    assert "--url https://HOST:PORT" in remedy


def test_an_address_that_is_not_this_machine_s_is_told(lead: Lead, home: Path) -> None:
    ended = lead("serve", "--listen", "192.0.2.1:8443", "--url", "https://ca.acme.example")
    assert ended.complaint[1].startswith("certkit: nobody can listen on 192.0.2.1 port 8443: ")


def test_without_the_server_s_parts_it_is_told_what_to_install(
    lead: Lead, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("importlib.util.find_spec", lambda _: None)
        ended = lead("serve", "--url", "https://ca.acme.example")
    assert ended.complaint == (
        1,
        "certkit: certkit's server is not installed here",
        "Install it: pip install 'certkit[server]'",
    )
