"""Every fault once, in small; `make faults` does them at length."""

from pathlib import Path

import pytest

from tests.faults.scenarios import SCENARIOS, SMALL

pytestmark = pytest.mark.process

OWN_ENGINE = ("F5", "F5S")  # which they kill


@pytest.mark.parametrize("fault", [name for name in SCENARIOS if name not in OWN_ENGINE])
async def test_what_must_hold_holds(fault: str, fresh_database: str, engine_directory: Path) -> None:
    report = await SCENARIOS[fault](fresh_database, engine_directory, 1, SMALL)

    assert report.violations == []


@pytest.mark.parametrize("fault", OWN_ENGINE)
async def test_what_must_hold_holds_when_the_database_is_killed(fault: str, engine_directory: Path) -> None:
    report = await SCENARIOS[fault]("", engine_directory, 1, SMALL)

    assert report.violations == []
