"""Why nothing will happen to an incident that nobody answered."""

from enum import StrEnum

from domain.escalation.run import RunStatus


class StallReason(StrEnum):
    NO_RUN = "no_run"
    STOPPED = "stopped"
    OVERDUE = "overdue"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    StallReason.NO_RUN: "no escalation was ever begun for it",
    StallReason.STOPPED: "its escalation was stopped, though nobody answered",
    StallReason.OVERDUE: "its escalation was due, and no worker moved it",
}


def stall_reason(newest_run: RunStatus | None) -> StallReason:
    """Of an incident that is known to have stalled, by the newest of its runs."""
    match newest_run:
        case None:
            return StallReason.NO_RUN
        case RunStatus.RUNNING:
            return StallReason.OVERDUE
        case RunStatus.STOPPED | RunStatus.EXHAUSTED:
            return StallReason.STOPPED
