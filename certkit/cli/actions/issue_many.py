"""What `certkit issue` does for many at once: bundles, and the table of their passphrases."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from certkit.authority import batches
from certkit.authority.batches import Plan, Prepared, Skipped
from certkit.cli.support import checked_list, home_access, namesakes, wording
from certkit.cli.support.bundle_folder import BundleFolder
from certkit.cli.support.comparison import fingerprints
from certkit.cli.support.issuance_report import say_default
from certkit.cli.support.output import counted, say, say_json, say_table, short, tell
from certkit.pki.certificates import NOTICE


@dataclass(frozen=True)
class Many:
    """What `certkit issue` was told; without a list of people, it is about what has moved, or about what expires."""

    people: Path | None
    moved: bool
    out_dir: Path
    no_passphrase: bool
    as_json: bool


def issue(home: Path | None, many: Many) -> None:
    """Issue bundles for everybody who lacks one, and write them with their table to a folder."""
    folder = BundleFolder(many.out_dir)
    folder.check()
    parsed = checked_list.read(many.people) if many.people else None
    with home_access.changing(home) as session:
        with session.locked():
            folder.sweep()
            batches.settle(session, folder.holds)
        wanted = checked_list.wanted(session, parsed, "issued") if parsed else None
        people = [each.person for each in wanted or ()]
        doubt = namesakes.settle_listed(session, people, "issued", can_answer=not many.as_json)

        def look() -> Plan:
            if wanted is not None:
                return batches.plan_listed(session, wanted)
            return batches.plan_moved(session) if many.moved else batches.plan_expiring(session)

        plan = look()
        folder.check_free(plan.missing)
        making = batches.prepare(session, plan.missing, encrypted=not many.no_passphrase) if plan.missing else ()
        prepared = list(counted(making, len(plan.missing), "Making bundle"))
        if prepared:
            batches.deliver(session, look, plan, prepared, folder.write)
    _report(many, folder, prepared, plan.skipped)
    tell(*doubt)


def _report(many: Many, folder: BundleFolder, prepared: Sequence[Prepared], skipped: Sequence[Skipped]) -> None:
    if many.as_json:
        say_json(
            {
                "issued": [folder.as_data(each) for each in prepared],
                "skipped": skipped,
                "table": folder.table if prepared else None,
            }
        )
        return
    if prepared:
        _say_issued(many, folder, prepared)
    else:
        say(_nothing(many))
    if skipped:
        say("", f"Skipped {len(skipped)}")
        say_table(
            ("person", "device", "why"),
            [(each.person, each.device, wording.skipped(each.why, each.expires)) for each in skipped],
        )


def _nothing(many: Many) -> str:
    if many.people:
        return "Nothing to issue."
    return "No laptop has a former URL." if many.moved else f"Nothing expires within {NOTICE.days} days."


def _say_issued(many: Many, folder: BundleFolder, prepared: Sequence[Prepared]) -> None:
    count = "1 bundle" if len(prepared) == 1 else f"{len(prepared)} bundles"
    say(f"Issued {count}, in {short(folder.path)}/")
    if many.no_passphrase:
        say(f"Table   {short(folder.table)}   who gets which file")
        tell("The bundles are not encrypted: whoever has a file may build.")
    else:
        say(f"Table   {short(folder.table)}   who gets which file, and which passphrase: give them separately")
    say_default(prepared[0].issued.bundle, "Daemon  ")
    say("", "They run, each with their own file", "  certkit enroll FILE")
    if many.no_passphrase:
        authorities = prepared[0].issued.bundle.server_authorities
        say("and compare with you, by phone or in person", *fingerprints(authorities))
