"""One file with everything to enroll with, as a lead hands it to a developer.

It is JSON, and text throughout so that it survives any way of sending. Under a passphrase all of it is sealed.
The answer to a request is a bundle without a key. Whatever is read may have been made to do harm: sizes are
limited before anything is parsed, and names that become folders are judged here.
"""

import base64
import codecs
import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from cryptography import x509

from certkit.earthly.address import parse_shared
from certkit.enroll import bundle_fields
from certkit.errors import CertkitError, MalformedError, MissingError, RefusedError
from certkit.pki import certificates, keys, names
from certkit.pki.keys import PrivateKey

LIMIT = 256 * 1024
"""Bytes of the largest bundle that is read."""

_KIND, _SEALED_KIND, _SETTINGS_KIND, _VERSION = "certkit bundle", "certkit sealed bundle", "certkit settings", 1
_MOST_DAEMONS, _MOST_AUTHORITIES, _URL_LIMIT = 64, 8, 300
_LABEL = b"bundle"


ServerAuthorities = tuple[x509.Certificate, ...]
"""Whom a laptop is to believe that a daemon is the team's."""


class Daemon(NamedTuple):
    """A daemon that the bundle gives access to."""

    name: str
    url: str


@dataclass(frozen=True)
class Bundle:
    """Who may build where.

    There are several server authorities while one takes over from another. `key` is None in the answer to a
    request, whose key never left the laptop; two bundles with one certificate have one key.
    """

    team: str
    person: str
    device: str
    daemons: tuple[Daemon, ...]
    server_authorities: ServerAuthorities
    certificate: x509.Certificate
    key: PrivateKey | None = field(default=None, repr=False, compare=False)
    voucher: bytes = field(default=b"", compare=False)
    """The pin of the authority of the server that all this comes from; empty if it comes from a file."""

    @property
    def renewal_due(self) -> datetime:
        """From when on to ask for the next one."""
        own = self.certificate
        return certificates.renewal_due(own.not_valid_before_utc, own.not_valid_after_utc)

    @property
    def urls(self) -> frozenset[str]:
        """The URLs of all daemons."""
        return frozenset(daemon.url for daemon in self.daemons)

    def files(self) -> dict[str, bytes]:
        """Return the three files that every client needs, by name, in PEM form.

        Raises MissingError if there is no key.
        """
        if self.key is None:
            raise MissingError(
                "the bundle has no key", "Complete it where its request was made.", code="bundle-without-key"
            )
        return {
            "ca.pem": b"".join(map(certificates.to_pem, self.server_authorities)),
            "cert.pem": certificates.to_pem(self.certificate),
            "key.pem": keys.to_pem(self.key),
        }


def seal(bundle: Bundle, passphrase: str | None, *, is_drawn: bool = False) -> bytes:
    """Encode a bundle as a file, encrypted unless `passphrase` is None; for `is_drawn` see `sealed.seal`."""
    content = {
        "kind": _KIND,
        **_settings(bundle),
        "certificate": _text(bundle.certificate),
        "key": None if bundle.key is None else keys.to_pem(bundle.key).decode(),
    }
    if passphrase is None:
        return _lines(content)
    from certkit.pki import sealed  # only what is under a passphrase needs it

    clear = json.dumps(content).encode()
    text = base64.encodebytes(sealed.seal(clear, passphrase, _LABEL, is_drawn=is_drawn)).decode().split()
    return json.dumps({"kind": _SEALED_KIND, "version": _VERSION, "content": text}, indent=1).encode() + b"\n"


def open_bundle(content: bytes, ask_passphrase: Callable[[], str]) -> Bundle:
    """Read a bundle; `ask_passphrase` is called only if it is sealed.

    Raises:
        MalformedError: It is not a bundle, or one that would do harm.
        keys.WrongPassphraseError: The passphrase is another.

    """
    found = _object(content)
    if found.get("kind") == _SEALED_KIND:
        from certkit.pki import sealed  # as above

        found = _object(sealed.open_sealed(_sealed_content(found), ask_passphrase(), _LABEL))
    if found.get("kind") != _KIND:
        raise _malformed("it is not a bundle", "not-a-bundle")
    try:
        return _bundle(found)
    except CertkitError as error:
        raise _malformed(error.message, error.code, **error.fields) from None


def settings(bundle: Bundle) -> dict[str, object]:
    """Return what a server tells the holder of a bundle's certificate: all but the certificate itself and its key."""
    return {"kind": _SETTINGS_KIND, **_settings(bundle)}


def assemble(content: bytes, certificate: x509.Certificate) -> Bundle:
    """Put a certificate and what a server tells its holder together; raise MalformedError for what would do harm."""
    found = _object(content)
    if found.get("kind") != _SETTINGS_KIND:
        raise _malformed("it does not come from a server of certkit's", "not-settings")
    try:
        return _bundle({**found, "certificate": _text(certificate), "key": None})
    except CertkitError as error:
        raise _malformed(error.message, error.code, **error.fields) from None


def is_sealed(content: bytes) -> bool:
    """Tell whether a bundle is encrypted; raise MalformedError if it is not a bundle."""
    return _object(content).get("kind") == _SEALED_KIND


def check_time(bundle: Bundle, now: datetime) -> None:
    """Raise RefusedError if the bundle's certificate has expired."""
    end = bundle.certificate.not_valid_after_utc
    if end <= now:
        raise RefusedError(
            f"the certificate in this bundle expired on {end:%Y-%m-%d}",
            "Ask for a new one.",
            code="bundle-expired",
            expired=end,
        )


def _settings(bundle: Bundle) -> dict[str, object]:
    return {
        "version": _VERSION,
        "team": bundle.team,
        "person": bundle.person,
        "device": bundle.device,
        "daemons": [daemon._asdict() for daemon in bundle.daemons],
        "server_authorities": [{"pem": _text(authority)} for authority in bundle.server_authorities],
    }


def _bundle(found: dict[str, object]) -> Bundle:
    team = names.slug(bundle_fields.text(found, "team", names.TEXT_LIMIT), "team")
    person = names.text(bundle_fields.text(found, "person", names.TEXT_LIMIT), "person")
    device = names.text(bundle_fields.text(found, "device", names.TEXT_LIMIT), "device")
    dns_name = names.device_name(device, person, team)
    certificate = bundle_fields.client_certificate(found, "certificate", dns_name)
    daemons = tuple(map(_daemon, bundle_fields.items(found, "daemons", _MOST_DAEMONS)))
    if len({daemon.name for daemon in daemons}) < len(daemons):
        raise MalformedError("two of its daemons have one name", code="bundle-daemons-alike")
    authorities = tuple(
        bundle_fields.authority(item, "pem")
        for item in bundle_fields.items(found, "server_authorities", _MOST_AUTHORITIES)
    )
    key = _key(found, certificate) if found.get("key") is not None else None
    return Bundle(team, person, device, daemons, authorities, certificate, key)


def _daemon(found: dict[str, object]) -> Daemon:
    name = names.slug(bundle_fields.text(found, "name", names.TEXT_LIMIT), "daemon")
    return Daemon(name, parse_shared(bundle_fields.text(found, "url", _URL_LIMIT)).url)


def _key(found: dict[str, object], certificate: x509.Certificate) -> PrivateKey:
    key = bundle_fields.private_key(found, "key")
    if not keys.matches(key, certificate):
        raise MalformedError("its key is not that of its certificate", code="bundle-key-of-another-certificate")
    return key


def _text(certificate: x509.Certificate) -> str:
    return certificates.to_pem(certificate).decode()


def _lines(content: Mapping[str, object]) -> bytes:
    """Write an object with a line for each of its fields; `json.dumps` with an indent takes ten times as long."""
    fields = ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in content.items())
    return f"{{\n{fields}\n}}\n".encode()


def _object(content: bytes) -> dict[str, object]:
    if len(content) > LIMIT:
        raise _malformed("it is too large", "bundle-too-large", limit=LIMIT)
    try:
        found = json.loads(_without_base64(content))
    except (ValueError, RecursionError):
        raise _malformed("it is not a bundle", "not-a-bundle") from None
    if not isinstance(found, dict):
        raise _malformed("it is not a bundle", "not-a-bundle")
    if found.get("version", _VERSION) != _VERSION:
        raise MalformedError(
            "the bundle is of a later version", "Install the newest certkit.", code="bundle-of-later-version"
        )
    return found


def _without_base64(content: bytes) -> bytes:
    """Decode what was put into base64 on its way, as CI systems want their secrets; return anything else as it is."""
    text = b"".join(content.removeprefix(codecs.BOM_UTF8).split())
    if text[:1] != b"{":
        with contextlib.suppress(ValueError):
            return base64.b64decode(text, validate=True)
    return content


def _sealed_content(found: dict[str, object]) -> bytes:
    lines = found.get("content")
    with contextlib.suppress(ValueError):
        if isinstance(lines, list):
            return base64.b64decode("".join(map(str, lines)), validate=True)
    raise _malformed("what is sealed in it is damaged", "bundle-damaged")


def _malformed(problem: str, code: str, **fields: object) -> MalformedError:
    return MalformedError(
        f"this bundle cannot be used: {problem}",
        "Ask for a new one; check that it arrives whole.",
        code=code,
        **fields,
    )
