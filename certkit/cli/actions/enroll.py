"""What `certkit enroll` does: it makes a request, or opens a bundle, plans, asks, applies, and has it proven."""

import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from certkit import files
from certkit.cli import actions
from certkit.cli.support import context, destination, enrollment_report, input_files, passphrases
from certkit.cli.support.output import say
from certkit.cli.support.questions import can_ask, confirmed
from certkit.earthly.user import User, user_of
from certkit.enroll import enrollment, holders, request
from certkit.enroll.bundle import LIMIT, Bundle, check_time, is_sealed, open_bundle
from certkit.errors import InvalidError, RefusedError
from certkit.pki import names

_PIPES = (Path("/dev"), Path("/dev/fd"))


@dataclass(frozen=True)
class Choices:
    """What `certkit enroll` was told beside the file; see the verb's options."""

    clients: list[str]
    config: Path | None
    daemon: str | None
    team: str | None
    passphrase_file: Path | None
    no_probe: bool
    dry_run: bool
    force: bool


def make_request(out: Path) -> None:
    """Make a key that stays here, and write the request for it."""
    user = user_of(os.environ)
    with files.acting_as(user.owner):
        destination.check(out)
    request.create(user, partial(destination.write, out, mode=0o644))
    with destination.words_beside(out):
        _say_what_to_do_with(out)


def _say_what_to_do_with(out: Path) -> None:
    """Say where a request goes, and what comes back."""
    say(f"Wrote {destination.named(out)}, a request for a certificate; its key stays on this machine", "", "Next")
    say("  1. Send it to whoever runs certkit for your team. They run")
    known = holders.find(os.environ)  # whoever is enrolled already asks for the next certificate of this device
    person, device = known.pop() if len(known) == 1 else ("YOU", "")
    options = ["--person", person, *(["--device", device] if device else [])]
    say(f"       certkit sign {shlex.join([out.name, *options])} --out answer.certkit")
    say("  2. With the answer, as this user on this machine:", "       certkit enroll answer.certkit")


def enroll(file: Path, choices: Choices) -> bool:
    """Enroll with a bundle, and tell whether nothing was found that is wrong with the daemon."""
    bundle, is_encrypted = _open(input_files.path_of(file), user_of(os.environ), choices)
    planned = enrollment.plan(
        bundle,
        os.environ,
        choices.clients,
        config=choices.config,
        daemon=choices.daemon,
        force=choices.force,
        is_sealed=is_encrypted,
    )
    if planned.is_done and not choices.force:
        say(f"Already enrolled in {enrollment_report.title(planned)}; nothing changed. (--force enrolls again)")
        enrollment_report.tell_left_out(planned)
        return True
    if not is_encrypted:
        enrollment_report.say_what_to_compare(bundle)
    if choices.dry_run:
        enrollment_report.say_plan(planned)
        return True
    if not is_encrypted and can_ask():
        _ask_whether_it_is_the_same()
    planned.apply()
    enrollment_report.say_done(planned)
    enrollment_report.tell_left_out(planned)
    if choices.no_probe:
        enrollment_report.say_variables(planned)
        return True
    return actions.enrollment_proof.prove(planned)  # imports gRPC and OpenSSL, which nothing else here needs


def _ask_whether_it_is_the_same() -> None:
    """Ask for the comparison; raise RefusedError unless the answer is yes."""
    if not confirmed("Is it the same?"):
        raise RefusedError(
            "not enrolled, and nothing was changed",
            "If something differs, somebody may have replaced the file: ask for it again, encrypted.",
            code="bundle-not-confirmed",
        )


def _open(path: Path, user: User, choices: Choices) -> tuple[Bundle, bool]:
    """Return the bundle, and whether it came encrypted."""
    secret_file = choices.passphrase_file
    if secret_file and path == input_files.path_of(secret_file):
        raise InvalidError(
            "the bundle and its passphrase are one file",
            "Give the passphrase by another: see --help.",
            code="bundle-is-passphrase-file",
        )
    # What a link leads to is read as the user; a pipe belongs to whoever has opened it.
    with files.acting_as(None if path.parent in _PIPES else user.owner):
        content = input_files.read(path, "bundle", LIMIT)
    with input_files.naming(path):
        is_encrypted = is_sealed(content)
    if secret_file and not is_encrypted:
        raise RefusedError(
            f"{path} is not encrypted, although there is a passphrase for it: it may have been replaced",
            "Ask for it again; if it is right, enroll without --passphrase-file.",
            code="bundle-not-encrypted",
        )

    def attempt(ask: Callable[[], str]) -> Bundle:
        secret = ask() if is_encrypted else ""
        with input_files.naming(path):
            return open_bundle(content, lambda: secret)

    bundle = passphrases.unlock("Passphrase", secret_file, attempt)
    with input_files.naming(path):
        check_time(bundle, context.now())
    return replace(bundle, team=names.slug(choices.team, "team")) if choices.team else bundle, is_encrypted
