from datetime import timedelta

import pytest

from application.service.urgency import Judged, judged, urgency_of
from domain.service.service import UrgencyRule
from domain.shared.severity import Severity
from domain.shared.urgency import Urgency
from tests.support.builders import NOON, office_hours


@pytest.mark.parametrize(
    ("tier", "mildest"),
    [(1, Severity.SEV4), (2, Severity.SEV3), (3, Severity.SEV2), (4, Severity.SEV1), (None, Severity.SEV3)],
)
def test_the_more_depends_on_a_service_the_milder_is_what_wakes_people(tier: int | None, mildest: Severity) -> None:
    for severity in Severity:
        expected = Urgency.HIGH if severity <= mildest else Urgency.LOW
        assert urgency_of(UrgencyRule.BY_SEVERITY, severity, tier=tier) is expected


def test_a_tier_does_not_count_where_the_rule_says_always() -> None:
    assert urgency_of(UrgencyRule.ALWAYS_LOW, Severity.SEV1, tier=1) is Urgency.LOW
    assert urgency_of(UrgencyRule.ALWAYS_HIGH, Severity.SEV5, tier=4) is Urgency.HIGH


def test_within_support_hours_it_is_urgent_and_outside_it_rises_when_they_begin() -> None:
    hours, evening = office_hours(), NOON + timedelta(hours=8)
    rule = UrgencyRule.SUPPORT_HOURS

    assert judged(rule, Severity.SEV5, tier=None, support_hours=hours, at=NOON) == Judged(Urgency.HIGH)
    opens_at = NOON + timedelta(hours=20)
    late = judged(rule, Severity.SEV1, tier=None, support_hours=hours, at=evening)
    assert late == Judged(Urgency.LOW, opens_at)
