"""What a roster costs, beside loops of other tools: python -m benchmarks.rosters (a quiet machine).

The loops make a key and a client's certificate for each developer, one process or two at a time as they are made for.
A tool that is not on PATH is left out.
"""

import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import CERTKIT, Command, quietly, say_row
from certkit.authority.changes import changing
from certkit.authority.home import open_home
from certkit.cli import main as certkit
from certkit.enroll.codes import Server
from certkit.ledger.interface import Actor
from tests.server.identity import start

DEVELOPERS, MANY = 1_000, 10_000
URL = "tcp://build.acme.example:8372"
LOOPS = {
    "openssl": """
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=ca
        for i in $(seq {count}); do
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $i.key -out $i.csr -subj /CN=dev$i
            openssl x509 -req -in $i.csr -CA ca.pem -CAkey ca.key -days 365 -out $i.pem
        done""",
    "mkcert": """
        for i in $(seq {count}); do
            mkcert -ecdsa -client -cert-file $i.pem -key-file $i.key dev$i.acme.example
        done""",
    "cfssl": """
        echo '{{"CN":"ca","key":{{"algo":"ecdsa","size":256}}}}' > ca.json
        cfssl gencert -initca ca.json > ca.out
        python3 -c 'import json; made = json.load(open("ca.out")); open("ca.pem", "w").write(made["cert"]); \
            open("ca.key", "w").write(made["key"])'
        for i in $(seq {count}); do
            echo '{{"CN":"dev'$i'","key":{{"algo":"ecdsa","size":256}}}}' > $i.json
            cfssl gencert -ca ca.pem -ca-key ca.key $i.json > $i.out
        done""",
}


def loops(folder: Path, count: int) -> Iterator[tuple[str, float]]:
    """Run the loops of the tools that are here; yield what each took, in seconds."""
    for tool, loop in LOOPS.items():
        if shutil.which(tool) is None:
            print(f"{tool} is not on PATH, and left out")
            continue
        place = folder / tool
        place.mkdir()
        script = f"set -e\ncd {shlex.quote(str(place))}\nexec 2> said\n{loop.format(count=count)}"
        environment = {"PATH": os.environ["PATH"], "CAROOT": str(place), "HOME": str(place)}
        yield tool, Command(["sh", "-c", script], environment=environment).cost().ms / 1000


def home(folder: Path, *, with_server: bool) -> Path:
    """Make a team, whose people get codes if it has a server, else bundles."""
    path = folder / "home"
    with quietly():
        certkit(["init", "--team", "acme", "--daemon", URL, "--home", str(path)])
    if with_server:
        with changing(open_home(path, lambda: b""), Actor("lead", "desk"), datetime.now(UTC)) as session:
            start(session, Server("ca.acme.example", 8443))
    return path


def roster(folder: Path, count: int) -> Path:
    """Write a roster of so many people."""
    path = folder / "roster.yml"
    people = "".join(f"  developer{number}@acme.example:\n" for number in range(count))
    path.write_text(f"team: acme\npeople:\n{people}")
    return path


def applying(folder: Path, count: int, *, with_server: bool) -> Command:
    """Return the command that applies a roster to a new team."""
    folder.mkdir()
    path = home(folder, with_server=with_server)
    words: list[str | Path] = ["apply", roster(folder, count), "--out", folder / "new", "--home", path]
    return Command([CERTKIT, *words], environment={"PATH": os.environ["PATH"], "HOME": str(folder)})


def listed(folder: Path, count: int) -> Command:
    """Return the command that issues bundles without passphrases, which is what the loops come nearest to."""
    folder.mkdir()
    path, people = home(folder, with_server=False), folder / "people.csv"
    people.write_text("person\n" + "".join(f"developer{number}@acme.example\n" for number in range(count)))
    words: list[str | Path] = [
        "issue",
        "--from",
        people,
        "--out-dir",
        folder / "new",
        "--no-passphrase",
        "--home",
        path,
    ]
    return Command([CERTKIT, *words], environment={"PATH": os.environ["PATH"], "HOME": str(folder)})


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        issued = listed(folder / "listed", DEVELOPERS).cost().ms / 1000
        bundles = applying(folder / "bundles", DEVELOPERS, with_server=False).cost().ms / 1000
        coded = applying(folder / "codes", DEVELOPERS, with_server=True).cost().ms / 1000
        print(f"{DEVELOPERS} developers: issue --from {issued:.1f} s, apply {bundles:.1f} s, with codes {coded:.1f} s")
        for tool, took in loops(folder, DEVELOPERS):
            say_row(
                f"issue --from --no-passphrase against {tool} ({took:.0f} s), part of its time",
                issued / took,
                "",
                1 / 8,
            )
            say_row(f"apply, encrypted bundles, against {tool}, part of its time", bundles / took, "", 1 / 8)
        for what, with_server in (("codes", True), ("bundles", False)):
            cost = applying(folder / f"many-{what}", MANY, with_server=with_server).cost()
            say_row(f"apply, {MANY} people, {what}", cost.ms / 1000, "s", 10)
            say_row("the same, of the processor", cost.processor_ms / 1000, "s", 10)
            say_row("the same, peak memory", cost.megabytes, "MB", 200)


if __name__ == "__main__":
    main()
