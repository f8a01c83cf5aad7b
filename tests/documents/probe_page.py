"""Write docs/probe.md from the findings' own words: `python -m tests.documents.probe_page`."""

from pathlib import Path
from typing import Any

from certkit.probe.checks.buildkitd import buildkit
from certkit.probe.checks.client_files import files
from certkit.probe.checks.configuration import configuration
from certkit.probe.checks.enforcement import enforcement
from certkit.probe.checks.reachability import network
from certkit.probe.checks.tls import tls
from certkit.probe.stage import Stage

PAGE = Path(__file__).parents[2] / "docs" / "probe.md"

STAGES: tuple[Stage[Any], ...] = (configuration, files, network, tls, buildkit, enforcement)

_HEAD = """\
# The probe

`certkit probe` reads the configuration as Earthly or EarthBuild reads it, and goes through six stages. A stage that
finds something wrong ends only what depends on it. Each finding says what was seen, what it means, and what to do.

A finding is an error or a warning. With a warning, marked `!`, builds go on: a certificate that ends soon, a key that
others can read. Exit codes: 0 builds go on, 1 failure, 2 usage, 3 an error was found, or something could not be
checked; `--fail-on warning` makes it 3 for a warning, too. `--quiet` prints only what is wrong, and nothing otherwise:
for cron, or as a line of a shell's rc file. `--json` prints the report as [JSON for scripts](json.md#certkit-probe).

```sh
certkit probe --quiet
```

The three files are read as Go reads them, which Earthly, EarthBuild, buildctl and the daemons are made with: blocks
that begin in the middle of a line or after a byte order mark are nothing to it, and certificates that it cannot parse
are skipped. What is wrong with a file is named with its line and the command that mends it.

The whole configuration is judged, by the types that Earthly gives its keys, and the `.env` file of the folder that the
probe is run in counts as it does for a build there: try it where you build. Docker and Podman are asked what the client
asks them. It waits for them without a limit; the probe gives them eight times `--timeout` for all questions together.

It works with daemons that negotiate ALPN and with those that do not: the TLS handshake is OpenSSL's own, and gRPC
speaks through it.

Every address of the daemon's name is looked at, and what differs is said with the address. An address family that
cannot be reached from here, while another can, is no finding.

A refusal counts only after a TLS 1.3 handshake in which the server has proven that it is the daemon: by its chain, its
name and its signature over the handshake. Before that, and in TLS 1.2, an alert is the word of anybody on the network,
and the probe says "not determined". It cannot tell several daemons behind one address from each other: one that is
never asked is never judged. [Security](security.md#what-no-check-can-see) says what else no check can see.

On the lead's machine, where the team's home is, the probe also shows the *canary*, a certificate that every publication
excludes, and compares what the daemon lists with the newest publication, its *label* included. Elsewhere it cannot know
which publication is the newest: `certkit daemon check` proves it.

Above 64 KiB of excluded names a daemon that is built with Go 1.21 or later cannot make the TLS 1.3 session ticket that
OpenSSL asks for, and hangs up. The probe then asks again in TLS 1.2 without tickets, and says so. Earthly, EarthBuild
and buildctl ask for no ticket and are served.
"""


def page() -> str:
    """Return the page."""
    parts = [_HEAD]
    for stage in STAGES:
        parts.append(
            f"\n## {stage.title}\n\n{stage.about}\n\n| finding | severity | what it means |\n| --- | --- | --- |\n"
        )
        for finding in stage.findings:
            meaning = finding.meaning.replace("|", "\\|")
            parts.append(f"| `{finding.id}` | {finding.severity} | {meaning} |\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
