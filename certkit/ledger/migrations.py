"""The schema as numbered steps, each applied once and never changed after a release.

`{identity}` and `{bytes}` stand for the two things that databases spell differently.
"""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
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
)
