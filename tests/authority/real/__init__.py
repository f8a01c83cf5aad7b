"""Revocation and rotation at real daemons, all by the commands."""
