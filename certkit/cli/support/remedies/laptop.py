"""Remedies for what enrolling, unenrolling and reading a client's configuration may raise, by error code."""

from collections.abc import Mapping

REMEDIES: Mapping[str, str] = {}
