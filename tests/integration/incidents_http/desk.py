"""The incident-facing API over the in-memory storage, with somebody of every role and the stock's people."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import httpx
from dishka import Provider, Scope, provide

from adapters.inbound.http.acknowledge_page import AcknowledgePageController
from adapters.inbound.http.audit import AuditController
from adapters.inbound.http.dead_letters import DeadLetterController
from adapters.inbound.http.drill_page import DrillPageController
from adapters.inbound.http.escalations import EscalationController
from adapters.inbound.http.event_hub import EventHub
from adapters.inbound.http.explanations import ExplanationController
from adapters.inbound.http.incident_acts import IncidentActController, PerformAct
from adapters.inbound.http.incidents import IncidentController
from adapters.inbound.http.ledgers import LedgerController
from adapters.inbound.http.mailbox import MailboxController
from adapters.inbound.http.on_call import OnCallController
from adapters.inbound.http.slack import SlackController, SlackSigning
from adapters.inbound.http.stream import StreamController
from adapters.inbound.http.twilio import TwilioController, TwilioSigning
from adapters.outbound.memory.chat_replies import MemoryChatReplies
from adapters.outbound.memory.database import MemoryDatabase, MemorySession
from adapters.outbound.memory.event_log import MemoryEventLog
from adapters.outbound.security.link_tokens import SealedLinkTokens
from application.ports.chat_replies import ChatReplies
from domain.identity.role import Role
from domain.incident.incident import Incident
from domain.shared.ids import UserId
from domain.shared.via import Via
from tests.integration.http.world import SECRET, World, world
from tests.support.stock import ADA, Stock, over_memory
from tests.unit.stream.test_event_hub import Bell

CONTROLLERS: Final = (
    AcknowledgePageController,
    AuditController,
    DeadLetterController,
    EscalationController,
    ExplanationController,
    IncidentActController,
    DrillPageController,
    IncidentController,
    LedgerController,
    MailboxController,
    OnCallController,
    SlackController,
    StreamController,
    TwilioController,
)
TWILIO_URL: Final = "https://tocsin.example"
TWILIO_TOKENS: Final = ("the token of now", "the token of before")
SLACK_SECRETS: Final = ("the secret of now", "the secret of before")


class _Doors(Provider):
    scope = Scope.APP

    perform_act = provide(PerformAct, scope=Scope.REQUEST)

    def __init__(
        self, slack_secrets: tuple[str, ...], twilio_tokens: tuple[str, ...], replies: MemoryChatReplies
    ) -> None:
        super().__init__()
        self._twilio_tokens = twilio_tokens
        self._slack_secrets = slack_secrets
        self._replies = replies

    @provide
    def slack_signing(self) -> SlackSigning:
        return SlackSigning(self._slack_secrets)

    @provide
    def twilio_signing(self) -> TwilioSigning:
        return TwilioSigning(TWILIO_URL, self._twilio_tokens)

    @provide
    def chat_replies(self) -> ChatReplies:
        return self._replies

    @provide
    def hub(self, database: MemoryDatabase) -> EventHub:
        return EventHub(MemoryEventLog(MemorySession(database)), Bell())


@dataclass(slots=True)
class Desk:
    world: World
    stock: Stock
    replies: list[tuple[str, str]]  # what was said to those who pressed a button, and where

    async def ask(self, method: str, path: str, *, by: Role | None = Role.RESPONDER, **request: Any) -> httpx.Response:
        return await self.world.ask(method, path, by=by, **request)

    def link(
        self,
        incident: Incident,
        *,
        user_id: UserId = ADA,
        good_for: timedelta = timedelta(hours=1),
        via: Via = Via.EMAIL,
    ) -> str:
        """The path of the page for an incident and a user."""
        expires_at = self.world.clock.now() + good_for
        return "/a/" + SealedLinkTokens(SECRET).issue_link(incident.id, user_id, expires_at=expires_at, via=via)


@asynccontextmanager
async def desk(
    *, slack_secrets: tuple[str, ...] = SLACK_SECRETS, twilio_tokens: tuple[str, ...] = TWILIO_TOKENS
) -> AsyncIterator[Desk]:
    replies = MemoryChatReplies()
    async with world(*CONTROLLERS, providers=[_Doors(slack_secrets, twilio_tokens, replies)]) as made:
        stock = over_memory(MemorySession(made.database))
        await stock.lay_in()
        yield Desk(made, stock, replies.replies)
