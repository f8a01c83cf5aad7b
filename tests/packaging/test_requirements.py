"""What pyproject.toml asks for, and what the lock file gives."""

import re
import tomllib
from itertools import chain

import pytest
from packaging.requirements import Requirement

from tests.environment import CHECKOUT
from tests.packaging.floors import floors, is_for_this_machine

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
OPTIONAL = chain.from_iterable(PROJECT["project"]["optional-dependencies"].values())
DEPENDENCIES = [*PROJECT["project"]["dependencies"], *OPTIONAL]
LOCK = (CHECKOUT / "requirements-dev.txt").read_text()
LOCKED = dict(re.findall(r"^([\w-]+)==(\S+)", LOCK, re.MULTILINE))


@pytest.mark.parametrize("wanted", [*DEPENDENCIES, *PROJECT["dependency-groups"]["dev"]])
def test_the_lock_file_has_a_version_that_is_good(wanted: str) -> None:
    requirement = Requirement(wanted)
    if not is_for_this_machine(wanted):
        assert "darwin" in str(requirement.marker)
        return
    assert LOCKED[requirement.name.lower()] in requirement.specifier, "make lock"


def test_everything_in_the_lock_file_has_hashes_and_no_place() -> None:
    assert LOCK.count(" \\\n") == LOCK.count("--hash=sha256:")
    assert all(f"{name}=={version}" in LOCK for name, version in LOCKED.items())
    assert "://" not in LOCK
    assert not re.search(r"^-", LOCK, re.MULTILINE)


def test_the_floors_are_the_lower_bounds() -> None:
    assert floors(["a-b>=1.2,<2", "c>=3.0"]) == ["a-b==1.2", "c==3.0"]
    assert all(re.fullmatch(r"[\w\[\]-]+==[\d.]+", floor) for floor in floors(DEPENDENCIES))
