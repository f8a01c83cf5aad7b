"""What `certkit status --html` does beside what `certkit status` does."""

from datetime import datetime
from functools import partial
from pathlib import Path

from certkit import files
from certkit.authority.overview import Severity
from certkit.authority.status_page import StatusPage, status_page
from certkit.cli.support import home_access, wording
from certkit.deploy.page import render_page
from certkit.errors import MissingError, RefusedError

_GENERATOR = "certkit status"


def write(home: Path | None, path: Path) -> None:
    """Write the page, in the place of a former one, but of no other file."""
    check_former(path)
    with home_access.reading(home) as view:
        page = status_page(view)
    text = render_page(
        "status",
        generator=_GENERATOR,
        page=page,
        verdict=_verdict(page),
        day=_day,
        word=wording.of,
        why=partial(wording.attention, now=page.at),
    )
    files.write(path, text.encode())


def check_former(path: Path) -> None:
    """Raise RefusedError for a file that is there and is no such page."""
    try:
        former = files.read(path, limit=1 << 30)
    except MissingError:
        return
    if f'<meta name="generator" content="{_GENERATOR}">'.encode() not in former:
        raise RefusedError(
            f"{path} exists already and is not overwritten", "Name another file.", code="file-exists", path=path
        )


def _verdict(page: StatusPage) -> str:
    found = [each.severity for each in page.items if each.severity]
    broken, due = found.count(Severity.ERROR), found.count(Severity.WARNING)
    words = [f"{broken} {'needs' if broken == 1 else 'need'} attention"] if broken else []
    words += [f"{due} {'is' if due == 1 else 'are'} due"] if due else []
    return f"{', '.join(words)}." if words else "All is well."


def _day(time: datetime | None) -> str:
    return f"{time:%Y-%m-%d}" if time else ""
