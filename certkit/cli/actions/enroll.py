"""What `certkit enroll` does: it makes a request, or uses a code or opens a bundle, then plans, applies and probes."""

import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from certkit import files
from certkit.cli import actions
from certkit.cli.support import context, enrollment_report, input_files, passphrases
from certkit.cli.support.output import say
from certkit.cli.support.questions import can_ask, confirmed
from certkit.earthly.user import User, user_of
from certkit.enroll import codes, enrollment, request
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
    no_timer: bool
    dry_run: bool
    force: bool


def make_request(out: Path) -> None:
    """Make a key that stays here, and write the request for it."""
    user = user_of(os.environ)
    with files.acting_as(user.owner):
        context.check_new(out)
    request.create(user, out)
    say(f"Wrote {out}, a request for a certificate; its key stays on this machine", "", "Next")
    say("  1. Send it to whoever runs certkit for your team. They run")
    say(f"       certkit sign {shlex.quote(out.name)} --person YOU --out answer.certkit")
    say("  2. With the answer, as this user on this machine:", "       certkit enroll answer.certkit")


def enroll(what: str, choices: Choices) -> bool:
    """Enroll with a code or a bundle, and tell whether nothing was found that is wrong with the daemon."""
    if codes.is_code(what):
        return _enroll_with_code(codes.parse(what), choices)
    path = input_files.path_of(Path(what))
    content = _read(path, user_of(os.environ), choices)
    text = content.decode(errors="replace")
    if codes.is_code(text):
        return _enroll_with_code(codes.parse(text), choices)
    bundle, is_encrypted = _open(path, content, choices)
    planned = _plan(bundle, choices, choices.clients, is_sealed=is_encrypted)
    if planned.is_done and not choices.force:
        return _say_already(planned)
    if not is_encrypted:
        enrollment_report.say_what_to_compare(bundle)
    if choices.dry_run:
        enrollment_report.say_plan(planned)
        return True
    if not is_encrypted and can_ask():
        _ask_whether_it_is_the_same()
    planned.apply()
    enrollment_report.say_done(planned)
    return _prove(planned, choices)


def _enroll_with_code(code: codes.Code, choices: Choices) -> bool:
    if choices.dry_run or choices.passphrase_file:
        raise InvalidError(
            "a code has no passphrase, and what it gives is known only when it is used",
            "Leave --passphrase-file and --dry-run out.",
            code="code-options",
        )
    from certkit.enroll import online, renewal_record, timers  # HTTP, which no bundle needs

    user = user_of(os.environ)
    received = online.enroll(user, code)
    clients = choices.clients or ([received.client] if received.client else [])
    planned = _plan(_renamed(received.bundle, choices), choices, clients)
    renewal_record.remember(planned, received.server, choices.config, choices.daemon)
    if planned.is_done and not choices.force:
        return _say_already(planned)
    planned.apply()
    online.forget(user, code)
    enrollment_report.say_done(planned)
    if not choices.no_timer:
        enrollment_report.say_timer(timers.start(user, os.environ))
    return _prove(planned, choices)


def _plan(
    bundle: Bundle, choices: Choices, clients: Sequence[str], *, is_sealed: bool = False
) -> enrollment.Enrollment:
    return enrollment.plan(
        bundle,
        os.environ,
        clients,
        config=choices.config,
        daemon=choices.daemon,
        force=choices.force,
        is_sealed=is_sealed,
    )


def _say_already(planned: enrollment.Enrollment) -> bool:
    say(f"Already enrolled in {enrollment_report.title(planned)}; nothing changed. (--force enrolls again)")
    return True


def _prove(planned: enrollment.Enrollment, choices: Choices) -> bool:
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


def _read(path: Path, user: User, choices: Choices) -> bytes:
    secret_file = choices.passphrase_file
    if secret_file and path == input_files.path_of(secret_file):
        raise InvalidError(
            "the bundle and its passphrase are one file",
            "Give the passphrase by another: see --help.",
            code="bundle-is-passphrase-file",
        )
    # What a link leads to is read as the user; a pipe belongs to whoever has opened it.
    with files.acting_as(None if path.parent in _PIPES else user.owner):
        return input_files.read(path, "bundle", LIMIT)


def _open(path: Path, content: bytes, choices: Choices) -> tuple[Bundle, bool]:
    """Return the bundle, and whether it came encrypted."""
    secret_file = choices.passphrase_file
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
    return _renamed(bundle, choices), is_encrypted


def _renamed(bundle: Bundle, choices: Choices) -> Bundle:
    return replace(bundle, team=names.slug(choices.team, "team")) if choices.team else bundle
