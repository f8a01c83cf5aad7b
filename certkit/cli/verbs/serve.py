"""`certkit serve`."""

from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.support import numbers, options

_MOST = 256
"""Of processes, each of which takes 70 MB: more than a machine has cores help nobody."""


def serve(
    listen: Annotated[
        str, typer.Option("--listen", metavar="HOST:PORT", help="Where to listen; port 0 takes any that is free.")
    ] = "[::]:8443",
    url: Annotated[
        str | None,
        typer.Option("--url", help="At which https:// address laptops find it; by default, the one of last time."),
    ] = None,
    processes: Annotated[
        int,
        typer.Option(
            "--processes", metavar="<number>", parser=numbers.count(1, _MOST), help="How many share the port."
        ),
    ] = 1,
    metrics: Annotated[
        str | None,
        typer.Option(
            "--metrics", metavar="HOST:PORT", help="Where Prometheus asks, over plain HTTP; nowhere by default."
        ),
    ] = None,
    home: options.HomeOption = None,
) -> None:
    """Serve enrollment and renewal over the network, by EST on HTTPS.

    \b
    certkit serve --url https://ca.acme.example:8443
    certkit serve --listen 10.0.0.7:443 --url https://ca.acme.example:443

    Its certificate is the server authority's, and it renews it by itself. The commands work on the same home meanwhile.
    The passphrase of the authorities is asked for at the start, unless team.yml says where it comes from, or systemd
    passes it as the credential certkit-passphrase. Each request is a line of JSON on stderr. SIGTERM ends it, when
    whoever is being answered has been. Exit codes: 0 ended, 1 failure, 2 usage.
    """
    actions.serve.serve(home, listen, url, processes, metrics)
