from datetime import timedelta

import pytest

from domain.identity.proof_demand import ProofDemand
from domain.shared.errors import InvalidValueError


def test_a_team_is_warned_of_what_is_not_proved_for_four_weeks_within_half_an_hour() -> None:
    assert ProofDemand() == ProofDemand(weeks=4, within=timedelta(minutes=30), refuses=False)


@pytest.mark.parametrize("weeks", [0, 27])
def test_a_proof_is_of_one_week_to_half_a_year(weeks: int) -> None:
    with pytest.raises(InvalidValueError, match=f"weeks: is {weeks}, allowed are 1 to 26"):
        ProofDemand(weeks=weeks)


@pytest.mark.parametrize("seconds", [59, 24 * 3600 + 1])
def test_somebody_is_to_be_told_within_a_minute_to_a_day(seconds: int) -> None:
    with pytest.raises(InvalidValueError, match=f"within_seconds: is {seconds}, allowed are 60 to 86400"):
        ProofDemand(within=timedelta(seconds=seconds))
