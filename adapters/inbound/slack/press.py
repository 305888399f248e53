"""What a pressed button does, whichever way Slack brought it: over HTTP or over Socket Mode."""

import asyncio
from dataclasses import dataclass
from typing import Final, NamedTuple

import structlog

from adapters.inbound.slack.interactivity import Button, ButtonPress
from application.errors import ConflictError, ForbiddenError, NotFoundError, UnauthenticatedError
from application.identity.recognize import RecognizeSlackMember
from application.incident.acknowledge import AcknowledgeIncident
from application.incident.resolve import ResolveIncident
from application.ports.errors import PortError
from domain.identity.actor import Actor
from domain.shared.errors import IllegalTransitionError
from domain.shared.ids import UserId

ANSWER_SECONDS: Final = 2.5  # of the three that Slack waits

_log = structlog.get_logger()


class Answered(NamedTuple):
    refusal: str | None  # None when it is done: the message itself then changes for everyone
    user_id: UserId | None = None  # who pressed, when that is known


@dataclass(frozen=True, slots=True)
class AnswerPress:
    """Acts as the user whom the Slack member is linked to. The caller has checked that it is Slack who brought it."""

    recognize: RecognizeSlackMember
    acknowledge: AcknowledgeIncident
    resolve: ResolveIncident

    async def __call__(self, press: ButtonPress, *, request_id: str = "") -> Answered:
        """In time for Slack. What did not work is said, and never raised."""
        user_id: UserId | None = None
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                actor = await self.recognize(press.slack_user_id, request_id=request_id)
                user_id = actor.user_id
                return Answered(await self._act(press, actor), user_id)
        except UnauthenticatedError:
            refusal = "Your Slack member is not linked to a Tocsin user. Ask an admin to link it; nothing was changed."
        except (PortError, TimeoutError) as error:
            _log.warning("slack_interaction_failed", reason=type(error).__name__)
            refusal = "Tocsin could not do this just now. Press again, or use the link in the message."
        return Answered(refusal, user_id)

    async def _act(self, press: ButtonPress, actor: Actor) -> str | None:
        try:
            match press.button:
                case Button.ACKNOWLEDGE:
                    await self.acknowledge(press.incident_id, actor=actor)
                case Button.RESOLVE:
                    await self.resolve(press.incident_id, actor=actor)
        except IllegalTransitionError:
            return "This incident is already resolved; there is nothing left to acknowledge."
        except NotFoundError:
            return "This incident is not there any more."
        except ForbiddenError:
            return "Your role does not permit this: it takes a responder. Ask an admin."
        except ConflictError:
            return "Somebody else changed this incident at the same moment. Press again if it is still needed."
        return None
