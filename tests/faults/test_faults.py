"""Every fault once, in small; `make faults` does them at length."""

from pathlib import Path

import pytest

from tests.faults.scenarios import SCENARIOS, SMALL

pytestmark = pytest.mark.process


@pytest.mark.parametrize("fault", [name for name in SCENARIOS if name != "F5"])
async def test_what_must_hold_holds(fault: str, fresh_database: str, engine_directory: Path) -> None:
    report = await SCENARIOS[fault](fresh_database, engine_directory, 1, SMALL)

    assert report.violations == []


async def test_what_must_hold_holds_when_the_database_is_killed(engine_directory: Path) -> None:
    report = await SCENARIOS["F5"]("", engine_directory, 1, SMALL)

    assert report.violations == []
