"""What all tests share."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests import environment

pytest_plugins = [
    "tests.daemons.fixtures",
    "tests.kubernetes.fixtures",
    "tests.postgres.fixtures",
    "tests.probe.fixtures",
]

STRICT = bool(os.environ.get("CERTKIT_TEST_STRICT") or os.environ.get("CI"))
"""Whether a missing real part is a failure; elsewhere it is a skip that says why."""

GO = {"tests.clients.go_programs", "tests.clients.verifiers", "tests.clients.earthly_reader"}

environment.find_system_tools()

# A deadline measures the machine: a test that is slow on a busy one is not wrong.
hypothesis.settings.register_profile("certkit", deadline=None)
hypothesis.settings.load_profile("certkit")


@pytest.fixture(scope="session", autouse=True)
def own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Run all tests in an environment that the suite has made."""
    tmp_path_factory.getbasetemp()  # what tests leave stays where people look for it, behind the scratch folder's end
    with environment.made() as scratch:
        yield scratch


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what asks for a real daemon or a program in Go, so that `-m "not real"` is the unit tier."""
    for item in items:
        if "real_daemons" in getattr(item, "fixturenames", ()) or _runs_go(item):
            item.add_marker(pytest.mark.real)


def _runs_go(item: pytest.Item) -> bool:
    """Tell whether a test's module imports what builds programs in Go, and fetches what they consist of."""
    imported = vars(item.module).values() if isinstance(item, pytest.Function) else ()
    return any(getattr(each, "__module__", getattr(each, "__name__", "")) in GO for each in imported)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where nothing may be skipped."""
    report = yield
    if STRICT and report.skipped and not hasattr(report, "wasxfail") and not environment.excuses(_reason(report)):
        report.outcome = "failed"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Do the same for a module that is skipped as a whole."""
    report = yield
    if STRICT and report.skipped and not environment.excuses(_reason(report)):
        report.outcome = "failed"
    return report


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Return why something was skipped."""
    return report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
