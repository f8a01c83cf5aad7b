"""What `certkit init` does."""

import contextlib
import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from certkit import files
from certkit.authority import creation, new_home
from certkit.authority.authorities import authority_states
from certkit.authority.creation import FirstDaemon
from certkit.authority.daemons import states
from certkit.authority.existing_ca import shortcomings
from certkit.authority.settings import Settings
from certkit.authority.view import View
from certkit.cli.support import (
    actor,
    authority_passphrases,
    context,
    home_access,
    input_files,
    unresolved_names,
    wording,
    work_trees,
)
from certkit.cli.support.authority_passphrases import Source
from certkit.cli.support.deployment_steps import say_deployment
from certkit.cli.support.output import say, say_json, short, tell
from certkit.earthly.address import parse_shared
from certkit.errors import InvalidError
from certkit.ledger import copying
from certkit.pki import certificates, keys, names
from certkit.pki.certificates import Authority
from certkit.pki.keys import KEY_TYPES
from certkit.pki.signer import KeySigner
from certkit.trust.rotation import Role

_ABOUT = {"server": "vouches for daemons", "client": "vouches for people "}


@dataclass(frozen=True)
class Wanted:
    """What the team is to be; see the verb's options."""

    team: str
    url: str
    name: str | None
    san: tuple[str, ...]
    key_type: str
    passphrase_file: Path | None
    passphrase_command: str | None


@dataclass(frozen=True)
class Existing:
    """The authorities that are to be adopted: certificate and key of each, and where an encrypted key's secret is."""

    server: tuple[Path, Path] | None
    client: tuple[Path, Path] | None
    passphrase_file: Path | None
    passphrase_command: str | None

    @property
    def given(self) -> dict[Role, tuple[Path, Path]]:
        """Those that were named."""
        both: dict[Role, tuple[Path, Path] | None] = {"server": self.server, "client": self.client}
        return {role: files for role, files in both.items() if files}


def init(
    home: Path | None,
    wanted: Wanted,
    existing: Existing,
    *,
    passphrase: bool,
    as_json: bool,
) -> None:
    """Create a team, with new authorities but for the existing ones."""
    settings = _settings(wanted)
    first = _first_daemon(wanted.url, wanted.name, wanted.san)
    path = context.home_path(home)
    new_home.check_free(path)  # before anybody is asked for anything
    if settings.ledger:
        copying.check_free(settings.ledger)
    secret = _passphrase(passphrase, settings)
    unlocking = authority_passphrases.source(
        existing.passphrase_file, existing.passphrase_command, "--ca-passphrase-file"
    )
    adopted = {role: _adopt(*pair, unlocking) for role, pair in existing.given.items()}
    creation.create(path, settings, secret, first, actor=actor.real(os.environ), now=context.now(), adopted=adopted)
    with home_access.reading(path) as made:
        if as_json:
            say_json(_as_data(made))
        else:
            _report(made, encrypted=secret is not None)
        work_trees.tell_of_folder(made.path)
        hosts = made.ledger.daemons()[0].hosts
    for role, authority in adopted.items():
        _tell_shortcomings(role, authority)
    unresolved_names.tell_of(hosts)


def _tell_shortcomings(role: Role, authority: Authority) -> None:
    end = authority.certificate.not_valid_after_utc.date()
    for each in shortcomings(authority, role, context.now()):
        ends = f"it ends on {end}, and nothing that it signs lives longer"
        tell(f"The adopted {role} authority: {ends if each == 'ends-soon' else wording.of(each)}.")


def _settings(wanted: Wanted) -> Settings:
    if wanted.key_type not in KEY_TYPES:
        raise InvalidError(f"there is no key type {wanted.key_type!r}", f"Choose from {', '.join(KEY_TYPES)}.")
    file = str(wanted.passphrase_file.absolute()) if wanted.passphrase_file else ""
    command = wanted.passphrase_command or ""
    team = names.slug(wanted.team, "team")
    ledger = context.ledger_url()
    return Settings(team, wanted.key_type, passphrase_file=file, passphrase_command=command, ledger=ledger)


def _first_daemon(url: str, name: str | None, more_hosts: tuple[str, ...]) -> FirstDaemon:
    address = parse_shared(url)
    for host in more_hosts:
        names.parse_machine(host)  # a mistake is told before anything is made
    return FirstDaemon(names.slug(name or _name_from(address.host), "daemon"), address, more_hosts)


def _adopt(certificate: Path, key: Path, unlocking: Source) -> Authority:
    pem, key_pem = files.read(certificate), files.read(key)
    with input_files.naming(key):
        try:
            loaded = keys.load(key_pem)
        except keys.EncryptedKeyError:
            loaded = unlocking.unlock(f"Passphrase of {key}", lambda secret: keys.load(key_pem, secret))
    with input_files.naming(certificate):
        return Authority(certificates.load(pem), KeySigner(loaded))


def _name_from(host: str) -> str:
    first = host.split(".", maxsplit=1)[0]
    with contextlib.suppress(InvalidError):
        if not first.isdigit():
            return names.slug(first, "daemon")
    return "build"


def _passphrase(asked: bool, wanted: Settings) -> bytes | None:
    file, command = wanted.passphrase_file, wanted.passphrase_command
    if asked + bool(file) + bool(command) > 1:
        raise InvalidError("the passphrase is given in more than one way", "Keep one of the three options.")
    if not (asked or file or command):
        return None
    return authority_passphrases.new(Path(file) if file else None, command)


def _report(view: View, *, encrypted: bool) -> None:
    daemon = view.ledger.daemons()[0]
    [certificate] = view.ledger.certificates("daemon")
    say(f"Created the team {view.team} in {short(view.path)}")
    for each in authority_states(view):
        shown = f"SHA-256 {each.sha256[:5]}:…:{each.sha256[-5:]}  until {each.expires.date()}"
        say(f"  {each.role} authority  {_ABOUT[each.role]}  {shown}")
    say(f"  {'daemon ' + daemon.name:<16}  {', '.join(daemon.hosts)}  expires {certificate.not_after.date()}", "")
    if not encrypted:
        say("The authorities' keys are not encrypted. To put a passphrase on them")
        say("  certkit authority passphrase", "")
    say("Next")
    if view.path != context.home_path(None):
        say(f"  0. So that every command finds it:  export CERTKIT_HOME={shlex.quote(str(view.path))}")
    say_deployment(view, daemon)
    say(
        "  4. For each developer", f"       {home_access.command(view, 'issue alice@acme.example --out alice.certkit')}"
    )


def _as_data(view: View) -> dict[str, object]:
    return {"team": view.team, "home": view.path, "authorities": authority_states(view), "daemons": states(view)}
