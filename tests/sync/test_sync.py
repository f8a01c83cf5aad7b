"""`certkit daemon sync`: the host of a daemon fetches its files, and proves that the daemon holds them."""

import json

from tests.sync.conftest import Team


def test_from_a_code_to_a_daemon_that_is_proven(team: Team) -> None:
    enrolled = team.enroll()
    assert (enrolled.code, enrolled.err) == (0, "")
    synced = team.sync()
    assert (synced.code, synced.err, synced.out) == (0, "", "build holds publication 1, proven\n")
    daemon = team.daemon()
    assert (daemon["proven"], daemon["behind"]) == (1, None)
    assert team.machine.restarts == 1
    assert not (team.home / "daemons" / "build").exists()
    assert team.lead("daemon", "check", "build").code == 0
    print(json.dumps(team.server.lines, indent=1))
