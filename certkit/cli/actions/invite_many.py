"""What `certkit invite` does for many at once: a code for each in a list, all or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from certkit.authority import invitations, server_identity
from certkit.authority.batches import Skipped
from certkit.authority.invitations import Invitation, Invited
from certkit.cli.support import checked_list, home_access, namesakes, people_list, qr_code, wording
from certkit.cli.support.code_folder import CodeFolder
from certkit.cli.support.code_report import as_data, say_drawn
from certkit.cli.support.output import say, say_json, say_table, short, showing_once, tell
from certkit.errors import CertkitError


@dataclass(frozen=True)
class Many:
    """What `certkit invite` was told for many; see the verb's options."""

    people: Path
    ttl: timedelta
    client: str | None
    out_dir: Path | None
    qr: bool
    as_json: bool


def invite(home: Path | None, many: Many) -> None:
    """Make a code for everybody in a list who cannot build yet, and write all of them to a folder, or show them."""
    folder = CodeFolder(many.out_dir) if many.out_dir else None
    if folder:
        folder.check()
    if many.qr:
        qr_code.check()
    listed = checked_list.read(many.people, people_list.OF_CODES, untitled=True)
    with home_access.changing(home) as session:
        server_identity.address(session)  # without a server nobody is asked anything
        checked_list.wanted(session, listed, "made")
        people = [line.person for line in listed.lines]
        doubt = namesakes.settle_listed(session, people, "made", can_answer=not many.as_json)
        wanted = [Invited(line.person, line.device, line.client or many.client) for line in listed.lines]
        made, skipped = invitations.invite_listed(session, wanted, life=many.ttl)
        try:
            _hand_out(many, folder, made, skipped)
        except CertkitError as error:
            invitations.withdraw(session, made)
            raise CertkitError(
                f"no code could be handed out, and all are cancelled: {error.message}", code="codes-not-handed-out"
            ) from None
    tell(*doubt)


def _hand_out(many: Many, folder: CodeFolder | None, made: Sequence[Invitation], skipped: Sequence[Skipped]) -> None:
    """Write or show the codes; raise CertkitError if that cannot be done."""
    if not (folder and made):
        with showing_once("they", None, "codes-not-shown"):
            _report(many, None, made, skipped)
        return
    folder.write(made, drawn=many.qr)
    _report(many, folder, made, skipped)


def _report(many: Many, folder: CodeFolder | None, made: Sequence[Invitation], skipped: Sequence[Skipped]) -> None:
    if many.as_json:
        table = folder.table if folder else None
        say_json({"invited": [as_data(each) for each in made], "skipped": skipped, "table": table})
        return
    if made:
        _say_made(many, folder, made)
    else:
        say("Nobody is to be invited.")
    if skipped:
        say("", f"Skipped {len(skipped)}")
        rows = [(each.person, each.device, wording.skipped(each.why, each.expires)) for each in skipped]
        say_table(("person", "device", "why"), rows)


def _say_made(many: Many, folder: CodeFolder | None, made: Sequence[Invitation]) -> None:
    count, end = "1 code" if len(made) == 1 else f"{len(made)} codes", made[0].state.expires
    say(f"Made {count}, each for one device, good until {end:%Y-%m-%d %H:%M} UTC")
    if folder:
        say(f"Table   {short(folder.table)}   who gets which code")
        say(
            "",
            f"Send each their file in {short(folder.path)}/, by a way that nobody else reads: it is the line to run.",
        )
        return
    say("")
    say_table(("person", "device", "code"), [(e.state.person, e.state.device, e.code.text) for e in made])
    say("", "Send each theirs, by a way that nobody else reads. They run", "  certkit enroll 'CODE'")
    say("or, where certkit is not installed", "  uvx certkit enroll 'CODE'")
    for each in made if many.qr else ():
        say("", f"{each.state.person}, device {each.state.device}")
        say_drawn(each)
