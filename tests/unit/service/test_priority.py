import pytest

from domain.shared.limits import SERVICE_TIERS
from domain.shared.priority import Priority, priority_of
from domain.shared.severity import Severity


@pytest.mark.parametrize("severity", Severity)
def test_without_a_tier_or_in_the_second_one_a_severity_speaks_for_itself(severity: Severity) -> None:
    same = Priority(severity.replace("SEV", "P"))
    assert priority_of(severity, tier=None) is same
    assert priority_of(severity, tier=2) is same


@pytest.mark.parametrize(
    ("severity", "tier", "priority"),
    [
        (Severity.SEV3, 1, Priority.P2),
        (Severity.SEV3, 3, Priority.P4),
        (Severity.SEV3, 4, Priority.P5),
        (Severity.SEV1, 4, Priority.P3),
    ],
)
def test_the_more_depends_on_a_service_the_sooner(severity: Severity, tier: int, priority: Priority) -> None:
    assert priority_of(severity, tier=tier) is priority


def test_nothing_is_sooner_than_the_first_priority_or_later_than_the_last() -> None:
    assert priority_of(Severity.SEV1, tier=1) is Priority.P1
    assert priority_of(Severity.SEV5, tier=4) is Priority.P5


def test_a_graver_severity_is_never_later_and_a_higher_tier_never_either() -> None:
    for tier in range(1, SERVICE_TIERS + 1):
        of_tier = [priority_of(severity, tier=tier) for severity in Severity]
        assert of_tier == sorted(of_tier)
    for severity in Severity:
        of_severity = [priority_of(severity, tier=tier) for tier in range(1, SERVICE_TIERS + 1)]
        assert of_severity == sorted(of_severity)
