"""What `certkit enroll` does: it makes a request, or uses a code or opens a bundle, then plans, applies and probes."""

import contextlib
import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from certkit import files, probe
from certkit.cli import actions
from certkit.cli.support import context, destination, enrollment_report, input_files, passphrases
from certkit.cli.support.output import say, say_json
from certkit.cli.support.questions import can_ask, confirmed
from certkit.earthly.user import User, user_of
from certkit.enroll import codes, enrollment, holders, request
from certkit.enroll.bundle import LIMIT, Bundle, check_time, is_sealed, open_bundle
from certkit.errors import InvalidError, RefusedError
from certkit.pki import names
from certkit.probe.background import beside

if TYPE_CHECKING:  # HTTP
    from certkit.enroll.online import Received

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

    @classmethod
    def none(cls) -> "Choices":
        """Return what is chosen where nothing was told."""
        return cls([], None, None, None, None, no_probe=False, no_timer=False, dry_run=False, force=False)


def make_request(out: Path, *, as_json: bool) -> None:
    """Make a key that stays here, and write the request for it."""
    user = user_of(os.environ)
    with files.acting_as(user.owner):
        destination.check(out, as_json=as_json)
    request.create(user, partial(destination.write, out, mode=0o644))
    if as_json:
        say_json({"request": out})
        return
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


def enroll(what: str, choices: Choices, *, as_json: bool) -> bool:
    """Enroll with a code or a bundle, and tell whether nothing was found that is wrong with the daemon."""
    if codes.is_code(what):
        return _enroll_with_code(codes.parse(what), choices, as_json=as_json)
    path = input_files.path_of(Path(what))
    content = _read(path, user_of(os.environ), choices)
    text = content.decode(errors="replace")
    if codes.is_code(text):
        return _enroll_with_code(codes.parse(text), choices, as_json=as_json)
    bundle, is_encrypted = _open(path, content, choices)
    planned = _plan(bundle, choices, choices.clients, is_sealed=is_encrypted)
    is_done = planned.is_done and not choices.force
    if not is_encrypted and not is_done:
        enrollment_report.say_what_to_compare(bundle)
    if not is_done and not choices.dry_run:
        is_input = files.is_standard_input(path)
        if not is_encrypted and can_ask(input_taken=is_input):
            _ask_whether_it_is_the_same(input_taken=is_input)
        planned.apply()
    return _say_and_prove(planned, choices, is_done=is_done, as_json=as_json)


def _enroll_with_code(code: codes.Code, choices: Choices, *, as_json: bool) -> bool:
    if code.is_for_host:
        if choices != Choices.none():
            raise InvalidError(
                "the code is for the host of a daemon, which is no laptop",
                "Leave the options out.",
                code="code-options",
            )
        actions.sync.enroll(code, as_json=as_json)  # imports the host's side
        return True
    if choices.dry_run or choices.passphrase_file:
        raise InvalidError(
            "a code has no passphrase, and what it gives is known only when it is used",
            "Leave --passphrase-file and --dry-run out.",
            code="code-options",
        )
    from certkit.enroll import online, renewal_record, timers  # HTTP, which no bundle needs

    user = user_of(os.environ)
    with contextlib.nullcontext() if choices.no_probe else beside(probe.prepare):
        received = _given(user, code)
    clients = choices.clients or ([received.client] if received.client else [])
    planned = _plan(_renamed(received.bundle, choices), choices, clients)
    renewal_record.remember(planned, received.server, choices.config, choices.daemon, code)
    is_done = planned.is_done and not choices.force
    if not is_done:
        planned.apply()
    say_timer = None if choices.no_timer else partial(enrollment_report.say_timer, timers.start(user, os.environ))
    online.forget(user, code)  # at the end: whoever was interrupted before asks with the same key again
    return _say_and_prove(planned, choices, is_done=is_done, as_json=as_json, say_more=say_timer)


def _given(user: User, code: codes.Code) -> "Received":
    """Use a code; one that was used here gives what it gave before: people paste a line twice."""
    from certkit.enroll import online, renewal_record

    team = renewal_record.team_of(user, code)
    if team is None or online.waits(user, code):
        return online.enroll(user, code)
    from certkit.enroll import renewal  # rarely needed

    return renewal.again(os.environ, team)


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


def _say_and_prove(
    planned: enrollment.Enrollment,
    choices: Choices,
    *,
    is_done: bool,
    as_json: bool,
    say_more: Callable[[], None] | None = None,
) -> bool:
    changes = not is_done and not choices.dry_run
    if changes:
        enrollment_report.tell_of_work_trees(planned)
    # The proof imports gRPC and OpenSSL, which nothing else here needs.
    if as_json:
        reports = actions.enrollment_proof.reports(planned) if changes and not choices.no_probe else []
        say_json(enrollment_report.as_data(planned, reports, changed=changes))
        return all(report.ok for report in reports)
    enrollment_report.say_outcome(planned, is_done=is_done, changed=changes)
    if not choices.dry_run:
        enrollment_report.tell_left_out(planned)
    if say_more:
        say_more()
    if changes and not choices.no_probe:
        return actions.enrollment_proof.prove(planned)
    if changes:
        enrollment_report.say_variables(planned)
    return True


def _ask_whether_it_is_the_same(*, input_taken: bool) -> None:
    """Ask for the comparison; raise RefusedError unless the answer is yes."""
    if not confirmed("Is it the same?", input_taken=input_taken):
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

    bundle = passphrases.unlock("Passphrase", secret_file, attempt, input_taken=files.is_standard_input(path))
    with input_files.naming(path):
        check_time(bundle, context.now())
    return _renamed(bundle, choices), is_encrypted


def _renamed(bundle: Bundle, choices: Choices) -> Bundle:
    return replace(bundle, team=names.slug(choices.team, "team")) if choices.team else bundle
