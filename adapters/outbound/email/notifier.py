"""Notifications by e-mail, handed to a submission server. RFC 5321 (SMTP), RFC 6409 (submission)."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email.headerregistry import Address
from enum import StrEnum
from typing import Final, Self

import aiosmtplib
from aiosmtplib import SMTP, SMTPException, SMTPResponseException, SMTPTimeoutError

from adapters.outbound.email.conversation import Conversation, Progress, Reply, StaleConnectionError
from adapters.outbound.email.rendering import Envelope, UnsendableAddressError, parsed_address, render, render_notice
from adapters.plain_text import one_line, shortened
from application.ports.clock import Clock
from application.ports.notifier import Delivery, Message, NoticeMessage, Notifier, Outcome

_DETAIL_CHARACTERS: Final = 200
_AUTHENTICATION_CODES: Final = frozenset({530, 534, 535, 538})  # RFC 4954 6
_DOMAIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


class Tls(StrEnum):
    """How the connection is protected. `STARTTLS` means that a server without it is not used."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpSettings:
    """The submission server and who we are to it."""

    host: str
    port: int
    sender: str  # an address; the server must let us send as it
    domain: str  # ours: the right side of Message-ID, List-Id, and the name in EHLO
    sender_name: str = "Tocsin"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: Tls = Tls.STARTTLS
    ca_file: str | None = None  # PEM, for a server whose certificate is signed by an authority of one's own
    timeout_seconds: float = 10.0  # for one message, from waiting for a connection to the last answer
    connections: int = 4
    # RFC 5321 4.5.3.2.7 lets servers close after 5 minutes, but what lies between forgets idle connections sooner
    idle_seconds: float = 60.0

    def __post_init__(self) -> None:
        assert self.connections >= 1
        if _DOMAIN.fullmatch(self.domain) is None:
            raise ValueError("domain: is not a host name")
        if not parsed_address(self.sender).addr_spec.isascii():
            raise ValueError("sender: must be ASCII, since not every server takes another")


class SmtpNotifier(Notifier):
    """Keeps a few connections open between messages, since a TLS handshake and a log-in cost more than a message.

    `aclose` ends them; it is also an asynchronous context manager.
    """

    def __init__(self, settings: SmtpSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        sender = parsed_address(settings.sender)
        self._envelope_sender = sender.addr_spec
        self._from = Address(one_line(settings.sender_name), sender.username, sender.domain)
        self._slots = asyncio.Semaphore(settings.connections)
        self._idle: list[Conversation] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Say good-bye on the idle connections and close them."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*map(_quit, idle))
        await asyncio.sleep(0)  # a closed transport lets go of its socket one turn of the loop later

    async def send(self, message: Message) -> Delivery:
        domain, at = self._settings.domain, self._clock.now()
        return await self._deliver(lambda: render(message, sender=self._from, domain=domain, at=at))

    async def send_notice(self, notice: NoticeMessage) -> Delivery:
        domain, at = self._settings.domain, self._clock.now()
        return await self._deliver(lambda: render_notice(notice, sender=self._from, domain=domain, at=at))

    async def _deliver(self, rendered: Callable[[], Envelope]) -> Delivery:
        progress = Progress()
        try:
            async with asyncio.timeout(self._settings.timeout_seconds), self._slots:
                # Not before: to render all that a tick made at once would keep the loop from what else is going on.
                envelope = rendered()
                answer = await self._submit(envelope, progress)
        except UnsendableAddressError as error:
            return Delivery(outcome=Outcome.REJECTED, detail=f"the address cannot be sent to: {error}")
        except (SMTPException, OSError, EOFError) as error:  # TimeoutError and what TLS raises are OSErrors
            return _failure(error, progress)
        response = _shown(f"{answer.code} {answer.text}")
        receipt = {"message_id": envelope.message_id, "response": response}
        return Delivery(outcome=Outcome.DELIVERED, detail=response, receipt=receipt)

    async def _submit(self, envelope: Envelope, progress: Progress) -> Reply:
        kept = self._take_idle()
        if kept is not None:
            with suppress(StaleConnectionError):
                return await self._deliver_over(kept, envelope, progress)
        return await self._deliver_over(await self._connect(), envelope, progress)

    async def _deliver_over(self, conversation: Conversation, envelope: Envelope, progress: Progress) -> Reply:
        async with self._returning(conversation):
            if envelope.needs_utf8 and not conversation.takes_utf8:
                raise aiosmtplib.SMTPNotSupported("the mail server does not take addresses that are not ASCII")
            return await conversation.deliver(
                envelope.content,
                sender=self._envelope_sender,
                recipient=envelope.recipient,
                is_utf8=envelope.needs_utf8,
                progress=progress,
            )

    def _take_idle(self) -> Conversation | None:
        """The connection used last, so that those a quiet hour does not need grow old and are dropped."""
        now = asyncio.get_running_loop().time()
        while self._idle:
            kept = self._idle.pop()
            if kept.is_open and now - kept.idle_since < self._settings.idle_seconds:
                return kept
            kept.close()
        return None

    async def _connect(self) -> Conversation:
        settings = self._settings
        client = SMTP(
            hostname=settings.host,
            port=settings.port,
            username=settings.username,
            password=settings.password,
            local_hostname=settings.domain,
            timeout=None,  # the limit on the whole message covers every step
            use_tls=settings.tls is Tls.IMPLICIT,
            start_tls=settings.tls is Tls.STARTTLS,
            cert_bundle=settings.ca_file,
        )
        try:
            await client.connect()
            return await Conversation.over(client)
        except BaseException:
            client.close()
            raise

    @asynccontextmanager
    async def _returning(self, conversation: Conversation) -> AsyncIterator[None]:
        """Keep the connection for the next message where its state is known; close it where it is not."""
        try:
            yield
        except SMTPResponseException as error:
            if _is_refusal(error):  # which leaves the server in step with us
                self._keep(conversation)
            else:
                conversation.close()
            raise
        except BaseException:  # a cancelled task included: an answer may be on its way
            conversation.close()
            raise
        else:
            self._keep(conversation)

    def _keep(self, conversation: Conversation) -> None:
        if conversation.is_open:
            conversation.idle_since = asyncio.get_running_loop().time()
            self._idle.append(conversation)


async def _quit(conversation: Conversation) -> None:
    with suppress(SMTPException, OSError):
        async with asyncio.timeout(1.0):
            await conversation.quit()
    conversation.close()


def _failure(error: SMTPException | OSError | EOFError, progress: Progress) -> Delivery:
    match error:
        case aiosmtplib.SMTPNotSupported():
            return Delivery(outcome=Outcome.REJECTED, detail=_shown(error.message))
        case SMTPResponseException() if _is_refusal(error):
            return _refused(error)
        case _ if progress.handed_over:
            detail = "the mail server did not answer after it was given the message; it may have taken it"
            return Delivery(outcome=Outcome.UNKNOWN, detail=detail)
        case SMTPTimeoutError() | TimeoutError():
            return Delivery(outcome=Outcome.RETRY, detail="the mail server did not answer in time")
        case SMTPResponseException():
            return Delivery(outcome=Outcome.RETRY, detail=_shown(f"the mail server made no sense: {error.message}"))
        case _:
            return Delivery(outcome=Outcome.RETRY, detail=_shown(str(error) or type(error).__name__))


def _is_refusal(error: SMTPResponseException) -> bool:
    """Whether it is one of SMTP's own: an answer that is not SMTP says nothing about the message."""
    return 400 <= error.code <= 599


def _refused(error: SMTPResponseException) -> Delivery:
    """A bad answer is about the recipient or the message only where those are what the server was given.

    What it says to our greeting, credentials or sender is about this installation. Those are retried: the contact is
    good, servers answer so while a password is rotated or their directory is down, and the next try costs nothing.
    """
    if isinstance(error, aiosmtplib.SMTPAuthenticationError) or error.code in _AUTHENTICATION_CODES:
        # Without the server's text, which may repeat what it was given.
        return Delivery(outcome=Outcome.RETRY, detail=f"the mail server refused our credentials ({error.code})")
    about_message = isinstance(error, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError)
    outcome = Outcome.REJECTED if about_message and error.code >= 500 else Outcome.RETRY
    return Delivery(outcome=outcome, detail=_shown(f"{error.code} {error.message}"))


def _shown(text: str) -> str:
    return shortened(one_line(text), most=_DETAIL_CHARACTERS)
