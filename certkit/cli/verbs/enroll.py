"""`certkit enroll`."""

import os
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from certkit.cli.support import completions, context, enrollment_report, input_files, passphrases
from certkit.cli.support.output import say
from certkit.errors import InvalidError, RefusedError

if TYPE_CHECKING:
    from certkit.enroll.bundle import Bundle


File = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", help="The bundle, or the answer to your request; - reads standard input."),
]
Request = Annotated[
    Path | None, typer.Option("--request", help="Make a key that stays here, and write a request for it to this file.")
]
For = Annotated[
    list[str] | None,
    typer.Option(
        "--for",
        help="earthly, earthbuild, buildctl or buildx; repeatable. Else what is found here.",
        autocompletion=completions.clients,
    ),
]
Daemon = Annotated[str | None, typer.Option("--daemon", help="Which of the bundle's daemons, else the first.")]
Team = Annotated[str | None, typer.Option("--team", help="What to call the team here, else as the bundle does.")]
PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", help="The bundle's passphrase: the first line of this file.")
]
NoProbe = Annotated[bool, typer.Option("--no-probe", help="Do not check the daemon afterwards.")]
Force = Annotated[bool, typer.Option("--force", help="Enroll anew: replace the certificate and its key.")]


def enroll(
    file: File = None,
    request: Request = None,
    names: For = None,
    config: context.ConfigOption = None,
    daemon: Daemon = None,
    team: Team = None,
    passphrase_file: PassphraseFile = None,
    no_probe: NoProbe = False,
    dry_run: context.DryRunOption = False,
    force: Force = False,
) -> None:
    """Enroll this machine to build on the team's daemon.

    \b
    certkit enroll alice.certkit
    certkit enroll alice.certkit --for earthly --for buildx --dry-run
    certkit enroll --request alice.csr      # where no key should travel: make it here
    printf %s "$BUNDLE" | certkit enroll - --passphrase-file <(printf %s "$PASSPHRASE")    # in CI, from its secrets

    The certificates get a folder of their own, and five settings in the client's configuration are changed; every
    other byte of it stays, and certkit unenroll puts the five back. Then the daemon is probed.
    Exit codes: 0 enrolled, 1 failure, 2 usage, 3 enrolled, but the probe has findings.
    """
    from certkit.enroll import enrollment

    if request:
        _make_request(request, file)
        return
    if file is None:
        raise InvalidError(
            "no bundle is named", "certkit enroll FILE, or to make a request: certkit enroll --request FILE"
        )
    bundle, is_encrypted = _open(input_files.path_of(file), passphrase_file, team)
    planned = enrollment.plan(bundle, os.environ, names or [], config=config, daemon=daemon, force=force)
    if planned.is_done and not force:
        say(f"Already enrolled in {enrollment_report.title(planned)}; nothing changed. (--force enrolls anew)")
        return
    if not is_encrypted:
        enrollment_report.say_authorities(bundle)
    if dry_run:
        enrollment_report.say_plan(planned)
    else:
        planned.apply()
        enrollment_report.say_done(planned)
        if no_probe:
            enrollment_report.say_variables(planned)
        elif not enrollment_report.prove(planned):
            raise typer.Exit(3)


def _make_request(out: Path, file: Path | None) -> None:
    from certkit.enroll import request

    if file:
        raise InvalidError("--request makes a request, and a bundle is the answer to one", f"Leave {file} out.")
    context.check_new(out)
    request.create(out)
    say(f"Wrote {out}, a request for a certificate; its key stays on this machine", "", "Next")
    say("  1. Send it to whoever runs your team's certkit. They run")
    say(f"       certkit sign {shlex.quote(out.name)} --person YOU --out answer.certkit")
    say("  2. With the answer, as this user on this machine:", "       certkit enroll answer.certkit")


def _open(path: Path, passphrase_file: Path | None, team: str | None) -> "tuple[Bundle, bool]":
    """Give the bundle, and whether it came encrypted."""
    from certkit.enroll.bundle import LIMIT, check_time, is_sealed, open_bundle
    from certkit.pki import names

    if passphrase_file and path == input_files.path_of(passphrase_file):
        raise InvalidError("the bundle and its passphrase are one file", "Give the passphrase by another: see --help.")
    content = input_files.read(path, "bundle", LIMIT)

    def attempt(ask: Callable[[], str]) -> "Bundle":
        secret = ask() if is_encrypted else ""
        with context.naming(path):
            return open_bundle(content, lambda: secret)

    with context.naming(path):
        is_encrypted = is_sealed(content)
    if passphrase_file and not is_encrypted:
        raise RefusedError(
            f"{path} is not encrypted, although there is a passphrase for it: it may have been replaced",
            "Ask for it again; if it is right, enroll without --passphrase-file.",
        )
    bundle = passphrases.unlock("Passphrase", passphrase_file, attempt)
    with context.naming(path):
        check_time(bundle, context.now())
    return replace(bundle, team=names.slug(team, "team")) if team else bundle, is_encrypted
