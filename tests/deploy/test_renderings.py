"""Every kind is read again by what reads it: the shell, YAML, TOML, systemd, HAProxy."""

import configparser
import re
import shlex
import shutil
import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from certkit.deploy import FLAVOURS, KINDS, Site, render
from certkit.errors import InvalidError

FILES = ("ca.pem", "cert.pem", "key.pem")
SPACED = "/srv/build kit/certs"


def site(flavour: str = "earthly", directory: str = SPACED, host: str = "build.acme.example") -> Site:
    return Site("build", host, 9372, flavour, directory)


def command(text: str) -> list[str]:
    """Split a script's last command as a shell does; shlex alone knows no continued lines."""
    lines = [line for line in text.replace("\\\n", " ").splitlines() if line and not line.startswith("#")]
    return shlex.split(lines[-1])


def unit(text: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_docker_is_one_command_that_mounts_the_three_files_where_the_image_reads_them(flavour: str) -> None:
    image = FLAVOURS[flavour]
    words = command(render("docker", site(flavour)))
    assert words[:2] == ["docker", "run"]
    for file in FILES:
        assert f"type=bind,source={SPACED}/{file},target={image.certificates}/{file},readonly" in words
    assert words[words.index("--publish") + 1] == f"9372:{image.port}"
    assert f"type=volume,source=buildkitd-build-cache,target={image.cache}" in words
    assert words[words.index(image.reference) + 1 :] == list(image.arguments)


def test_docker_is_accepted_by_the_shell(tmp_path: Path) -> None:
    (tmp_path / "docker").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    (tmp_path / "docker").chmod(0o755)
    text = render("docker", site())
    shown = subprocess.run(
        ["/bin/sh", "-euc", text], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    lines = shown.stdout.splitlines()
    assert lines[:2] == ["rm", "buildkitd-build"]  # so that it can be run again
    assert lines[2:] == command(text)[1:]


def test_earthlys_images_are_told_by_environment_and_upstreams_by_arguments() -> None:
    earthly, upstream = render("docker", site("earthly")), render("docker", site("buildkit"))
    assert "BUILDKIT_TLS_ENABLED=true" in earthly
    assert "--tlscacert=/etc/buildkit/certs/ca.pem" in upstream
    assert "BUILDKIT_TLS_ENABLED" not in upstream


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_compose_is_yaml_with_the_files_and_never_makes_a_missing_one(flavour: str) -> None:
    image = FLAVOURS[flavour]
    service = yaml.safe_load(render("compose", site(flavour)))["services"]["buildkitd"]
    assert service["image"] == image.reference
    assert service["privileged"] is True
    assert service["ports"] == [f"9372:{image.port}"]
    assert service.get("environment", {}) == dict(image.environment)
    assert service.get("command", []) == list(image.arguments)
    bound = {mount["source"]: mount for mount in service["volumes"] if mount["type"] == "bind"}
    assert set(bound) == {f"{SPACED}/{file}" for file in FILES}
    assert all(mount["read_only"] and not mount["bind"]["create_host_path"] for mount in bound.values())


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_kubernetes_has_a_service_and_one_pod_and_nothing_secret(flavour: str) -> None:
    image = FLAVOURS[flavour]
    text = render("kubernetes", site(flavour))
    namespace, service, stateful, budget = yaml.safe_load_all(text)
    assert namespace["metadata"]["labels"] == {"pod-security.kubernetes.io/enforce": "privileged"}
    assert {each["metadata"]["namespace"] for each in (service, stateful, budget)} == {namespace["metadata"]["name"]}
    assert budget["spec"] == {"maxUnavailable": 0, "selector": stateful["spec"]["selector"]}
    assert service["spec"]["ports"][0]["port"] == 9372
    pod = stateful["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert service["spec"]["selector"].items() <= stateful["spec"]["template"]["metadata"]["labels"].items()
    assert [m["mountPath"] for m in container["volumeMounts"]] == [
        image.cache,
        *(f"{image.certificates}/{f}" for f in FILES),
    ]
    assert pod["volumes"][0]["secret"] == {"secretName": "buildkitd-build", "defaultMode": 0o400}
    assert pod["automountServiceAccountToken"] is False
    assert pod["terminationGracePeriodSeconds"] == 120
    assert container["resources"]["requests"]
    assert container["startupProbe"]["periodSeconds"] == 1
    assert ("livenessProbe" in container) is bool(image.probed)  # one that hangs is started anew
    assert "PRIVATE KEY" not in text


def test_kubernetes_says_how_the_secret_is_made_from_the_home_in_words_that_a_shell_can_read() -> None:
    text = render("kubernetes", replace(site(), source="/home/the lead, a=b/build"))
    comments = [line[1:].strip().removesuffix("\\") for line in text.splitlines() if line.startswith("#")]
    words = shlex.split(" ".join(comments[4:7]))
    assert words[:4] == ["(cd", "/home/the lead, a=b/build", "&&", "kubectl"]
    assert "--from-file=key.pem" in words
    assert words[words.index("|") + 1 :] == ["kubectl", "apply", "--server-side", "--filename=-"]


@pytest.mark.parametrize("called", ["b" * 53, "7builds", "build.kit", "build_kit", "build-"])
def test_kubernetes_is_given_no_name_that_it_does_not_take(called: str) -> None:
    with pytest.raises(InvalidError):
        render("kubernetes", replace(site(), called=called))


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_podman_is_a_quadlet(flavour: str) -> None:
    image = FLAVOURS[flavour]
    text = render("podman", site(flavour))
    container = unit(text)["Container"]
    assert container["Image"] == f"docker.io/{image.reference}"
    assert container["PublishPort"] == f"9372:{image.port}"
    assert container.get("Exec", "").split() == list(image.arguments)
    for file in FILES:
        assert f"Volume={SPACED}/{file}:{image.certificates}/{file}:ro" in text.splitlines()


def test_systemd_copies_the_files_from_any_folder_and_restarts_for_ever() -> None:
    service = unit(render("systemd", site()))["Service"]
    assert shlex.split(service["ExecStartPre"])[-3:] == [f"{SPACED}/{file}" for file in FILES]
    assert SPACED not in service["ExecStart"]
    assert service["Restart"] == "always"
    assert service["Type"] == "notify"


def test_systemd_keeps_the_builds_in_the_unit_s_control_group_and_off_the_host_s_network() -> None:
    service = unit(render("systemd", site()))["Service"]
    assert 'defaultCgroupParent = "/system.slice/buildkitd-build.service"' in service["SetCredential"]
    assert "--containerd-worker=false --oci-worker-net=bridge" in service["ExecStart"]
    assert service["KillMode"] == "mixed"
    assert "ProtectHostname" not in service  # every RUN would fail


@pytest.mark.parametrize("kind", ["docker", "compose", "podman", "systemd", "kubernetes"])
def test_every_recipe_says_what_a_restart_does_to_builds_and_gives_them_two_minutes(kind: str) -> None:
    gently, at_once = render(kind, site("buildkit")), render(kind, site("earthly"))
    assert "lets running builds end, for two minutes at most" in gently
    assert "# At once:" in gently
    assert "ends every build at once: this daemon waits for none" in at_once
    for text in (gently, at_once):
        assert re.search(
            r"stop-timeout[ =]120|stop_grace_period: 120s|TimeoutStopSec=120|GracePeriodSeconds: 120", text
        )
        assert "# Who builds:" in text


@pytest.mark.parametrize("kind", ["docker", "compose"])
def test_other_containers_do_not_reach_the_outputs_and_logs_are_bounded(kind: str) -> None:
    """Plain BuildKit serves no outputs, and stays where its builds ask the host's resolvers."""
    assert "local" in render(kind, site())
    earthly, plain = render(kind, site()), render(kind, site("buildkit"))
    assert ("docker network create buildkitd-build" in earthly) is (kind == "docker")
    assert ("network_mode: bridge" in plain) is (kind == "compose")
    assert "docker network" not in plain
    assert "network_mode" not in earthly


def test_podman_is_reached_over_ipv6_where_the_url_is_an_address_of_it() -> None:
    assert "--ipv6 buildkitd-build" in render("podman", site(host="2001:db8::7"))
    assert "PublishPort=[::]:9372:8372" in render("podman", site(host="2001:db8::7"))
    assert "\nPublishPort=[::]" not in render("podman", site())


def test_podman_heals_a_daemon_that_hangs_where_its_image_can_be_asked() -> None:
    container = unit(render("podman", site("buildkit")))["Container"]
    assert (container["HealthOnFailure"], container["Notify"]) == ("kill", "healthy")
    assert "--pids-limit=-1" in container["PodmanArgs"]
    assert "from a timer: this image has nothing to ask" in render("podman", site())


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("host", ["build.acme.example", "2001:db8::7"])
def test_systemd_finds_nothing_wrong_with_its_unit(tmp_path: Path, host: str) -> None:
    program = tmp_path / "buildkitd"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    path = tmp_path / "buildkitd-build.service"
    path.write_text(render("systemd", site(host=host)).replace("/usr/local/bin/buildkitd", str(program)))
    found = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False)
    # A systemd before 254 does not know it and goes on: then the daemon sees to it itself.
    complaints = [line for line in found.stderr.splitlines() if path.name in line and "DelegateSubgroup" not in line]
    assert (found.returncode, complaints) == (0, [])


def test_buildkitd_toml_names_all_three_files_so_that_strangers_are_refused() -> None:
    grpc: dict[str, Any] = tomllib.loads(render("buildkitd", site()))["grpc"]
    assert grpc["tls"] == {"ca": f"{SPACED}/ca.pem", "cert": f"{SPACED}/cert.pem", "key": f"{SPACED}/key.pem"}
    assert grpc["address"][1] == "tcp://0.0.0.0:9372"


def test_no_template_leaves_a_jinja_mark_or_a_dangling_space() -> None:
    for flavour in FLAVOURS:
        for kind in KINDS:
            lines = render(kind, site(flavour)).splitlines()
            assert not [line for line in lines if "{{" in line or "{%" in line or line != line.rstrip()]


def test_the_flags_are_those_of_the_toml() -> None:
    words = command(render("flags", site()))
    assert words == [
        *("buildkitd", "--addr", "tcp://0.0.0.0:9372"),
        *("--tlscacert", f"{SPACED}/ca.pem", "--tlscert", f"{SPACED}/cert.pem", "--tlskey", f"{SPACED}/key.pem"),
    ]
