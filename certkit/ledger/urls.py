"""URLs of ledgers: which database is meant, and how it is shown, which is without any password."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from certkit.errors import InvalidError

SQLITE = "sqlite"
POSTGRESQL = ("postgresql", "postgres")
"""Both are libpq's."""

_SECRET = r"(?i)[^&?=]*password"  # noqa: S105  what it is called
"""The options of libpq that are secrets: `password` and `sslpassword`."""


class Address(NamedTuple):
    """Where a PostgreSQL database is: a URL that holds nothing secret, and what libpq is told beside it."""

    url: str
    options: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Address({self.url!r})"  # a password is not shown by accident


def shown(url: str) -> str:
    """Return a URL as it may be shown: without its passwords, and good for whoever has them from elsewhere.

    What is no URL at all may be the mistake of somebody who has typed a password: it is cut off there.
    """
    scheme, found, rest = url.partition("://")
    if not found:
        return re.sub(r"(?is)(password).*", r"\1…", url)
    user, _, rest = _parts(rest)
    place, _, query = rest.partition("?")
    kept = "&".join(each for each in query.split("&") if not re.match(_SECRET, each.partition("=")[0]))
    return f"{scheme}://{user}{'@' if user else ''}{place}{'?' if kept else ''}{kept}"


def has_password(url: str) -> bool:
    """Tell whether a password stands in a URL."""
    return shown(url) != url


def is_postgresql(url: str) -> bool:
    """Tell whether a URL is that of a PostgreSQL database."""
    scheme, found, _ = url.partition("://")
    return bool(found) and scheme in POSTGRESQL


def address(url: str) -> Address:
    """Take a URL of PostgreSQL apart, so that libpq sees no secret in what it may quote in a message."""
    _, _, rest = url.partition("://")
    user, password, rest = _parts(rest)
    place, _, query = rest.partition("?")
    pairs = (each.partition("=") for each in query.split("&") if each)
    given = {"user": user, "password": password} | {name: value for name, _, value in pairs}
    return Address(f"postgresql://{place}", {name: unquote(value) for name, value in given.items() if value})


def _parts(rest: str) -> tuple[str, str, str]:
    """Split off the user and the password of a URL, in which an @, / or ? that should have been quoted may stand."""
    userinfo, _, behind = rest.rpartition("@")
    user, colon, password = userinfo.partition(":")
    is_of_query = "/" in user or (not colon and "?" in user)
    return ("", "", rest) if is_of_query else (user, password, behind)


def file_url(path: Path) -> str:
    """Return the URL of a ledger in a file."""
    return f"{SQLITE}://{path.absolute().as_uri().removeprefix('file://')}"


def path_of(url: str) -> Path:
    """Return the file that a URL names; raise InvalidError for a URL of no known kind."""
    try:
        parts = urlsplit(url)
    except ValueError:  # such as a bracket that is not closed
        parts = urlsplit("")
    path = Path(unquote(parts.path))
    if parts.scheme != SQLITE or parts.netloc or not parts.path.startswith("/") or not path.name:
        raise InvalidError(
            f"{shown(url)!r} is not the URL of a ledger",
            "Write postgresql://HOST/DATABASE or sqlite:///PATH, or leave it out: the ledger is then a file in the "
            "home.",
            code="ledger-url",
            url=shown(url),
        )
    return path
