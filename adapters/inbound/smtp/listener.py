"""Mail for integrations, over SMTP: `<key>@…`, whatever the domain. Meant to stand behind an MTA that routes it here.

RFC 5321 (replies), RFC 3463 (enhanced codes), RFC 3207 (STARTTLS). 250 is said after the commit; what may work later is
4xx, which senders keep for days; what never will is 5xx.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, cast

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session

from adapters.inbound.http.intake import SetAside
from adapters.inbound.intake import mail
from adapters.inbound.intake.allowances import Allowances
from adapters.inbound.intake.errors import MalformedEventError
from adapters.inbound.intake.group_commit import GroupCommit
from adapters.inbound.intake.limits import MAIL_BYTES
from adapters.inbound.intake.metrics import IntakeMetrics
from adapters.inbound.intake.redact import redacted
from adapters.inbound.intake.targets import Targets
from adapters.inbound.smtp.certificate import Certificate
from application.alert.routed import ReceivedEvent
from application.errors import RateLimitedError
from application.ports.clock import Clock
from application.ports.errors import TransientPortError
from application.ports.ids import IdFactory
from application.ports.intake import IntakeTarget, RawEvent

DOOR: Final = "email"
RECIPIENTS: Final = 10  # of one mail; RFC 5321 4.5.3.1.8 asks for 100 of an MTA, which this is not
CONNECTIONS: Final = 20  # with `MAIL_BYTES`, what this door may hold in memory
COMMAND_SECONDS: Final = 60.0  # from one command to the next, the whole of a mail included
LINE_BYTES: Final = 65_536  # RFC 5321 says 1,000; programs that write HTML seldom know
# What a connection may send for one mail. Past `MAIL_BYTES` it is thrown away, to say 552 at its end; past this the
# connection ends, because a line without an end is kept until it has one.
DRAINED_BYTES: Final = 2 * MAIL_BYTES

_log = structlog.get_logger()


@dataclass(slots=True)
class MailDoor:
    """What becomes of a mail: aiosmtpd calls the hooks by these names."""

    targets: Targets
    allowances: Allowances
    commits: GroupCommit
    set_aside: SetAside
    clock: Clock
    ids: IdFactory
    metrics: IntakeMetrics

    async def handle_RCPT(  # noqa: N802  # its name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return f"452 4.5.3 at most {RECIPIENTS} recipients of one mail"
        try:
            target = await self._target(address)
        except TransientPortError:
            return "451 4.3.0 storage does not answer; try again later"
        if target is None:
            return "550 5.1.1 no integration has this address"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        try:
            recipients = await self._paid_for(envelope.rcpt_tos)
            for address, target in recipients.items():
                await self._take(address, target, content, sender=(envelope.mail_from or "").strip("<>"))
        except RateLimitedError:
            self.metrics.throttled.labels(DOOR).inc()
            self.metrics.answered(DOOR, 451).inc()
            return "451 4.7.1 an integration gets more than it may; nothing was stored, try again later"
        except TransientPortError as error:
            _log.warning("intake_unavailable", door=DOOR, reason=str(error))
            self.metrics.answered(DOOR, 451).inc()
            return "451 4.3.0 nothing was stored; try again later"
        self.metrics.answered(DOOR, 250).inc()
        return "250 2.0.0 stored"

    async def handle_exception(self, error: Exception) -> str:
        """A fault of ours: the sender keeps the mail."""
        _log.error("intake_failed", door=DOOR, exc_info=error)
        self.metrics.answered(DOOR, 451).inc()
        return "451 4.3.0 this is a fault of ours; nothing was stored"

    async def _paid_for(self, addresses: list[str]) -> Mapping[str, IntakeTarget]:
        """Whose they are, before anything is stored: a mail is taken for all of its recipients, or for none.

        One whose key ended between RCPT and now is left out. Raises `RateLimitedError`, `TransientPortError`.
        """
        found = {address: await self._target(address) for address in dict.fromkeys(addresses)}
        recipients = {address: target for address, target in found.items() if target is not None}
        addressed = Counter(target.integration.id for target in recipients.values())
        for integration in {target.integration.id: target.integration for target in recipients.values()}.values():
            await self.allowances.spend(integration, addressed[integration.id])
        return recipients

    async def _take(self, address: str, target: IntakeTarget, content: bytes, *, sender: str) -> None:
        """Returns after the commit. Raises `TransientPortError`."""
        kept = redacted(redacted(content, mail.key_in(address)), _local_part(address))
        try:
            event = await asyncio.to_thread(mail.event_of, content, envelope_sender=sender)
        except MalformedEventError as error:
            await self.set_aside(kept, reason=str(error), source="smtp", integration_id=target.integration.id)
            return
        raw = RawEvent(
            id=self.ids.new(),
            integration_id=target.integration.id,
            received_at=self.clock.now(),
            format=DOOR,
            body=kept,
        )
        await self.commits.store([ReceivedEvent(target, event, raw)])
        self.metrics.stored(DOOR).inc()

    async def _target(self, address: str) -> IntakeTarget | None:
        """None: nobody's, or of one whose sender signs, as no mail is signed. Raises `TransientPortError`."""
        key = mail.key_in(address)
        target = await self.targets.of(key) if key else None
        return None if target is None or target.integration.takes_only_signed else target


def _local_part(address: str) -> str:
    return address.strip("<>").rpartition("@")[0].rpartition("+")[2]


@dataclass(slots=True)
class MailServer:
    """Makes a session for each connection, up to `CONNECTIONS` of them."""

    door: MailDoor
    hostname: str
    certificate: Certificate | None = None  # None: no STARTTLS is offered
    open: "set[MailSession]" = field(default_factory=set)

    def __call__(self) -> "MailSession":
        return MailSession(self)

    def close(self) -> None:
        """End every connection; what was not answered is sent again by whoever sent it."""
        for session in tuple(self.open):
            session.end()


class MailSession(SMTP):
    """One connection, which cannot hold more than was promised."""

    line_length_limit = LINE_BYTES

    def __init__(self, server: MailServer) -> None:
        super().__init__(
            server.door,
            data_size_limit=MAIL_BYTES,
            enable_SMTPUTF8=True,
            hostname=server.hostname,
            ident="tocsin",
            timeout=COMMAND_SECONDS,
            tls_context=None if server.certificate is None else server.certificate.context,
            loop=asyncio.get_running_loop(),
        )
        self._server = server
        self._bytes = 0
        self._is_refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # of whichever loop; uvloop's are no subclasses
        is_new = self not in self._server.open  # and not the same one, which is encrypted from here on
        if is_new and len(self._server.open) >= CONNECTIONS:
            self._is_refused = True
            transport.write(b"421 4.3.2 too many connections; try again later\r\n")
            transport.close()
            return
        self._server.open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._server.open.discard(self)
        if not self._is_refused:
            super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        self._bytes += len(data)
        if self._bytes > DRAINED_BYTES:
            cast(asyncio.Transport, self.transport).abort()
            return
        super().data_received(data)

    def end(self) -> None:
        if self.transport is not None:
            self.transport.close()

    def eof_received(self) -> bool | None:
        return None if self._is_refused else super().eof_received()

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802  # its name
        self._bytes = 0  # a connection may bring many mails, one after the other
        await super().smtp_MAIL(arg)
