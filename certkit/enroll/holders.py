"""Who this machine is enrolled as: for whoever asks for the next certificate."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from certkit import files
from certkit.earthly import flag_clients
from certkit.earthly.clients import KINDS, locate
from certkit.earthly.user import user_of
from certkit.enroll import record
from certkit.errors import CertkitError
from certkit.pki import certificates, extensions, names


class Holder(NamedTuple):
    """A person, and which of their devices this is."""

    person: str
    device: str


def find(environ: Mapping[str, str]) -> set[Holder]:
    """Return whom this machine is enrolled as, in whatever team; what cannot be read counts for nothing."""
    with files.acting_as(user_of(environ).owner):
        return {*_of_configurations(environ), *_of_flag_files(environ)}


def _of_configurations(environ: Mapping[str, str]) -> Iterator[Holder]:
    for client in (locate(name, environ) for name in KINDS):
        for team in record.teams(client):
            try:
                found = record.load(record.folder_of(client, team))
            except CertkitError:
                continue
            if found:
                yield Holder(found.person, found.device)


def _of_flag_files(environ: Mapping[str, str]) -> Iterator[Holder]:
    """Read it from the certificates, for nothing else is kept: a device whose name they only resemble is left out."""
    for daemon in flag_clients.enrolled(user_of(environ)):
        try:
            own = certificates.load(files.read(daemon.folder / "cert.pem"))
            called = extensions.dns_names(own)
        except CertkitError:
            continue
        person = certificates.words(own.subject)
        if device := names.device_named(called[0] if called else "", person):
            yield Holder(person, device)
