"""What `certkit sign` does."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from certkit.authority import issuance
from certkit.authority.issuance import Issued
from certkit.cli.support import destination, home_access, input_files, namesakes
from certkit.cli.support.issuance_report import (
    about_other_devices,
    as_data,
    in_words,
    naming_device,
    say_also_valid,
    say_default,
    say_how_to_enroll,
)
from certkit.cli.support.output import say, say_json, short, tell
from certkit.enroll.bundle import seal
from certkit.pki import requests


def sign(
    home: Path | None,
    request: Path,
    person: str,
    device: str | None,
    out: Path,
    *,
    life: int | None,
    pem: bool,
    as_json: bool,
) -> None:
    """Sign a request and write the answer to a file."""
    destination.check(out, as_json=as_json)
    content = input_files.read(request, "request", 64 * 1024)
    with input_files.naming(request):
        requests.read(content)  # what is wrong with it is told before the home is opened
        is_others = requests.names_itself(content)
    with home_access.changing(home) as session:
        doubt = namesakes.settle(session, person, device, can_answer=not as_json)
        issued = issuance.sign(session, content, person, device, days=life)
        authorities = [session.certificate_path("server", each) for each in session.rotation("server").trusted]
        tell(*doubt)
        others = [] if device else about_other_devices(session, issued)
    with naming_device(issued):
        if pem:
            destination.write(out, issued.chain())
        else:
            destination.write_line(out, seal(issued.bundle, None))
    if as_json:
        say_json(as_data(issued, out))
        return
    with destination.words_beside(out):
        say(f"Signed for {in_words(issued)}", f"Answer  {destination.named(out)}")
        say_also_valid(issued)
        if pem:
            _say_how_to_use(issued, out, authorities)
            return
        say_default(issued.bundle, "Daemon  ")
        say_how_to_enroll(issued, out, "On the machine that made the request they run", encrypted=False)
        if is_others:
            tell("Another tool has made this request. Where there is no certkit: sign it with --pem")
    tell(*others)


def _say_how_to_use(issued: Issued, out: Path, authorities: Sequence[Path]) -> None:
    """Say what the holder of a key needs who has no certkit: the daemon's authority, and a client's flags."""
    daemon, place = issued.bundle.daemons[0], shlex.quote(out.name)
    say("", "Send them this, too, as ca.pem: by it they know the daemon", f"  cat {' '.join(map(short, authorities))}")
    say("", "With the key that made the request they run")
    say(f"  buildctl --addr {daemon.url} --tlscacert ca.pem --tlscert {place} --tlskey KEY debug workers")
