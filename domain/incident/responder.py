"""Who was asked to help with an incident, and what they said."""

from dataclasses import dataclass
from enum import StrEnum

from domain.shared.ids import UserId


class ResponderAnswer(StrEnum):
    ASKED = "asked"  # nothing yet
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True, kw_only=True)
class Responder:
    user_id: UserId
    answer: ResponderAnswer = ResponderAnswer.ASKED


def answering(responders: tuple[Responder, ...], user_id: UserId, answer: ResponderAnswer) -> tuple[Responder, ...]:
    """With this answer of one of them, whose place stays; of somebody new it comes last."""
    given = Responder(user_id=user_id, answer=answer)
    if all(each.user_id != user_id for each in responders):
        return (*responders, given)
    return tuple(given if each.user_id == user_id else each for each in responders)
