"""What all tests share."""

import os
from collections.abc import Iterator

import pytest

pytest_plugins = ["tests.daemons.fixtures", "tests.probe.fixtures"]

STRICT = bool(os.environ.get("CERTKIT_TEST_STRICT") or os.environ.get("CI"))
"""Whether a missing real part is a failure; elsewhere it is a skip that says why."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Iterator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where nothing may be skipped."""
    report = yield
    if STRICT and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Iterator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that is skipped as a whole."""
    report = yield
    if STRICT and report.skipped:
        report.outcome = "failed"
    return report
