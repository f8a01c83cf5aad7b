"""`certkit init --client-ca`, `--server-ca`: authorities that were made elsewhere, judged and then used."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from certkit.pki import certificates, keys
from certkit.pki.extensions import key_usage
from tests.cli.authorities import BOTH, CA, DAY, EARTHLY, LEAF, MKCERT, NOW, SEC1, Maker, leaf, write
from tests.cli.conftest import URL, Ended, Lead
from tests.cli.openssl import complaint, excluded, is_let_in, issue
from tests.cli.terminal import on_terminal

INIT = ("init", "--team", "acme", "--daemon", URL)
MAKERS = {"earthly": EARTHLY, "mkcert": MKCERT, "sec1": SEC1, "pkcs8": Maker()}


def adopt(lead: Lead, *roles: str, maker: Maker = SEC1, folder: str = "old") -> Ended:
    """Make an authority and found a team with it."""
    pair = write(Path(folder), maker, maker.make())
    return lead(*INIT, *(word for role in roles for word in (f"--{role}-ca", *pair)))


@pytest.mark.parametrize("kind", MAKERS)
def test_one_that_is_adopted_lets_in_whom_it_did_and_can_revoke_whom_it_will(
    lead: Lead, tmp_path: Path, kind: str
) -> None:
    authority = MAKERS[kind].make()
    pair = write(Path(kind), MAKERS[kind], authority)
    assert (
        pair[1]
        .read_text()
        .startswith(
            {"earthly": "-----BEGIN RSA PRIVATE", "sec1": "-----BEGIN EC PRIVATE"}.get(kind, "-----BEGIN PRIVATE")
        )
    )
    Path("before.pem").write_bytes(leaf(authority, "laptop.example"))
    assert lead(*INIT, "--client-ca", *pair).code == 0
    home = tmp_path / "home"
    al, pal = issue(lead, "al"), issue(lead, "pal")
    lead("revoke", "al")
    assert [is_let_in(home, each) for each in (al, pal, Path("before.pem"))] == [False, True, True]
    [anchor, _] = certificates.load_all((home / "daemons/build/ca.pem").read_bytes())
    assert anchor.subject == authority.certificate.subject
    assert anchor.public_key() == authority.certificate.public_key()
    assert excluded(home) == {"al.acme.certkit.internal"}
    assert (home / "authorities/client/key.pem").read_text().startswith("-----BEGIN PRIVATE KEY-----")


def test_one_that_is_adopted_for_daemons_is_what_laptops_trust(lead: Lead, tmp_path: Path) -> None:
    assert adopt(lead, "server", maker=EARTHLY).code == 0
    home, authority = tmp_path / "home", Path("old/ca_cert.pem")
    served = home / "daemons/build/cert.pem"
    assert not complaint(authority, served, "-purpose", "sslserver", "-verify_hostname", "build.acme.example")
    assert authority.read_text().strip() in issue(lead, "al").with_suffix(".certkit").read_text().replace("\\n", "\n")
    assert lead("rotate", "server", "prepare").code == 0


def test_what_it_lacks_is_said_in_words(lead: Lead) -> None:
    said = adopt(lead, "client", maker=replace(EARTHLY, ends=NOW + 100 * DAY)).err
    assert "The adopted client authority: it may make further authorities" in said
    assert f"it ends on {(NOW + 100 * DAY).date()}" in said
    assert "does not cover CRLs" in said
    assert "certificates that it signed before still get in" in said
    assert "others may hold its key" in said


def test_one_without_a_common_name_is_told_by_the_name_that_it_has(lead: Lead) -> None:
    adopt(lead, "server", maker=EARTHLY)
    assert lead("authority", "show").out.startswith("O=Earthly Buildkit GRPC CA, signs, until ")
    assert "\n  O=Earthly Buildkit GRPC CA\n    SHA-256  " in lead("issue", "al", "--no-passphrase", "--out", "al").out


def test_nothing_outlives_it(lead: Lead) -> None:
    adopt(lead, "client", maker=replace(SEC1, ends=NOW + 100 * DAY))
    leaf = certificates.load(issue(lead, "al").read_bytes())
    assert leaf.not_valid_after_utc == NOW + 100 * DAY


def only_below(*permitted: str, excluded: tuple[str, ...] = ()) -> Maker:
    """Say that an authority may vouch for some names only."""
    roots = [[x509.DNSName(each) for each in each_kind] or None for each_kind in (permitted, excluded)]
    return replace(SEC1, critical=(*SEC1.critical, x509.NameConstraints(*roots)))


def test_name_constraints_that_allow_the_names_are_kept(lead: Lead, tmp_path: Path) -> None:
    adopt(lead, "client", maker=only_below("corp.example", "internal", excluded=("bad.certkit.internal",)))
    al, pal = issue(lead, "al"), issue(lead, "pal")
    lead("revoke", "al")
    assert [is_let_in(tmp_path / "home", each) for each in (al, pal)] == [False, True]
    assert excluded(tmp_path / "home") == {"al.acme.certkit.internal", "bad.certkit.internal"}


@pytest.mark.parametrize("name", ["certkit.internal", "internal"])
def test_name_constraints_that_exclude_everybody_are_refused(lead: Lead, name: str) -> None:
    assert "leave out the names" in adopt(lead, "client", maker=only_below(excluded=(name,))).complaint[1]


def test_name_constraints_of_a_server_authority_are_told(lead: Lead) -> None:
    ended = adopt(lead, "server", maker=only_below("acme.example"))
    assert (ended.code, "it has name constraints" in ended.err) == (0, True), ended.err


def test_a_daemon_that_they_leave_out_is_refused_when_it_is_added_and_when_it_is_renewed(
    lead: Lead, tmp_path: Path
) -> None:
    adopt(lead, "server", maker=only_below("acme.example"))
    assert lead("daemon", "add", "arm", "tcp://arm.acme.example:8372").code == 0
    added = lead("daemon", "add", "far", "tcp://far.example:8372", "--san", "far.acme.example").complaint
    assert added == (
        1,
        "certkit: the server authority's name constraints leave out far.example",
        "Name the daemon as they allow, or replace the authority: certkit rotate server prepare",
    )
    assert lead("daemon", "renew", "arm", "--san", "far.example").complaint[1] == added[1]
    assert [each["hosts"] for each in lead("daemon", "list", "--json").data["daemons"]] == [
        ["build.acme.example"],
        ["arm.acme.example"],
    ]
    assert not (tmp_path / "home/daemons/far").exists()


UNFIT = {
    "it has expired": Maker(begins=NOW - 9 * DAY, ends=NOW - DAY),
    "it is not valid yet": Maker(begins=NOW + DAY),
    "it is not an authority: its basic constraints say so": Maker(critical=(LEAF,)),
    "its key usage does not let it sign certificates": Maker(critical=(CA, key_usage(digital_signature=True))),
    "its extended key usage is for other purposes": Maker(
        others=(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),)
    ),
    "its name constraints leave out the names that certkit gives": only_below("corp.example"),
}


@pytest.mark.parametrize("reason", UNFIT)
def test_one_that_cannot_be_a_client_authority_is_refused_with_the_reason(
    lead: Lead, tmp_path: Path, reason: str
) -> None:
    code, what, remedy = adopt(lead, "client", maker=UNFIT[reason]).complaint
    assert (code, what) == (1, f"certkit: this cannot be the client authority: {reason}")
    assert "let certkit make one" in remedy
    assert not (tmp_path / "home").exists()


UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.32473.9"), b"\x05\x00")


@pytest.mark.parametrize("role", ["client", "server"])
def test_an_unknown_critical_extension_is_called_that(lead: Lead, tmp_path: Path, role: str) -> None:
    maker = replace(SEC1, critical=(*SEC1.critical, UNKNOWN))
    code, what, _ = adopt(lead, role, maker=maker).complaint
    assert code == 1
    assert "a critical extension that Go does not know" in what
    assert "(1.3.6.1.4.1.32473.9)" in what
    assert not (tmp_path / "home").exists()


def test_one_that_go_cannot_parse_is_refused_with_what_go_stops_at(lead: Lead) -> None:
    odd = x509.BasicConstraints(ca=True, path_length=None)
    maker = replace(SEC1, critical=(odd, x509.AuthorityKeyIdentifier(b"1234", None, None)))
    what = adopt(lead, "client", maker=maker).complaint[1]
    assert "cannot read its certificate (its extension 2.5.29.35 is critical, and must not be)" in what


@pytest.mark.parametrize("maker", [only_below("other.example"), only_below(excluded=("build.acme.example",))])
def test_constraints_that_leave_out_the_very_daemon_are_seen_at_init(lead: Lead, tmp_path: Path, maker: Maker) -> None:
    code, what, _ = adopt(lead, "server", maker=maker).complaint
    assert (code, "leave out the daemon itself (build.acme.example)" in what) == (1, True)
    assert not (tmp_path / "home").exists()


def test_version_1_is_called_that(lead: Lead) -> None:
    openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out k.pem")
    openssl("req -new -key k.pem -subj /CN=old -out c.csr")
    openssl("x509 -req -in c.csr -signkey k.pem -days 9 -extfile /dev/null -out c.pem")
    what = lead(*INIT, "--client-ca", "c.pem", "k.pem").complaint[1]
    assert "its certificate is of X.509 version 1" in what


def test_a_negative_serial_number_is_called_that(lead: Lead) -> None:
    openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out k.pem")
    openssl("req -x509 -new -key k.pem -subj /CN=old -days 9 -set_serial -5 -out c.pem")
    ended = lead(*INIT, "--server-ca", "c.pem", "k.pem")
    assert "its serial number is negative" in ended.complaint[1]


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:2048", "its RSA key has fewer than 3072 bits"),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:P-521", "its key is on P-521"),
    ],
)
@pytest.mark.parametrize("role", ["client", "server"])
def test_what_other_tools_make_by_default_is_adopted_with_a_word(
    lead: Lead, tmp_path: Path, role: str, key: str, said: str
) -> None:
    openssl(f"genpkey {key} -out k.pem")
    openssl("req -x509 -new -key k.pem -subj /CN=old -days 3000 -addext keyUsage=critical,keyCertSign -out c.pem")
    ended = lead(*INIT, f"--{role}-ca", "c.pem", "k.pem")
    assert (ended.code, said in ended.err) == (0, True), ended.err
    home = tmp_path / "home"
    al, pal = issue(lead, "al"), issue(lead, "pal")
    lead("revoke", "al")
    assert [is_let_in(home, each) for each in (al, pal)] == [False, True]
    assert lead("rotate", role, "prepare").code == 0


def test_one_that_signed_itself_with_sha1_is_adopted_with_a_word(lead: Lead) -> None:
    openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072 -out k.pem")
    openssl("req -x509 -new -sha1 -key k.pem -subj /CN=old -days 3000 -out c.pem")
    ended = lead(*INIT, "--server-ca", "c.pem", "k.pem")
    assert (ended.code, "it has signed itself with SHA-1" in ended.err) == (0, True), ended.err


def openssl(arguments: str) -> None:
    """Run `openssl` on words without blanks in them."""
    subprocess.run(["openssl", *arguments.split()], capture_output=True, check=True)


def test_an_intermediate_is_refused(lead: Lead, tmp_path: Path) -> None:
    pair = write(Path("old"), SEC1, Maker().make(SEC1.make()))
    assert "it is not self-signed" in lead(*INIT, "--server-ca", *pair).complaint[1]


def test_one_authority_for_both_is_refused(lead: Lead, tmp_path: Path) -> None:
    code, what, _ = adopt(lead, "client", "server", maker=replace(SEC1, others=(BOTH,))).complaint
    assert (code, what) == (1, "certkit: one authority cannot be both: whom it lets in could pose as the daemon")
    assert not (tmp_path / "home").exists()


def test_a_key_of_another_a_missing_file_and_what_is_no_key_are_told(lead: Lead, tmp_path: Path) -> None:
    certificate, key = write(Path("one"), SEC1, SEC1.make())
    _, other = write(Path("two"), SEC1, SEC1.make())
    for pair, said in {
        (certificate, other): "its key is not that of its certificate",
        (certificate, certificate): f"{certificate}: it is not a private key in PEM form",
        (key, key): f"{key}: it is not a certificate",
        (certificate, Path("none")): "none does not exist",
    }.items():
        code, what, remedy = lead(*INIT, "--client-ca", *pair).complaint
        assert (code, said in what, bool(remedy)) == (1, True, True), what
    assert not (tmp_path / "home").exists()


def test_a_weak_key_is_refused(lead: Lead, tmp_path: Path) -> None:
    os.system("openssl req -x509 -newkey rsa:1024 -nodes -keyout k.pem -out c.pem -subj /CN=x -days 9 2> /dev/null")
    code, what, _ = lead(*INIT, "--client-ca", "c.pem", "k.pem").complaint
    assert (code, what) == (1, "certkit: a key of this kind is not accepted: RSA with 1024 bits")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("kind", ["earthly", "sec1", "pkcs8"])
def test_the_passphrase_of_an_encrypted_key_is_asked_for(lead: Lead, tmp_path: Path, kind: str) -> None:
    pair = write(Path("old"), MAKERS[kind], MAKERS[kind].make(), b"violet")
    command = [*INIT, "--client-ca", *map(str, pair)]
    assert "there is no terminal to ask on" in lead(*command).complaint[1]
    code, shown = on_terminal(command, {"Passphrase of": "wrong", "does not open the key[^:]*:": "violet"})
    assert code == 0, shown
    assert keys.load((tmp_path / "home/authorities/client/key.pem").read_bytes())


@pytest.mark.parametrize("way", ["file", "command"])
def test_the_passphrase_of_an_encrypted_key_may_come_from_a_file_or_a_command(
    lead: Lead, tmp_path: Path, way: str
) -> None:
    pair = write(Path("old"), SEC1, SEC1.make(), b"violet")
    Path("secret").write_text("violet\n")
    Path("secret").chmod(0o600)
    given = ("--ca-passphrase-file", "secret") if way == "file" else ("--ca-passphrase-command", "cat secret")
    assert lead(*INIT, "--client-ca", *pair, *given).code == 0
    assert keys.load((tmp_path / "home/authorities/client/key.pem").read_bytes())


def test_a_wrong_passphrase_by_file_or_command_is_told_and_two_are_refused(lead: Lead, tmp_path: Path) -> None:
    pair = write(Path("old"), SEC1, SEC1.make(), b"violet")
    Path("secret").write_text("indigo\n")
    Path("secret").chmod(0o600)
    by_file, by_command = ("--ca-passphrase-file", "secret"), ("--ca-passphrase-command", "echo indigo")
    for given in (by_file, by_command):
        ended = lead(*INIT, "--client-ca", *pair, *given)
        assert (ended.code, "the passphrase does not open the key" in ended.err) == (1, True)
    assert lead(*INIT, "--client-ca", *pair, *by_file, *by_command).code == 2
    assert "--ca-passphrase-file FILE" in lead(*INIT, "--client-ca", *pair).err
    assert not (tmp_path / "home").exists()


def test_a_passphrase_that_is_not_needed_does_no_harm(lead: Lead) -> None:
    pair = write(Path("old"), SEC1, SEC1.make())
    assert lead(*INIT, "--client-ca", *pair, "--ca-passphrase-command", "echo violet").code == 0
