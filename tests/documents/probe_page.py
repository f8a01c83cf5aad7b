"""Writes docs/probe.md from the findings' own words: `python -m tests.documents.probe_page`."""

import inspect
from pathlib import Path
from typing import Any

from certkit.probe.checks.admission import tls
from certkit.probe.checks.buildkitd import buildkit
from certkit.probe.checks.client_files import files
from certkit.probe.checks.configuration import configuration
from certkit.probe.checks.enforcement import enforcement
from certkit.probe.checks.reachability import network
from certkit.probe.stage import Stage

PAGE = Path(__file__).parents[2] / "docs" / "probe.md"

_STAGES: dict[str, tuple[Stage[Any], str]] = {
    "configuration": (configuration, "The client's configuration, read exactly as the client reads it."),
    "files": (files, "The three files of mutual TLS."),
    "network": (network, "Resolve the host, and connect to each of its addresses at once."),
    "TLS": (
        tls,
        "The handshake, and the daemon's first words: with TLS 1.3 only they say that it took the certificate.",
    ),
    "BuildKit": (buildkit, "gRPC over that TLS: health, `Control.Info`, `ListWorkers`."),
    "enforcement": (enforcement, "Strangers knock, side by side with the rest: each must be refused."),
}

_HEAD = """\
# The probe

`certkit probe` reads the configuration as Earthly or EarthBuild reads it, and goes through six stages. A stage that
finds something wrong ends only what depends on it. Each finding says what was seen, what it means, and what to do.

Exit codes: 0 all is well, 1 failure, 2 usage, 3 findings. `--json` gives an object with `ok`, `daemon` and `checks`, a
list of objects with `id`, `title`, `status` (`ok`, `finding`, `skipped`), `seen`, `meaning`, `remedy` and `ms`.

It works with daemons that negotiate ALPN and with those that do not: the TLS handshake is OpenSSL's own, and gRPC
speaks through it.
"""


def page() -> str:
    """Give the page."""
    parts = [_HEAD]
    for title, (stage, about) in _STAGES.items():
        parts.append(f"\n## {title}\n\n{about}\n\n| finding | what it means |\n| --- | --- |\n")
        for finding in stage.findings:
            meaning = " ".join((inspect.getdoc(finding) or "").split()).replace("|", "\\|")
            parts.append(f"| `{finding.__name__.replace('_', '-')}` | {meaning} |\n")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
