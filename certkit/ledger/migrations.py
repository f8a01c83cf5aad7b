"""The schema as numbered steps, each applied once and never changed after a release.

`{identity}` and `{bytes}` stand for the two things that databases spell differently. What SQL alone cannot do is a
function that is given what runs a statement.
"""

from collections.abc import Callable, Sequence
from typing import Any

from certkit.pki import names

Run = Callable[..., list[Sequence[Any]]]
"""Runs a statement with the values of its parameters; returns rows."""


def shorten(run: Run, number: int) -> None:
    """Keep of a publication that was replaced what tells it from others: its last certificate, which is its label."""
    [[ca]] = run("SELECT ca FROM anchors WHERE number = :number", number=number)
    run(
        "UPDATE anchors SET ca = :label, crl = :nothing, excluded = '[]' WHERE number = :number",
        label=bytes(ca)[max(bytes(ca).rfind(b"-----BEGIN"), 0) :],
        nothing=b"",
        number=number,
    )


def fold_anew(run: Run) -> None:
    """Write anew what names that look alike have in common: a former certkit left in it what cannot be seen.

    Where two then have the same, as they never could be let in today, the second keeps what it had.
    """
    for name, former in run("SELECT name, folded FROM people ORDER BY name"):
        folded = names.folded(name)
        if folded != former and not run("SELECT name FROM people WHERE folded = :folded", folded=folded):
            run("UPDATE people SET folded = :folded WHERE name = :name", folded=folded, name=name)


def shorten_all_but_newest(run: Run) -> None:
    """Do so with each but the newest: every publication has all names that are excluded, and the newest is enough."""
    for [number] in run("SELECT number FROM anchors WHERE number < (SELECT max(number) FROM anchors) ORDER BY number"):
        shorten(run, number)


MIGRATIONS: tuple[tuple[str | Callable[[Run], None], ...], ...] = (
    (
        """CREATE TABLE people (
            name TEXT PRIMARY KEY, label TEXT NOT NULL UNIQUE, folded TEXT NOT NULL UNIQUE, created TEXT NOT NULL,
            revoked_at TEXT, revoked_reason TEXT)""",
        """CREATE TABLE devices (
            person TEXT NOT NULL REFERENCES people (name), name TEXT NOT NULL, label TEXT NOT NULL,
            created TEXT NOT NULL, revoked_at TEXT, revoked_reason TEXT,
            PRIMARY KEY (person, name), UNIQUE (person, label))""",
        """CREATE TABLE daemons (
            name TEXT PRIMARY KEY, url TEXT NOT NULL, hosts TEXT NOT NULL, created TEXT NOT NULL,
            proven INTEGER NOT NULL, written INTEGER NOT NULL, serving TEXT NOT NULL, removed TEXT)""",
        """CREATE TABLE certificates (
            id {identity}, serial TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, issuer TEXT NOT NULL,
            person TEXT, device TEXT, daemon TEXT REFERENCES daemons (name),
            not_before TEXT NOT NULL, not_after TEXT NOT NULL, der {bytes} NOT NULL, created TEXT NOT NULL,
            trusts TEXT NOT NULL, pin TEXT NOT NULL,
            FOREIGN KEY (person, device) REFERENCES devices (person, name))""",
        "CREATE INDEX certificates_by_device ON certificates (person, device, id)",
        "CREATE INDEX certificates_by_end ON certificates (kind, not_after)",
        "CREATE INDEX certificates_by_key ON certificates (pin)",
        """CREATE TABLE anchors (
            number INTEGER PRIMARY KEY, created TEXT NOT NULL, ca {bytes} NOT NULL, crl {bytes} NOT NULL,
            generations TEXT NOT NULL, excluded TEXT NOT NULL)""",
        "CREATE TABLE states (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
        """CREATE TABLE events (
            id {identity}, at TEXT NOT NULL, actor TEXT NOT NULL, host TEXT NOT NULL,
            action TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL)""",
        "CREATE INDEX events_by_subject ON events (subject, id)",
    ),
    (
        # What lies in one host's folders is that host's matter; so are settings, which are read before the ledger.
        "ALTER TABLE daemons DROP COLUMN written",
        "DELETE FROM states WHERE name = 'settings'",
        "ALTER TABLE events ADD COLUMN access TEXT NOT NULL DEFAULT 'home'",
    ),
    (
        # Daemons had no order; that of their first certificates is the order in which they were added.
        "ALTER TABLE daemons ADD COLUMN place INTEGER NOT NULL DEFAULT 0",
        """UPDATE daemons SET place = coalesce(
            (SELECT min(certificates.id) FROM certificates WHERE certificates.daemon = daemons.name), 0)""",
        "ALTER TABLE certificates ADD COLUMN urls TEXT NOT NULL DEFAULT '[]'",
    ),
    # How a daemon runs on its host.
    ("ALTER TABLE daemons ADD COLUMN deployment TEXT",),
    (
        # Codes to enroll with. Each use is a row from the beginning, so that to make one is to update one.
        """CREATE TABLE codes (
            id {identity}, digest TEXT NOT NULL UNIQUE, person TEXT NOT NULL REFERENCES people (name), device TEXT,
            client TEXT NOT NULL, created TEXT NOT NULL, expires TEXT NOT NULL, cancelled TEXT)""",
        """CREATE TABLE code_uses (
            code TEXT NOT NULL REFERENCES codes (digest), number INTEGER NOT NULL, used_at TEXT, pin TEXT,
            serial TEXT REFERENCES certificates (serial), PRIMARY KEY (code, number))""",
        "CREATE INDEX codes_by_end ON codes (expires)",
        "CREATE INDEX code_uses_by_certificate ON code_uses (serial)",
    ),
    (
        # When a device last came to the server, and what it showed there.
        "ALTER TABLE devices ADD COLUMN came TEXT",
        "ALTER TABLE devices ADD COLUMN shown TEXT NOT NULL DEFAULT ''",
    ),
    (
        # Daemons whose hosts sync; and codes for them, which are no person's. No database that is meant here takes
        # NOT NULL away in the same words, so the two tables are written anew.
        "ALTER TABLE daemons ADD COLUMN sync TEXT",
        "ALTER TABLE daemons ADD COLUMN proven_at TEXT",
        """CREATE TABLE new_codes (
            id {identity}, digest TEXT NOT NULL UNIQUE, person TEXT REFERENCES people (name), device TEXT,
            client TEXT NOT NULL, created TEXT NOT NULL, expires TEXT NOT NULL, cancelled TEXT,
            daemon TEXT REFERENCES daemons (name))""",
        """INSERT INTO new_codes (digest, person, device, client, created, expires, cancelled)
            SELECT digest, person, device, client, created, expires, cancelled FROM codes ORDER BY id""",
        """CREATE TABLE new_code_uses (
            code TEXT NOT NULL REFERENCES new_codes (digest), number INTEGER NOT NULL, used_at TEXT, pin TEXT,
            serial TEXT REFERENCES certificates (serial), PRIMARY KEY (code, number))""",
        """INSERT INTO new_code_uses (code, number, used_at, pin, serial)
            SELECT code, number, used_at, pin, serial FROM code_uses""",
        "DROP TABLE code_uses",
        "DROP TABLE codes",
        "ALTER TABLE new_codes RENAME TO codes",
        "ALTER TABLE new_code_uses RENAME TO code_uses",
        "CREATE INDEX codes_by_end ON codes (expires)",
        "CREATE INDEX code_uses_by_certificate ON code_uses (serial)",
    ),
    (
        # With many people, nothing may take a look at each of them.
        "CREATE INDEX certificates_by_daemon ON certificates (daemon, id)",
        "CREATE INDEX people_revoked ON people (revoked_at) WHERE revoked_at IS NOT NULL",
        "CREATE INDEX devices_revoked ON devices (revoked_at) WHERE revoked_at IS NOT NULL",
        shorten_all_but_newest,
        fold_anew,
    ),
    (
        # Who may do what a lead does over the network, and what more than one of them must want.
        "CREATE TABLE leads (person TEXT PRIMARY KEY REFERENCES people (name), since TEXT NOT NULL)",
        """CREATE TABLE proposals (
            name TEXT PRIMARY KEY, person TEXT NOT NULL REFERENCES people (name), created TEXT NOT NULL,
            expires TEXT NOT NULL, command TEXT NOT NULL, call TEXT NOT NULL, needed INTEGER NOT NULL,
            agreed TEXT NOT NULL, ended TEXT)""",
        "CREATE INDEX proposals_by_end ON proposals (expires)",
    ),
    (
        # With both ends of a life, it tells which certificates are not valid yet, or end soon, without their rows.
        "DROP INDEX certificates_by_end",
        "CREATE INDEX certificates_by_end ON certificates (kind, not_after, not_before)",
    ),
    (
        # Most certificates are no daemon's, and most uses are written before there is a certificate: whoever enrolls
        # should not have to wait for places in an index where nobody looks.
        "DROP INDEX certificates_by_daemon",
        "CREATE INDEX certificates_by_daemon ON certificates (daemon, id) WHERE daemon IS NOT NULL",
        "DROP INDEX code_uses_by_certificate",
        "CREATE INDEX code_uses_by_certificate ON code_uses (serial) WHERE serial IS NOT NULL",
    ),
    (
        # Whether a device has a certificate that has not ended, without the rows of all that it has had.
        "DROP INDEX certificates_by_device",
        "CREATE INDEX certificates_by_device ON certificates (person, device, id, not_after)",
    ),
)
