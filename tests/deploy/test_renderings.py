"""Every kind is read again by what reads it: the shell, YAML, TOML, systemd, HAProxy."""

import configparser
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from certkit.deploy import FLAVOURS, KINDS, Site, render

FILES = ("ca.pem", "cert.pem", "key.pem")
SPACED = "/srv/build kit/certs"


def site(flavour: str = "earthly", directory: str = SPACED, host: str = "build.acme.example") -> Site:
    return Site("build", host, 9372, flavour, directory)


def command(text: str) -> list[str]:
    """Split as a shell does; shlex alone knows no continued lines."""
    return shlex.split(text.replace("\\\n", " "), comments=True)


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
    assert shown.stdout.splitlines() == command(text)[1:]


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
    service, stateful = yaml.safe_load_all(text)
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
    assert "PRIVATE KEY" not in text


def test_kubernetes_says_how_the_secret_is_made_in_words_that_a_shell_can_read() -> None:
    comments = [
        line[1:].strip().removesuffix("\\")
        for line in render("kubernetes", site()).splitlines()
        if line.startswith("#")
    ]
    words = shlex.split(" ".join(comments[2:5]))
    assert f"--from-file={SPACED}/key.pem" in words


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


def test_systemd_loads_the_key_as_a_credential_and_restarts_for_ever() -> None:
    text = render("systemd", site())
    service = unit(text)["Service"]
    assert f"LoadCredential=key.pem:{SPACED}/key.pem" in text.splitlines()
    assert SPACED not in service["ExecStart"]
    assert service["Restart"] == "always"
    assert service["Type"] == "notify"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("host", ["build.acme.example", "2001:db8::7"])
def test_systemd_finds_nothing_wrong_with_its_unit(tmp_path: Path, host: str) -> None:
    program = tmp_path / "buildkitd"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    path = tmp_path / "buildkitd-build.service"
    path.write_text(render("systemd", site(host=host)).replace("/usr/local/bin/buildkitd", str(program)))
    found = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False)
    assert (found.returncode, [line for line in found.stderr.splitlines() if path.name in line]) == (0, [])


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
