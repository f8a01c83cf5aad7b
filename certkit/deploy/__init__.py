"""What a daemon's host needs, rendered from `templates/`: one text a kind."""

from certkit.deploy.handling import END_BUILDS, Handling, handling, only_file
from certkit.deploy.render import KINDS, command, render
from certkit.deploy.site import FLAVOURS, Site

__all__ = ["END_BUILDS", "FLAVOURS", "KINDS", "Handling", "Site", "command", "handling", "only_file", "render"]
