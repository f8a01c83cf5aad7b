"""What a daemon's host needs, rendered from `templates/`: one text a kind."""

from certkit.deploy.handling import Handling, handling
from certkit.deploy.render import KINDS, command, render
from certkit.deploy.site import FLAVOURS, Site

__all__ = ["FLAVOURS", "KINDS", "Handling", "Site", "command", "handling", "render"]
