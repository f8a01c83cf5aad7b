"""`certkit init`."""

import contextlib
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from certkit.cli.support import completions, context, passphrases, wording
from certkit.cli.support.deployment_steps import say_deployment
from certkit.cli.support.output import say, say_json, short, tell
from certkit.errors import InvalidError

if TYPE_CHECKING:
    from certkit.authority.creation import FirstDaemon
    from certkit.authority.settings import Settings
    from certkit.authority.view import View
    from certkit.pki.certificates import Authority
    from certkit.trust.rotation import Role


Team = Annotated[str, typer.Option("--team", help="The team's name: a short word such as acme.")]
Url = Annotated[str, typer.Option("--daemon", help="The daemon's URL as laptops will reach it.")]
Name = Annotated[str | None, typer.Option("--name", help="What to call the daemon, else by its host.")]
San = Annotated[list[str] | None, typer.Option("--san", help="Another host name or address of it; repeatable.")]
KeyType = Annotated[
    str,
    typer.Option(
        "--key-type",
        help="p256, p384, ed25519, rsa3072 or rsa4096, for all keys of the team.",
        autocompletion=completions.key_types,
    ),
]
Passphrase = Annotated[
    bool, typer.Option("--passphrase", help="Encrypt the authorities' keys; the passphrase is asked for.")
]
PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", help="Encrypt them under the first line of this file.")
]
PassphraseCommand = Annotated[
    str | None, typer.Option("--passphrase-command", help="Encrypt them under what this command prints.")
]
ServerCa = Annotated[
    tuple[Path, Path] | None, typer.Option("--server-ca", metavar="CERT KEY", help="Adopt this server authority.")
]
ClientCa = Annotated[
    tuple[Path, Path] | None, typer.Option("--client-ca", metavar="CERT KEY", help="Adopt this client authority.")
]
CaPassphraseFile = Annotated[
    Path | None,
    typer.Option("--ca-passphrase-file", help="The adopted key's passphrase: the first line of this file."),
]
CaPassphraseCommand = Annotated[
    str | None, typer.Option("--ca-passphrase-command", help="The adopted key's passphrase: what this command prints.")
]

_ABOUT = {"server": "vouches for daemons", "client": "vouches for people "}


def init(
    team: Team,
    daemon: Url,
    name: Name = None,
    san: San = None,
    key_type: KeyType = "p256",
    passphrase: Passphrase = False,
    passphrase_file: PassphraseFile = None,
    passphrase_command: PassphraseCommand = None,
    server_ca: ServerCa = None,
    client_ca: ClientCa = None,
    ca_passphrase_file: CaPassphraseFile = None,
    ca_passphrase_command: CaPassphraseCommand = None,
    home: context.HomeOption = None,
    as_json: context.JsonOption = False,
) -> None:
    """Create a team: both authorities and the daemon's certificate.

    \b
    certkit init --team acme --daemon tcp://build.acme.example:8372
    certkit init --team acme --daemon tcp://10.0.0.7:8372 --san build.acme.example --passphrase
    certkit init --team acme --daemon tcp://build.acme.example:8372 --client-ca ca_cert.pem ca_key.pem

    Nothing that is there is ever overwritten. Exit codes: 0 created, 1 failure, 2 usage.
    """
    from certkit.authority import creation, new_home
    from certkit.authority.home import ROLES

    wanted = _settings(team, key_type, passphrase_file, passphrase_command)
    first = _first_daemon(daemon, name, tuple(san or ()))
    path = context.home_path(home)
    new_home.check_free(path)  # before anybody is asked for anything
    secret = _passphrase(passphrase, wanted)
    unlocking = passphrases.source(ca_passphrase_file, ca_passphrase_command, "--ca-passphrase-file")
    given = {role: files for role, files in zip(ROLES, (server_ca, client_ca), strict=True) if files}
    adopted = {role: _adopt(*files, unlocking) for role, files in given.items()}
    creation.create(path, wanted, secret, first, actor=context.actor(), now=context.now(), adopted=adopted)
    with context.reading(path) as made:
        if as_json:
            say_json(_as_data(made))
        else:
            _report(made, encrypted=secret is not None)
    for role, authority in adopted.items():
        _tell_shortcomings(role, authority)


def _tell_shortcomings(role: "Role", authority: "Authority") -> None:
    from certkit.authority.existing_ca import shortcomings

    end = authority.certificate.not_valid_after_utc.date()
    for each in shortcomings(authority, role, context.now()):
        ends = f"it ends on {end}, and nothing that it signs lives longer"
        tell(f"The adopted {role} authority: {ends if each == 'ends-soon' else wording.of(each)}.")


def _settings(team: str, key_type: str, passphrase_file: Path | None, passphrase_command: str | None) -> "Settings":
    from certkit.authority.settings import Settings
    from certkit.pki import names
    from certkit.pki.keys import KEY_TYPES

    if key_type not in KEY_TYPES:
        raise InvalidError(f"there is no key type {key_type!r}", f"Choose from {', '.join(KEY_TYPES)}.")
    file = str(passphrase_file.absolute()) if passphrase_file else ""
    return Settings(
        names.slug(team, "team"), key_type, passphrase_file=file, passphrase_command=passphrase_command or ""
    )


def _first_daemon(url: str, name: str | None, more_hosts: tuple[str, ...]) -> "FirstDaemon":
    from certkit.authority.creation import FirstDaemon
    from certkit.earthly.address import parse_shared
    from certkit.pki import names

    address = parse_shared(url)
    for host in more_hosts:
        names.parse_host(host)  # a mistake is told before anything is made
    return FirstDaemon(names.slug(name or _name_from(address.host), "daemon"), address, more_hosts)


def _adopt(certificate: Path, key: Path, unlocking: "passphrases.Source") -> "Authority":
    from certkit import files
    from certkit.pki import certificates, keys
    from certkit.pki.signer import KeySigner

    pem, key_pem = files.read(certificate), files.read(key)
    with context.naming(key):
        try:
            loaded = keys.load(key_pem)
        except keys.EncryptedKeyError:
            loaded = unlocking.unlock(f"Passphrase of {key}", lambda secret: keys.load(key_pem, secret))
    with context.naming(certificate):
        return certificates.Authority(certificates.load(pem), KeySigner(loaded))


def _name_from(host: str) -> str:
    first = host.split(".", maxsplit=1)[0]
    with contextlib.suppress(InvalidError):
        from certkit.pki import names

        if not first.isdigit():
            return names.slug(first, "daemon")
    return "build"


def _passphrase(asked: bool, wanted: "Settings") -> bytes | None:
    file, command = wanted.passphrase_file, wanted.passphrase_command
    if asked + bool(file) + bool(command) > 1:
        raise InvalidError("the passphrase is given in more than one way", "Keep one of the three options.")
    if not (asked or file or command):
        return None
    return passphrases.new_of_authorities(Path(file) if file else None, command)


def _report(view: "View", *, encrypted: bool) -> None:
    from certkit.authority.authorities import authority_states

    daemon = view.ledger.daemons()[0]
    [certificate] = view.ledger.certificates("daemon")
    say(f"Created the team {view.team} in {short(view.path)}")
    for each in authority_states(view):
        shown = f"SHA-256 {each.sha256[:5]}:…:{each.sha256[-5:]}   until {each.expires.date()}"
        say(f"  {each.role} authority   {_ABOUT[each.role]}   {shown}")
    say(f"  {'daemon ' + daemon.name:<18} {', '.join(daemon.hosts)}   expires {certificate.not_after.date()}", "")
    if not encrypted:
        say("The authorities' keys are not encrypted. To put a passphrase on them:  certkit authority passphrase", "")
    say("Next")
    if view.path != context.home_path(None):
        say(f"  0. So that every command finds it:  export CERTKIT_HOME={shlex.quote(str(view.path))}")
    say_deployment(view, daemon)
    say("  4. For each developer", f"       {context.command(view, 'issue alice@acme.example --out alice.certkit')}")


def _as_data(view: "View") -> dict[str, object]:
    from certkit.authority.authorities import authority_states
    from certkit.authority.daemons import states

    return {"team": view.team, "home": view.path, "authorities": authority_states(view), "daemons": states(view)}
