"""Results in words: what the values of enumerations mean to people."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol

_WORDS: Mapping[str, str] = {
    # authority.unfinished.Kind
    "links": "links that a copied home, or an interrupted command, has left out",
    "passphrase": "the change of the authorities' passphrase",
    "authority": "the change of the authority that signs",
    "ledger": "what was published and the database has lost since, as if restored: see certkit log",
    "publication": "the publication of what daemons are to trust",
    "canary": "the canary of the newest authority",
    "daemon-files": "the newest files of a daemon",
    "daemon-certificate": "the new certificate of a daemon",
    "daemon-removal": "the removal of a daemon",
    # authority.publication.Stale
    "publication-before-restore": "this home was restored, and what was published after the backup is not known",
    "publication-dated-ahead": "it is dated ahead of this machine's clock",
    "publication-of-former-form": "a former certkit published last",
    # authority.overview.Expiry
    "not-renewed": "should have renewed by now",
    "not-yet-valid": "is not valid yet: a clock is, or was, wrong",
    # authority.overview.Growth, Lack, Exposure, Note
    "nears-secret-limit": "its files soon are too large for a Kubernetes Secret (1 MiB): shorter lives in team.yml, or "
    "a new client authority, make them small again",
    "nears-backup-limit": "it soon is too large for a backup (1 GiB): copy it as a whole, with nothing at work on it, "
    "and a ledger in PostgreSQL by pg_dump",
    "no-daemon": "the team has none, and nobody can be enrolled",
    "readable-by-others": "others on this machine have rights to it",
    "not-encrypted": "the authorities' keys are not encrypted: certkit authority passphrase",
    "never-backed-up": "this home was never backed up: certkit backup FILE",
    "undelivered": "bundles were recorded and not written, as the command was interrupted: run it again",
    # authority.daemons.Behind
    "open-to-everybody": "OPEN TO EVERYBODY when last checked",
    "no-certificate": "has no certificate",
    "not-seen": "not seen yet",
    "former-anchors": "not seen to hold the newest anchors",
    "former-certificate": "not seen to serve its newest certificate",
    # authority.host_sync.Outcome, in front of which stands what is the matter
    "host-waiting": "its host waits for builds to end",
    "host-unproven": "its host has the files, and sees that it does not hold them",
    "host-failed": "its host could not restart it",
    # authority.batches.Why
    "has-certificate": "has a certificate",
    "expired-long-ago": "expired long ago: issue for it by its name",
    # authority.existing_ca.Shortcoming
    "makes-authorities": "it may make further authorities (no path length of 0)",
    "no-crl-signing": "its key usage does not cover CRLs: strict readers refuse its crl.pem",
    "unknown-certificates": "certificates that it signed before still get in, and can be shut out only by retiring it: "
    "certkit does not know them (certkit rotate client --help)",
    "name-constraints": "it has name constraints, which must allow every daemon's name: others are refused",
    "unknown-daemons": "whoever holds a certificate that it signed before, for a daemon's name, can pose as that "
    "daemon",
    "weak-signature": "it has signed itself with SHA-1 or MD5: daemons and clients trust it all the same, "
    "but scanners complain",
    "short-key": "its RSA key has fewer than 3072 bits: that suffices until about 2030",
    "rare-curve": "its key is on P-521, which Go and OpenSSL know, and browsers and some hardware do not",
    "key-elsewhere": "others may hold its key: where it has been, certkit cannot know",
}


def of(value: str | StrEnum) -> str:
    """Return what a value means; itself if it is a word already."""
    return _WORDS.get(str(value), str(value))


class Expiring(Protocol):
    """Something that expires, and what is the matter with it."""

    @property
    def attention(self) -> StrEnum | None:
        """What is the matter, None if nothing is."""

    @property
    def expires(self) -> datetime | None:
        """Its end."""

    @property
    def came(self) -> datetime | None:
        """When it last came to the server, if it ever did."""

    @property
    def renews_by(self) -> datetime | None:
        """By when it should have renewed by itself, if it does."""


def attention(found: Expiring, now: datetime) -> str:
    """Return what is the matter with something that expires; empty if nothing is."""
    if found.attention is None:
        return ""
    said = of(found.attention)
    if found.expires and found.attention == "expires-soon":
        said = f"expires in {(found.expires - now).days} days"
    if found.renews_by and found.attention == "not-renewed":
        said = f"should have renewed by {found.renews_by:%Y-%m-%d}"
    return f"{said}, last came {found.came:%Y-%m-%d}" if found.came and found.renews_by else said


def skipped(why: StrEnum, expires: datetime | None) -> str:
    """Return why somebody in a list is skipped, with the end of the certificate that they have."""
    return of(why) + (f" until {expires.date()}" if expires and why == "has-certificate" else "")
