"""Every kind of certificate, with every type of key, before the judges."""

import pytest

from certkit.pki.keys import KEY_TYPES
from tests import team as teams
from tests.clients import verifiers
from tests.clients.verifiers import CLIENT, SERVER, Verify
from tests.team import Team


@pytest.fixture(scope="module", params=KEY_TYPES)
def team(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Team:
    """Make a team with keys of every type in turn."""
    return teams.found(tmp_path_factory.mktemp(request.param), key_type=request.param)


@pytest.mark.parametrize("verify", [verifiers.openssl, verifiers.gnutls])
class TestPurpose:
    """OpenSSL and GnuTLS agree on what each certificate is for."""

    def test_a_daemons_certificate_is_good_for_a_server_alone(self, verify: Verify, team: Team) -> None:
        authority = team.authority("server")
        assert not verify(team.daemon.cert, authority, SERVER)
        assert verify(team.daemon.cert, authority, CLIENT)

    def test_a_devices_certificate_is_good_for_a_client_alone(self, verify: Verify, team: Team) -> None:
        authority = team.authority("client")
        assert not verify(team.device.cert, authority, CLIENT)
        assert verify(team.device.cert, authority, SERVER)

    def test_neither_authority_vouches_for_what_the_other_signed(self, verify: Verify, team: Team) -> None:
        assert verify(team.daemon.cert, team.authority("client"), SERVER)
        assert verify(team.device.cert, team.authority("server"), CLIENT)


@pytest.mark.parametrize("kind", ["server authority", "client authority", "daemon", "device"])
def test_the_linters_for_rfc_5280_find_nothing(kind: str, team: Team) -> None:
    paths = {
        "server authority": team.authority("server"),
        "client authority": team.authority("client"),
        "daemon": team.daemon.cert,
        "device": team.device.cert,
    }
    assert not verifiers.pkilint(paths[kind])
    assert not verifiers.zlint(paths[kind])


def test_each_side_holds_what_vouches_for_the_other(team: Team) -> None:
    assert not verifiers.openssl(team.device.cert, team.daemon.ca, CLIENT)
    assert not verifiers.openssl(team.daemon.cert, team.device.ca, SERVER)
