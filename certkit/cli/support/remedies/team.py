"""Remedies for what the lead's operations, the ledger and certificates may raise, by error code."""

from collections.abc import Mapping

REMEDIES: Mapping[str, str] = {}
