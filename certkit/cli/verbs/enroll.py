"""`certkit enroll`."""

from pathlib import Path
from typing import Annotated

import typer

from certkit.cli import actions
from certkit.cli.support import completions, exit_codes, options
from certkit.errors import InvalidError

File = Annotated[
    str | None,
    typer.Argument(
        metavar="CODE|FILE", help="The code, or a bundle, or the answer to your request; - reads standard input."
    ),
]
Request = Annotated[
    Path | None,
    typer.Option(
        "--request",
        help="Make a key that stays here, and write a request for it to this file, or to standard output for -.",
    ),
]
For = Annotated[
    list[str] | None,
    typer.Option(
        "--for",
        help="earthly, earthbuild, buildctl or buildx; repeatable. By default, those found here.",
        autocompletion=completions.clients,
    ),
]
Daemon = Annotated[
    str | None,
    typer.Option("--daemon", help="Which of the bundle's daemons; by default the team's default, or the one in use."),
]
Team = Annotated[str | None, typer.Option("--team", help="What to call the team here; by default, as in the bundle.")]
PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", help="Read the bundle's passphrase from this file's first line.")
]
NoProbe = Annotated[bool, typer.Option("--no-probe", help="Do not check the daemon afterwards.")]
NoTimer = Annotated[bool, typer.Option("--no-timer", help="With a code: set no timer that renews.")]
Force = Annotated[bool, typer.Option("--force", help="Enroll again: replace the certificate and its key.")]


def enroll(
    file: File = None,
    request: Request = None,
    names: For = None,
    config: options.ConfigOption = None,
    daemon: Daemon = None,
    team: Team = None,
    passphrase_file: PassphraseFile = None,
    no_probe: NoProbe = False,
    no_timer: NoTimer = False,
    dry_run: options.DryRunOption = False,
    force: Force = False,
    as_json: options.JsonOption = False,
) -> None:
    """Enroll this machine to build on the team's daemon.

    \b
    certkit enroll 'https://ca.acme.example:8443/#…'
    certkit enroll alice.certkit
    certkit enroll alice.certkit --for earthly --for buildx --dry-run
    certkit enroll --request alice.csr      # where no key should travel

    In CI, from its secrets:

    \b
    printf %s "$BUNDLE" | certkit enroll - --passphrase-file <(printf %s "$PASSPHRASE")

    With a code the key is made here and never leaves this machine; the code says by which key the server is known, and
    nothing is sent to any other; a timer of yours renews the certificate from then on. The certificates get a folder of
    their own, and five settings in the client's configuration are changed; every other byte of it stays, and certkit
    unenroll puts the five back. Then the daemon is probed.

    Exit codes: 0 enrolled, 1 failure, 2 usage, 3 enrolled, but the probe has findings.
    """
    if request:
        if file:
            raise InvalidError(
                "--request makes a request, and a bundle is the answer to one",
                f"Leave {file} out.",
                code="request-with-bundle",
            )
        actions.enroll.make_request(request, as_json=as_json)
        return
    if not (file or "").strip():
        raise InvalidError(
            "neither a code nor a bundle is named",
            "certkit enroll CODE, or certkit enroll FILE; to make a request: certkit enroll --request FILE",
            code="bundle-not-named",
        )
    choices = actions.enroll.Choices(
        names or [],
        config,
        daemon,
        team,
        passphrase_file,
        no_probe=no_probe,
        no_timer=no_timer,
        dry_run=dry_run,
        force=force,
    )
    if not actions.enroll.enroll(str(file), choices, as_json=as_json):
        raise typer.Exit(exit_codes.FINDINGS)
