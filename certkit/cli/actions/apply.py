"""What `certkit apply` does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

from certkit import files
from certkit.authority import batches, daemons, invitations, issuance, roster, roster_file, server_identity
from certkit.authority.batches import Prepared
from certkit.authority.invitations import Invitation
from certkit.authority.roster_file import Roster
from certkit.authority.roster_people import alike
from certkit.authority.roster_plan import Act, Kind, Plan
from certkit.authority.session import Session
from certkit.authority.view import View
from certkit.cli.support import behalf, home_access, input_files, roster_report
from certkit.cli.support.bundle_folder import BundleFolder
from certkit.cli.support.code_folder import CodeFolder
from certkit.cli.support.code_report import as_data
from certkit.cli.support.deployment_steps import say_deployment, say_update
from certkit.cli.support.output import counted, say, say_json, short, tell
from certkit.cli.support.questions import can_ask, confirmed
from certkit.errors import InvalidError, RefusedError

_CODE_LIFE = timedelta(days=7)
"""Longer than that of a single code: so many are not handed out within an hour."""
_FEW = 5


@dataclass(frozen=True)
class Options:
    """What `certkit apply` was told; see the verb's options."""

    file: Path
    prune: bool
    out: Path | None
    yes: bool
    as_json: bool


@dataclass(frozen=True)
class HandedOut:
    """What people are to be given: bundles or codes, never both, and the table of them."""

    bundles: Sequence[Prepared] = ()
    codes: Sequence[Invitation] = ()
    table: Path | None = None


def plan(home: Path | None, options: Options) -> bool:
    """Show what would be done; return whether there is anything."""
    wanted = _read(options.file)
    with home_access.reading(home) as view:
        found = _plan(view, wanted, options)
        _tell_alike(view, wanted)
    if options.as_json:
        say_json(_as_data(found, HandedOut(), options.out))
    else:
        roster_report.say_changes(found)
        say(roster_report.planned(found))
    return bool(found.changes)


def apply(home: Path | None, options: Options) -> None:
    """Make the team be as the roster says."""
    wanted = _read(options.file)
    with home_access.changing(home) as session:
        if options.out:
            _clear(session, options.out)
        found = _plan(session, wanted, options)
        _tell_alike(session, wanted)
        if not options.as_json:
            roster_report.say_changes(found)
        if not found.changes:
            _say_nothing(found, options)
            return
        _check(session, found, options)
        given = _apply(session, wanted, found, options)
        if options.as_json:
            say_json(_as_data(found, given, options.out) | {"applied": True})
            return
        say(roster_report.done(found))
        _say_handed_out(given)
        new = [each.name for each in found.changes if (each.kind, each.act) == (Kind.DAEMON, Act.ADD)]
        if found.daemons.steps or found.people.revoked:
            say_update(session, new=new)
        for name in new:
            say("", f"Next, for {name}, which is new")
            say_deployment(session, daemons.find(session, name))


def _read(named: Path) -> Roster:
    content = input_files.read(named, "roster", files.READ_LIMIT)
    with input_files.naming(input_files.path_of(named)):
        return roster_file.parse(content)


def _plan(view: View, wanted: Roster, options: Options) -> Plan:
    with input_files.naming(input_files.path_of(options.file)):
        return roster.plan(view, wanted, prune=options.prune)


def _clear(session: Session, folder: Path) -> None:
    """Note what an interrupted run has delivered all the same, and remove the rest of it."""
    bundles = BundleFolder(folder)
    with session.locked():
        bundles.sweep()
        CodeFolder(folder).sweep()
        batches.settle(session, bundles.holds)


def _check(session: Session, found: Plan, options: Options) -> None:
    """Raise if something is missing that is needed on the way, or if nobody has agreed to what is lost by it."""
    if found.policy and session.home.shares_ledger and behalf.current():
        raise RefusedError(
            "the team's settings would change on one of several servers", code="settings-on-one-of-several"
        )
    if found.people.missing:
        if options.out is None:
            count = len(found.people.missing)
            raise InvalidError(
                f"{count} {'is' if count == 1 else 'are'} to get a bundle or a code, and there is no folder for them",
                "Name one: --out FOLDER",
                code="out-missing",
            )
        if server_identity.is_known(session):
            CodeFolder(options.out).check()
        else:
            BundleFolder(options.out).check()
            BundleFolder(options.out).check_free(found.people.missing)
    with_keys = [name for name in found.daemons.removed if daemons.removal(session, name).has_key]
    if options.yes or not (with_keys or found.people.revoked):
        return
    is_piped = files.is_standard_input(input_files.path_of(options.file))
    if not can_ask(input_taken=is_piped) or options.as_json:
        if with_keys:
            raise InvalidError(
                f"with the daemon {with_keys[0]} its key would go, and there is nobody to ask",
                "Add --yes. What would go: certkit apply --plan",
                code="roster-unasked",
            )
        return
    if not confirmed(f"{roster_report.planned(found)} Apply that?", input_taken=is_piped):
        raise RefusedError("the team stays as it is", "Nothing was changed.", code="roster-not-confirmed")


def _apply(session: Session, wanted: Roster, found: Plan, options: Options) -> HandedOut:
    if found.people.revoked or found.people.missing:
        session.authority("client")  # asks for the passphrase, if at all, before others have to wait
    with session.locked():
        if roster.plan(session, wanted, prune=options.prune) != found:
            raise RefusedError("another command has just changed the team", "Run it again.", code="roster-overtaken")
        session = roster.change(session, found)
        given = HandedOut()
        if options.out and found.people.missing:
            give = _give_codes if server_identity.is_known(session) else _give_bundles
            given = give(session, partial(_handouts, session, wanted, options), found.people.handouts, options.out)
        roster.name_leads(session, found)
        return given


def _handouts(session: Session, wanted: Roster, options: Options) -> batches.Plan:
    return roster.people(session, wanted, prune=options.prune).handouts


def _give_codes(session: Session, look: batches.Look, plan: batches.Plan, out: Path) -> HandedOut:
    table, draft = CodeFolder(out), invitations.drafting(session, _CODE_LIFE)
    drafts = [
        draft(each.person, each.device or issuance.new_device_name(session, each.person)) for each in plan.missing
    ]
    is_open = partial(invitations.is_open, session)
    made = invitations.hand_out(
        session,
        look,
        plan,
        counted(drafts, len(drafts), "Making code"),
        lambda made: table.write_table(made, is_open),
    )
    return HandedOut(codes=made, table=table.table)


def _give_bundles(session: Session, look: batches.Look, plan: batches.Plan, out: Path) -> HandedOut:
    folder = BundleFolder(out)
    making = batches.prepare(session, plan.missing, encrypted=True)
    prepared = list(counted(making, len(plan.missing), "Making bundle"))
    batches.deliver(session, look, plan, prepared, folder.write)
    return HandedOut(bundles=prepared, table=folder.table)


def _tell_alike(view: View, wanted: Roster) -> None:
    pairs = alike(view, wanted.people or ())
    tell(*(f"{new} is new, and almost the name of {other}, who is not in the roster." for new, other in pairs[:_FEW]))
    if len(pairs) > _FEW:
        tell(f"So are {len(pairs) - _FEW} more.")


def _say_nothing(found: Plan, options: Options) -> None:
    if options.as_json:
        say_json(_as_data(found, HandedOut(), options.out))
    else:
        say(roster_report.planned(found))


def _say_handed_out(given: HandedOut) -> None:
    if given.table is None:
        return
    if given.codes:
        end = given.codes[0].state.expires
        say(f"Codes    {short(given.table)}   who gets which, good once, until {end:%Y-%m-%d %H:%M} UTC")
        say("", "They run, each with their own code", "  certkit enroll CODE")
    else:
        say(f"Bundles  {short(given.table)}   who gets which file, and which passphrase: give them separately")
        say("", "They run, each with their own file", "  certkit enroll FILE")


def _as_data(found: Plan, given: HandedOut, out: Path | None) -> dict[str, object]:
    folder = BundleFolder(out) if out else None
    return {
        "applied": False,
        "changes": found.changes,
        "left": found.left,
        "issued": [folder.as_data(each) for each in given.bundles if folder],
        "invited": [as_data(each) for each in given.codes],
        "table": given.table,
    }
