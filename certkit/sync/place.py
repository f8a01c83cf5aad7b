"""What a daemon's host knows between two rounds: a folder for each daemon, replaced as a whole."""

import contextlib
import json
import os
import pwd
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509

from certkit import files
from certkit.enroll import codes
from certkit.enroll.codes import Server
from certkit.errors import CertkitError, MalformedError, MissingError
from certkit.pki import certificates, keys, names
from certkit.pki.keys import PrivateKey
from certkit.results import time_text

_RECORD, _AUTHORITIES = "host.json", "ca.pem"
_IDENTITY, _WATCHER = ("cert.pem", "key.pem"), ("watcher.pem", "watcher-key.pem")


@dataclass(frozen=True)
class Pair:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)


@dataclass(frozen=True)
class Host:
    """The host of one daemon: whose it is, by what it is known, and what it has seen."""

    team: str
    daemon: str
    url: str
    directory: Path
    """Where the daemon's files lie."""
    server: Server
    authorities: tuple[x509.Certificate, ...]
    """Those by which the server and the daemon are known."""
    identity: Pair
    """What the server is shown; it gets in at no daemon."""
    watcher: Pair
    """What this daemon alone is shown, to be asked whether anybody builds; made here, and known to no server."""
    number: int = 0
    """The highest number of a publication that was seen here."""
    digest: str = ""
    """The digest in the label of that publication."""
    since: datetime | None = None
    """Since when files are there that the daemon was not seen to hold; None if it was."""
    restarted: str = ""
    """For which files the restart command has last been run, as `Held.mark` has it."""
    code: str = ""
    """The digest of the code that was used."""


@dataclass(frozen=True)
class Place:
    """Where all that is kept for one daemon."""

    data: Path
    daemon: str

    @property
    def folder(self) -> Path:
        """What is known; it is a link, and its files are to be read behind it."""
        return self.data / self.daemon

    @property
    def next_identity(self) -> Path:
        """Where the key of the next identity waits."""
        return self.data / f"{self.daemon}.identity.pem"

    @property
    def next_key(self) -> Path:
        """Where the daemon's next key waits."""
        return self.data / f"{self.daemon}.key.pem"

    def shown(self) -> tuple[str, str]:
        """Return the files of the identity; both of one, whoever replaces it meanwhile."""
        folder = self.folder.resolve()
        return str(folder / _IDENTITY[0]), str(folder / _IDENTITY[1])

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else change anything of this daemon's."""
        files.make_private_directory(self.data)
        with files.locked(self.data / f"{self.daemon}.lock"):
            yield

    def save(self, host: Host) -> None:
        """Keep what is known, in one step."""
        record = {
            "version": 1,
            "team": host.team,
            "url": host.url,
            "directory": str(host.directory),
            "server": host.server.url,
            "number": host.number,
            "digest": host.digest,
            "since": time_text(host.since) if host.since else None,
            "restarted": host.restarted,
            "code": host.code,
        }
        files.make_private_directory(self.data)
        files.write_directory(
            self.folder,
            {
                _RECORD: json.dumps(record, indent=1).encode() + b"\n",
                _AUTHORITIES: b"".join(map(certificates.to_pem, host.authorities)),
                **_encoded(host.identity, _IDENTITY),
                **_encoded(host.watcher, _WATCHER),
            },
        )

    def load(self) -> Host:
        """Read what is known; raise MissingError if there is nothing, MalformedError if it is damaged."""
        folder = self.folder.resolve()
        try:
            content = files.read(folder / _RECORD)
        except MissingError:
            raise MissingError(
                f"this machine is not enrolled as the host of a daemon {self.daemon}",
                code="host-not-enrolled",
                daemon=self.daemon,
            ) from None
        try:
            return self._host(json.loads(content), folder)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, CertkitError):
            raise MalformedError(f"{self.folder} is damaged", code="host-damaged", path=self.folder) from None

    def _host(self, found: Mapping[str, object], folder: Path) -> Host:
        number, since = found["number"], found["since"]
        if not isinstance(number, int):
            raise TypeError(number)
        return Host(
            team=str(found["team"]),
            daemon=self.daemon,
            url=str(found["url"]),
            directory=Path(str(found["directory"])),
            server=codes.parse_server(str(found["server"])),
            authorities=tuple(certificates.load_all(files.read(folder / _AUTHORITIES))),
            identity=_decoded(folder, _IDENTITY),
            watcher=_decoded(folder, _WATCHER),
            number=number,
            digest=str(found["digest"]),
            since=datetime.fromisoformat(str(since)) if since else None,
            restarted=str(found["restarted"]),
            code=str(found.get("code", "")),
        )


def data(environ: Mapping[str, str]) -> Path:
    """Return the folder of all that is kept here: root's own under sudo, for daemons are no user's."""
    home = Path(pwd.getpwuid(os.geteuid()).pw_dir) if environ.get("SUDO_USER") else None
    return files.application_directory(home, "certkit-host")


def enrolled(environ: Mapping[str, str]) -> list[str]:
    """Return the daemons whose host this machine is, by name."""
    return sorted(each.name for each in data(environ).glob("[!.]*") if each.is_symlink())


def place(environ: Mapping[str, str], daemon: str) -> Place:
    """Return where what is known of a daemon is; raise InvalidError for what cannot be a daemon's name."""
    return Place(data(environ), names.slug(daemon, "daemon"))


def _encoded(pair: Pair, called: tuple[str, str]) -> dict[str, bytes]:
    return dict(zip(called, (certificates.to_pem(pair.certificate), keys.to_pem(pair.key)), strict=True))


def _decoded(folder: Path, called: tuple[str, str]) -> Pair:
    certificate, key = (files.read(folder / each) for each in called)
    return Pair(certificates.load(certificate), keys.load(key))
