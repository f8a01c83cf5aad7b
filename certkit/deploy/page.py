"""Pages for a browser, each one file that fetches nothing: every value in them is escaped."""

import base64
import hashlib

from certkit.deploy.render import PLACES


def render_page(name: str, **values: object) -> str:
    """Return the page of this name in templates/, with its style inside, and a policy that allows nothing else."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    places = FileSystemLoader(PLACES)
    environment = Environment(loader=places, undefined=StrictUndefined, autoescape=True, trim_blocks=True)
    style = _source(f"{name}/{name}.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'"
    return environment.get_template(f"{name}/{name}.html.j2").render(style=style, policy=policy, **values)


def _source(name: str) -> str:
    return next(path for path in (place / name for place in PLACES) if path.is_file()).read_text(encoding="utf-8")
