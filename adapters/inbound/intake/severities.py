"""The many words for how bad it is, mapped to the four grades."""

from types import MappingProxyType
from typing import Final

from domain.alert.alert_event import AlertSeverity

EXACT: Final = MappingProxyType({severity.value: severity for severity in AlertSeverity})

_WORDS: Final = {
    AlertSeverity.CRITICAL: "critical crit page fatal emergency emerg alert disaster blocker urgent p0 p1 sev0 sev1 s1",
    AlertSeverity.ERROR: "error err high major severe p2 sev2 s2",
    AlertSeverity.WARNING: "warning warn medium minor moderate average p3 sev3 s3",
    AlertSeverity.INFO: "info information informational notice low none debug ok p4 p5 sev4 sev5 s4 s5",
}
_BY_WORD: Final = {word: severity for severity, words in _WORDS.items() for word in words.split()}

_RANK: Final = {severity: rank for rank, severity in enumerate(reversed(AlertSeverity))}


def exact(value: object) -> AlertSeverity | None:
    """One of the four grades in any case; None leaves it to the integration's default."""
    return EXACT.get(value.strip().lower()) if isinstance(value, str) else None


def lenient(value: object) -> AlertSeverity | None:
    """A grade for any word in common use; None for the others."""
    return _BY_WORD.get(value.strip().lower()) if isinstance(value, str) else None


def rank(severity: AlertSeverity) -> int:
    """Higher is worse."""
    return _RANK[severity]
