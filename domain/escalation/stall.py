"""Why nothing will happen to an open incident."""

from datetime import datetime
from enum import StrEnum

from domain.escalation.run import RunStatus


class StallReason(StrEnum):
    NO_RUN = "no_run"
    STOPPED = "stopped"
    OVERDUE = "overdue"
    INCIDENT_OVERDUE = "incident_overdue"
    MUTE_OVERDUE = "mute_overdue"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    StallReason.NO_RUN: "no escalation was ever begun for it",
    StallReason.STOPPED: "its escalation was stopped, though nobody answered",
    StallReason.OVERDUE: "its escalation was due, and no worker moved it",
    StallReason.INCIDENT_OVERDUE: "its snooze, acknowledgement or low urgency was to end, and no worker came",
    StallReason.MUTE_OVERDUE: "its mute was to be looked at anew, and no worker came: it pages nobody",
}


def stall_reason(
    newest_run: RunStatus | None, *, own_deadline: datetime | None, is_muted: bool, at: datetime
) -> StallReason:
    """Of an incident that is known to have stalled by the instant: by its own deadline, or the newest of its runs.

    `is_muted`: by that deadline its mute was to end.
    """
    if own_deadline is not None and own_deadline <= at:
        return StallReason.MUTE_OVERDUE if is_muted else StallReason.INCIDENT_OVERDUE
    match newest_run:
        case None:
            return StallReason.NO_RUN
        case RunStatus.RUNNING:
            return StallReason.OVERDUE
        case RunStatus.STOPPED | RunStatus.EXHAUSTED:
            return StallReason.STOPPED
