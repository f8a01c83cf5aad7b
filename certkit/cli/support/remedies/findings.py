"""Remedies for the probe's findings, by finding id."""

from collections.abc import Mapping

REMEDIES: Mapping[str, str] = {}
