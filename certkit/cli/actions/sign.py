"""What `certkit sign` does."""

from pathlib import Path

from certkit.authority import issuance
from certkit.cli.support import destination, home_access, input_files
from certkit.cli.support.issuance_report import about_other_devices, as_data, in_words, say_how_to_enroll
from certkit.cli.support.output import say, say_json, tell
from certkit.enroll.bundle import seal
from certkit.pki import requests


def sign(home: Path | None, request: Path, person: str, device: str | None, out: Path, *, as_json: bool) -> None:
    """Sign a request and write the answer to a file."""
    destination.check(out, as_json=as_json)
    content = input_files.read(request, "request", 64 * 1024)
    with input_files.naming(request):
        requests.read(content)  # what is wrong with it is told before the home is opened
    with home_access.changing(home) as session:
        issued = issuance.sign(session, content, person, device)
        others = [] if device else about_other_devices(session, issued)
    destination.write_line(out, seal(issued.bundle, None))
    if as_json:
        say_json(as_data(issued, out))
        return
    with destination.words_beside(out):
        say(f"Signed for {in_words(issued)}", f"Answer  {destination.named(out)}")
        say_how_to_enroll(issued, out, "On the machine that made the request they run", encrypted=False)
    tell(*others)
