"""The scale of incidents. Escalation asks for it too, so it is defined in `domain.shared.severity`."""

from domain.shared.severity import Severity

__all__ = ["Severity"]
