"""A daemon's host that syncs with the team's server."""
