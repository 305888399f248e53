from datetime import timedelta

from domain.escalation.policy import EscalationPolicy


def acknowledgement_timeout_of(policy: EscalationPolicy) -> timedelta | None:  # the field comes with another change
    """How long an acknowledgement counts before the incident pages again; None: until it is resolved."""
    return None
