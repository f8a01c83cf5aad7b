"""What commands print with --json: every form is in the schema, and the schema lists no more than the code knows."""

import importlib
import inspect
import json
import pkgutil
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from jsonschema import Draft202012Validator

from certkit.authority import (
    authorities,
    batches,
    daemon_verdict,
    daemons,
    host_sync,
    invitations,
    overview,
    proposals,
    publication,
    roster_plan,
    sizes,
)
from certkit.authority.changes import changing
from certkit.authority.daemon_verdict import AddressResult, CheckResult, Reason, Why
from certkit.authority.home import open_home
from certkit.cli import verbs
from certkit.cli.actions import renew
from certkit.cli.support import context, daemon_check_report
from certkit.earthly import selection
from certkit.enroll import codes
from certkit.ledger.interface import Access, Actor, Deployment
from certkit.ledger.interface import Kind as CertificateKind
from certkit.pki import certificates
from certkit.pki.keys import KEY_TYPES
from certkit.probe import observed, report
from certkit.probe.activity import Activity
from certkit.results import as_json
from certkit.trust import rotation
from certkit.trust.crl import REASONS
from tests.cli import json_forms
from tests.cli.authorities import Maker
from tests.cli.conftest import ALICE, Lead
from tests.cli.daemons import Running, running
from tests.cli.json_forms import ENUMS, FORMS, PAGE, SCHEMA, Told, fits
from tests.daemons.daemon import HOST
from tests.server.identity import enroll, started
from tests.sync import played

NOW = datetime(2026, 11, 24, 12, 30, 15, tzinfo=UTC)
SECRET = ("--passphrase-file", "secret")
ATTENTION = {
    each.value
    for kind in (
        overview.Expiry,
        overview.Unpublished,
        daemons.Behind,
        overview.Exposure,
        overview.Growth,
        overview.Lack,
    )
    for each in kind
}
CODE: dict[str, set[str]] = {
    "client": set(selection.NAMES),
    "act": set(roster_plan.Act),
    "roster-kind": set(roster_plan.Kind),
    "spared": set(roster_plan.Spared),
    "skip-reason": set(batches.Why),
    "role": set(get_args(rotation.Role)),
    "duty": set(authorities.Duty),
    "stage": set(rotation.Stage),
    "step": set(get_args(rotation.Step)),
    "behind": set(daemons.Behind),
    "verdict": set(daemon_verdict.Verdict),
    "verdict-reason": set(Why),
    "caller": set(observed.Who),
    "outcome": set(observed.Outcome),
    "doubt": set(observed.Doubt),
    "device-condition": set(overview.State),
    "item-kind": set(overview.Kind),
    "attention": ATTENTION,
    "note": set(overview.Note),
    "certificate-kind": set(get_args(CertificateKind)),
    "access": set(get_args(Access)),
    "code-condition": set(invitations.State),
    "sync-outcome": set(host_sync.Outcome),
    "activity": set(Activity),
    "renewal-outcome": set(renew.Outcome),
    "revocation-reason": set(REASONS),
    "key-type": set(KEY_TYPES),
    "check-status": set(get_args(report.Status)),
    "severity": set(get_args(report.Severity)),
}
"""The values that the code knows, by the name of their form; `action` is what a whole life of a team records."""

WHY: dict[Why, dict[str, object]] = {
    Why.FOREIGN_LABEL: {"team": "acme", "number": 7},
    Why.FORMER_LABEL: {"number": 6, "until": NOW},
    Why.FORMER_CERTIFICATE: {"expires": NOW},
    Why.OTHER_CERTIFICATE: {"daemon": "arm"},
    Why.AUTHORITIES_MISSING: {"names": ["acme client authority"]},
    Why.AUTHORITIES_EXTRA: {"names": ["old authority"]},
    Why.AUTHORITIES_DUPLICATED: {"names": ["acme client authority"]},
    Why.AUTHORITY_UNKNOWN: {"alert": 48},
    Why.CANARY_REFUSED_OTHERWISE: {"alert": 45},
    Why.CONTROL_REFUSED: {"alert": 42},
    Why.UNCLEAR: {
        "caller": observed.NO_CERTIFICATE,
        "doubt": observed.Doubt.NO_ALERT,
        "outcome": observed.Outcome.NOT_TLS,
        "alert": None,
    },
    Why.UNRESOLVED: {"error": "Name or service not known"},
    Why.NOBODY_ANSWERS: {"error": "10.0.0.2:8372: Connection refused"},
    Why.CERTIFICATE_UNVERIFIED: {"finding": "daemon-misnamed", "error": "it names another", "newest": False},
    Why.NEWEST_EXPIRED: {"expires": NOW},
    Why.ADDRESS_UNREACHED: {"error": "Connection refused"},
    Why.ADDRESSES_LEFT_OUT: {"count": 3},
}
"""The fields of the reasons that have any, as daemon_verdict.Why says."""


@pytest.fixture
def told(lead: Lead) -> Told:
    """Run commands whose JSON is checked against the schema."""

    def run(*arguments: str | Path, code: int = 0) -> Any:  # noqa: ANN401  JSON is of any kind
        return json_forms.told(lead, *arguments, code=code)

    return run


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Move the clock that every command reads, by days from now."""
    now = datetime.now(UTC)
    return lambda days: monkeypatch.setattr(context, "now", lambda: now + timedelta(days=days))


@pytest.fixture
def daemon(lead: Lead, tmp_path: Path) -> Iterator[Running]:
    """Run the daemon of a new team, which is proven."""
    with running(lead, tmp_path / "home") as daemon:
        yield daemon


def attention(status: Any) -> set[tuple[str, str]]:  # noqa: ANN401
    """Return what wants attention, and why."""
    return {(each["kind"], each["attention"]) for each in status["items"] if each["attention"]}


def test_the_schema_is_one_and_refers_to_nothing_that_it_lacks() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    text = json.dumps(SCHEMA)
    elsewhere = PAGE.with_name("openapi.json").read_text()
    assert all(f'"#/$defs/{name}"' in text or f'#/$defs/{name}"' in elsewhere or name in commands() for name in FORMS)
    assert text.count("#/$defs/") == sum(text.count(f'"#/$defs/{name}"') for name in FORMS)


def test_every_command_that_takes_json_has_a_form() -> None:
    assert commands() <= set(FORMS)
    assert {"init", "issue", "list", "log", "daemon-check", "daemon-list", "authority-show", "probe"} <= commands()


def test_no_form_of_an_object_lets_unknown_fields_pass() -> None:
    for name in FORMS:
        with pytest.raises(AssertionError):
            fits({"new": 1}, name)
    for each in objects(SCHEMA["$defs"]):
        assert each.get("additionalProperties") is False or "oneOf" in each, each


@pytest.mark.parametrize("name", sorted(ENUMS.keys() - {"action"}))
def test_schema_and_code_list_the_same_values(name: str) -> None:
    assert ENUMS[name] == CODE[name]


def test_every_enumeration_that_a_result_may_hold_is_one_of_the_schema_s() -> None:
    modules = (
        authorities,
        batches,
        daemon_verdict,
        daemons,
        invitations,
        observed,
        overview,
        report,
        roster_plan,
        rotation,
    )
    found = {each for module in modules for each in vars(module).values() if inspect.isclass(each)}
    kinds = [each for each in found if issubclass(each, Enum) and list(each) and each is not observed.Answer]
    for kind in kinds:
        assert any({each.value for each in kind} <= values for values in CODE.values()), kind


def test_the_page_names_every_field_and_every_value() -> None:
    page = PAGE.read_text()
    names = json_forms.properties(FORMS) | {value for values in ENUMS.values() for value in values}
    assert [each for each in sorted(names) if f"`{each}`" not in page] == []


def test_a_team_of_nobody(told: Told, tmp_path: Path) -> None:
    assert told("init", "--team", "acme", "--daemon", "tcp://build.acme.example:8372")["team"] == "acme"
    assert told("list") == {"devices": []}
    assert [each["duty"] for each in told("authority", "show")["authorities"]] == ["signs", "signs"]
    [daemon] = told("daemon", "list")["daemons"]
    assert daemon["behind"] == "not-seen"
    assert told("show", "build") == daemon
    assert told("status", code=3)["notes"] == ["not-encrypted", "never-backed-up"]
    assert [each["action"] for each in told("log")["events"]] == ["init", "daemon add"]
    assert told("rotate", "client")["if_compromised"] == []


def test_people_come_and_go(told: Told, lead: Lead, home: Path) -> None:
    Path("secret").write_text("violet anchor\n")
    assert told("issue", ALICE, "--device", "desk", "--out", "a")["passphrase"]
    assert "passphrase" not in told("issue", ALICE, "--device", "lap", "--out", "b", *SECRET)
    serial = told("issue", "Bob", "--out", "c", "--no-passphrase")["serial"]
    assert told("enroll", "--request", "csr") == {"request": "csr"}
    assert told("sign", "csr", "--person", "Eve", "--out", "d")["person"] == "Eve"
    assert told("revoke", ALICE, "--dry-run")["changed"] is False
    assert told("revoke", ALICE, "--reason", "affiliationChanged")["changed"] is True
    assert told("revoke", ALICE)["changed"] is False
    assert told("revoke", "--serial", serial)["device"]
    assert {each["state"] for each in told("list")["devices"]} == {"revoked", "valid"}
    assert told("show", ALICE)["revoked"]["reason"] == "affiliationChanged"
    assert told("show", serial)["revoked"]
    assert told("reinstate", ALICE)["changed"] is True
    assert told("reinstate", ALICE, "--dry-run")["changed"] is False
    assert told("show", ALICE)["revoked"] is None
    assert told("log", ALICE, "--last", "2")["events"][0]["detail"]["reason"] == "affiliationChanged"


def test_codes_in_every_state(told: Told, home: Path) -> None:
    started(home)
    code = told("invite", ALICE, "--device", "desk", "--ttl", "2h", "--for", "buildctl")
    assert codes.parse(code["code"]).password == code["password"]
    assert told("invite", "cancel", code["id"])["codes"][0]["state"] == "cancelled"
    told("invite", "ci", "--uses", "3")
    told("invite", "--daemon", "build")
    assert [each["device"] for each in told("invite", "list")["codes"]] == ["desk", None, None]


def test_every_kind_of_certificate(told: Told, daemon: Running, home_of: Path) -> None:
    """The canary's and the control's too, which nobody else is shown."""
    told("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
    played.sync(home_of)
    kinds = {told("show", serial)["kind"] for serial in serials(home_of)}
    assert kinds == set(get_args(CertificateKind))


def propose(home: Path) -> None:
    """Let Alice propose something as a server does, and Bob agree, of three who must."""
    with changing(open_home(home, lambda: b""), Actor("alice", "desk", "certificate"), datetime.now(UTC)) as session:
        made = proposals.propose(session, ALICE, "rotate", {"options": {"role": "client"}, "files": {}}, 3)
        proposals.agree(session, "Bob", made.id)


@pytest.fixture
def home_of(tmp_path: Path) -> Path:
    """Name the home, which is made with the daemon."""
    return tmp_path / "home"


def test_status_with_every_kind_of_attention(
    told: Told,
    lead: Lead,
    daemon: Running,
    home_of: Path,
    travel: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
    assert told("status")["ok"] is True
    started(home_of)
    enroll(home_of, ALICE, "lap")
    seen = set()
    for days, code in ((-1, 3), (80, 0), (360, 0), (370, 3), (3400, 3), (3700, 3)):
        travel(days)
        seen |= attention(told("status", code=code))
    travel(0)
    told("daemon", "add", "arm", "tcp://arm.acme.example:8372")
    told("daemon", "renew", "build", "--san", "10.0.0.9")
    seen |= attention(told("status", code=3))
    daemon.open_to_everybody()
    told("daemon", "check", "build", code=3)
    seen |= attention(told("status", code=3))
    daemon.restart()
    told("daemon", "check", "build")
    lead("daemon", "deploy", "build", "--as", "kubernetes")
    with monkeypatch.context() as small:
        small.setattr(sizes, "SECRET", 1 << 12)
        small.setattr(sizes, "BACKUP", 1 << 12)
        seen |= attention(told("status", code=3))
        for why in publication.Stale:
            small.setattr(publication, "why_stale", lambda _view, _newest, why=why: why)
            seen |= attention(told("status", code=3))
    told("revoke", ALICE)
    home_of.chmod(0o755)
    (home_of / "daemons" / "arm" / "cert.pem").unlink()
    seen |= attention(told("status", code=3))
    [_, arm] = told("daemon", "list")["daemons"]
    assert (arm["behind"], arm["serial"], arm["expires"]) == ("no-certificate", None, None)
    for name in ("arm", "build"):
        told("daemon", "remove", name, "--yes")
    seen |= attention(told("status"))
    assert {why for _, why in seen} == ATTENTION
    assert {kind for kind, _ in seen} == set(overview.Kind)


def test_a_check_of_a_daemon_in_every_state(
    told: Told, lead: Lead, daemon: Running, home_of: Path, tmp_path: Path, port: int
) -> None:
    def verdict(*options: str | Path) -> Any:  # noqa: ANN401
        found = told("daemon", "check", "build", *options, code=3)
        return found["verdict"], {each["reason"] for where in found["addresses"] for each in where["reasons"]}

    assert told("daemon", "check", "build")["verdict"] == "proven"
    shutil.copytree(home_of, tmp_path / "copy", symlinks=True)
    told("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
    told("revoke", ALICE)
    assert verdict() == ("former", {"former-label"})
    lead("daemon", "renew", "build", "--home", tmp_path / "copy")
    lead("issue", ALICE, "--out", "b", "--no-passphrase", "--home", tmp_path / "copy")
    lead("revoke", ALICE, "--home", tmp_path / "copy")
    daemon.restart()
    assert verdict("--home", tmp_path / "copy")[0] == "foreign"
    stranger = certificates.to_pem(Maker().make().certificate)
    anchors = daemon.folder / "ca.pem"
    content = anchors.read_bytes()
    anchors.write_bytes(content + stranger)
    daemon.restart()
    anchors.write_bytes(content)
    assert verdict() == ("overtrusting", {"authorities-extra"})
    daemon.open_to_everybody()
    assert verdict() == ("open", {"stranger-served"})
    daemon.intercept(lambda caller: caller.close())
    assert verdict() == ("not-determined", {"unclear"})
    told("daemon", "add", "arm", f"tcp://{HOST}:{port}")
    [reason] = told("daemon", "check", "arm", code=3)["reasons"]
    assert reason == {"reason": "nobody-answers", "error": f"{HOST}:{port}: Connection refused"}
    every = json_forms.checked(lead("daemon", "check", "--all", "--json"), "daemon-check")
    assert (every["ok"], [each["daemon"]["name"] for each in every["checks"]]) == (False, ["build", "arm"])


@pytest.mark.parametrize("why", Why)
def test_every_reason_of_a_verdict(why: Why) -> None:
    reason = Reason(why, WHY.get(why, {}))
    for result in (
        CheckResult("tcp://build:8372", 7, reasons=(reason,)),
        CheckResult("tcp://build:8372", 7, (AddressResult("10.0.0.2:8372", (reason,), "0a"),)),
    ):
        data = daemon_check_report.as_data(result)
        how = Deployment("docker", "earthly", "/etc/buildkit-certs")
        state = daemons.DaemonState("build", "tcp://build:8372", ("build",), Path("/x"), None, None, 7, 0, None, how)
        fits({**data, "daemon": as_json(state), "warnings": []}, "daemon-checked")


def test_a_rotation_at_every_stage_and_all_that_the_log_can_tell(
    told: Told, lead: Lead, daemon: Running, home_of: Path
) -> None:
    told("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
    blocked = told("rotate", "client", "prepare")["steps"][0]
    assert blocked == {
        "step": "switch",
        "would_lock_out": [{"person": None, "device": None, "daemon": "build", "came": None}],
    }
    stages = [told("rotate", "client", step, "--force")["stage"] for step in ("switch", "retire", "rollback")]
    assert stages == ["switched", "retired", "switched"]
    found = told("rotate", "server", "--compromised")["must_enroll_again"]
    assert found == [{"person": ALICE, "device": "desk", "daemon": None, "came": None}]
    assert {each["duty"] for each in told("authority", "show")["authorities"]} == {"signs", "trusted", "retired"}
    told("revoke", ALICE)
    told("reinstate", ALICE)
    started(home_of)
    told("invite", ALICE)
    told("invite", "cancel", ALICE)
    told("daemon", "add", "arm", "tcp://arm.acme.example:8372")
    told("daemon", "renew", "arm")
    told("daemon", "move", "arm", "tcp://arm2.acme.example:8372")
    told("daemon", "default", "arm")
    lead("daemon", "deploy", "arm", "--as", "compose")
    Path("roster.yml").write_text("team: acme\npolicy: {device_days: 30, key_type: p384}\n")
    told("apply", "roster.yml")
    played.sync(home_of, "arm")
    assert told("daemon", "list")["daemons"][0]["sync"]["outcome"] == "proven"
    told("status", code=3)
    assert told("revoke", "--daemon", "arm", "--dry-run")["changed"] is False
    assert told("revoke", "--daemon", "arm")["daemon"]["sync"] is None
    for change in ("add", "remove"):
        assert told("lead", change, ALICE)["changed"]
    assert [each["at_home"] for each in told("lead", "list")["leads"]] == [True]
    propose(home_of)
    [waiting] = told("lead", "proposals")["proposals"]
    told("lead", "withdraw", waiting["id"])
    lead("daemon", "remove", "arm", "--yes")
    Path("secret").write_text("violet anchor\n")
    lead("authority", "passphrase", *SECRET)
    assert lead("backup", "sealed", *SECRET).code == 0
    assert told("status", code=3)["notes"] == []
    shutil.rmtree(home_of)
    assert lead("restore", "sealed", *SECRET).code == 0
    assert told("daemon", "list")["daemons"][0]["behind"] == "not-seen"
    told("status", code=3)
    assert {each["action"] for each in told("log")["events"]} == ENUMS["action"]


def test_a_probe_that_finds_nothing_and_one_that_finds_something(told: Told, daemon: Running, home_of: Path) -> None:
    told("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
    bundle = json.loads(Path("a").read_text())
    Path("ca").write_text(bundle["server_authorities"][0]["pem"])
    Path("cert").write_text(bundle["certificate"])
    Path("key").write_text(bundle["key"])
    Path("key").chmod(0o600)
    given = ("probe", "--daemon", daemon.url, "--ca", "ca", "--cert", "cert", "--key", "key")
    found = told(*given, code=3)  # what answers in these tests speaks HTTP/2, and no gRPC
    assert {each["id"]: each["status"] for each in found["checks"]}["tls"] == "ok"
    assert told(*given, "--server-name", "other.test", code=3)["ok"] is False
    told("revoke", ALICE)
    daemon.restart()
    [refused] = [each for each in told(*given, code=3)["checks"] if each["id"] == "certificate-refused"]
    assert refused["fields"] == {"subject": ALICE}
    Path("key").chmod(0o644)
    assert told(*given, code=3)["checks"][1]["fields"]["path"] == "key"


def test_an_enrollment_for_every_client_and_one_that_changes_nothing(told: Told, home: Path, tmp_path: Path) -> None:
    (tmp_path / ".earthly").mkdir()
    config = tmp_path / ".earthly" / "config.yml"
    config.write_text("global: {cache_size_mb: 20GB}\n")
    told("issue", ALICE, "--device", "desk", "--out", "a", "--no-passphrase")
    command = ("enroll", "a", "--for", "earthly", "--for", "buildctl", "--for", "buildx")
    planned = told(*command, "--dry-run")
    assert (planned["changed"], planned["probes"]) == (False, [])
    assert config.read_text() == "global: {cache_size_mb: 20GB}\n"
    done = told(*command, code=3)
    assert (done["team"], done["person"], done["device"], done["changed"]) == ("acme", ALICE, "desk", True)
    assert done["daemons"] == [{"name": "build", "url": "tcp://build.acme.example:8372"}]
    [found] = done["configurations"]
    assert (found["client"], found["path"], found["edits"]) == ("earthly", str(config), True)
    assert Path(found["backup"]).read_text() == "global: {cache_size_mb: 20GB}\n"
    assert [fault["line"] for fault in found["faults"]] == [1]
    assert [each["client"] for each in done["commands"]] == ["buildctl", "buildx"]
    assert [probe["ok"] for probe in done["probes"]] == [False]
    again = told(*command)
    assert (again["changed"], again["configurations"][0]["edits"]) == (False, False)


@pytest.mark.parametrize(
    "content",
    [
        "global: [",
        "global: 1",
        "global: {buildkit_host: nonsense}",
        "global: {buildkit_host: 'tcp://build.acme.example'}",
        "global: {buildkit_host: 'http://build.acme.example'}",
        "global: {buildkit_host: 'docker-container://mine'}",
        "global: {tls_enabled: false, buildkit_host: 'tcp://127.0.0.2:1'}",
        "",
    ],
)
def test_a_probe_of_a_configuration_that_is_wrong(told: Told, content: str, tmp_path: Path) -> None:
    (tmp_path / ".earthly").mkdir()
    (tmp_path / ".earthly" / "config.yml").write_text(content)
    assert told("probe", code=3)["checks"][0]["status"] == "finding"


def commands() -> set[str]:
    """Return the forms' names of all commands that take --json."""
    found = set()
    for each in pkgutil.iter_modules(verbs.__path__):
        module = importlib.import_module(f"{verbs.__name__}.{each.name}")
        for name, part in vars(module).items():
            if isinstance(part, typer.Typer):
                functions = [(one.name, one.callback) for one in part.registered_commands if one.callback]
                found |= {f"{each.name}-{known or one.__name__}" for known, one in functions if takes_json(one)}
            elif (
                inspect.isfunction(part)
                and part.__module__ == module.__name__
                and not hasattr(module, "app")
                and name[0] != "_"
            ):
                found |= {name.removesuffix("_people").replace("_", "-")} if takes_json(part) else set()
    return found


def takes_json(function: Callable[..., object]) -> bool:
    return "as_json" in inspect.signature(function).parameters


def objects(schema: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401
    """Return every schema of an object, however deep."""
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for each in schema.values():
            yield from objects(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from objects(each)


def serials(home: Path) -> list[str]:
    """Return the serial numbers of all that was ever signed."""
    with closing(sqlite3.connect(home / "ledger.sqlite")) as ledger:
        return [str(each[0]) for each in ledger.execute("SELECT serial FROM certificates")]
