"""Rendering: quoting is by filters in the templates, and a name that a template misspells is an error."""

import json
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from certkit.deploy.handling import DRAIN_SECONDS, END_BUILDS, handling, only_file
from certkit.deploy.site import Site
from certkit.errors import InvalidError

if TYPE_CHECKING:
    from jinja2 import Environment

KINDS = {
    "docker": "run.sh",
    "compose": "compose.yaml",
    "podman": "buildkitd.container",
    "systemd": "buildkitd.service",
    "kubernetes": "buildkitd.yaml",
    "haproxy": "haproxy.cfg",
    "buildkitd": "buildkitd.toml",
    "flags": "flags.sh",
}
"""Each kind with its template's name in `templates/KIND/`."""

_CLUSTER_NAME = re.compile(r"[a-z]([a-z0-9-]{0,50}[a-z0-9])?")
"""What Kubernetes takes as the name of a namespace, a service and a stateful set: its pods bear it in a label of 63
characters, behind which comes a hash."""

_PACKAGE = Path(__file__).parent.parent
PLACES = (_PACKAGE / "templates", _PACKAGE.parent / "templates")
"""In an installed wheel, and in a checkout."""


def render(kind: str, site: Site) -> str:
    """Return the file of one of KINDS for a site; its first lines say where it goes and what to run.

    Raises InvalidError for another kind, and for a name that Kubernetes does not take.
    """
    if kind not in KINDS:
        raise InvalidError(
            f"{kind!r} is not a way to deploy", f"Use one of {', '.join(KINDS)}.", code="unknown-deployment", kind=kind
        )
    if kind == "kubernetes" and not _CLUSTER_NAME.fullmatch(site.name):
        raise InvalidError(
            f"{site.name!r} cannot be the name of a namespace and of what is in it",
            "Use up to 52 small letters, digits and - with a letter first, such as buildkitd-build.",
            code="unwritable-name",
            name=site.name,
        )
    template = _environment().get_template(f"{kind}/{KINDS[kind]}.j2")
    do = handling(kind, site)
    return template.render(
        site=site, image=site.image, do=do, drain=DRAIN_SECONDS, end_builds=END_BUILDS, only_file=only_file(kind)
    )


def command(kind: str, site: Site) -> list[str]:
    """Return the lines of a rendered shell script without its comments: what to paste."""
    return [line for line in render(kind, site).splitlines() if line and not line.startswith("#")]


def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(  # noqa: S701  nothing here is HTML: the filters below quote for what it is
        loader=FileSystemLoader(PLACES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["sh"] = shlex.quote
    environment.filters["quoted"] = _quoted
    return environment


def _quoted(value: str) -> str:
    """Write a text as JSON does, which YAML, TOML and HAProxy read the same (Site lets no `$` through to HAProxy)."""
    return json.dumps(value)
