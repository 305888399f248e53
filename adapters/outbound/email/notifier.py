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
from aiosmtplib import SMTP, SMTPException, SMTPResponseException, SMTPServerDisconnected, SMTPTimeoutError

from adapters.outbound.email.rendering import Envelope, UnsendableAddressError, parsed_address, render, render_notice
from adapters.plain_text import one_line, shortened
from application.ports.clock import Clock
from application.ports.notifier import Delivery, Message, NoticeMessage, Notifier, Outcome

_DETAIL_CHARACTERS: Final = 200
_START_INPUT: Final = 354  # RFC 5321 4.2.3: start mail input
_CLOSING: Final = 421  # the server is about to close the connection
_AUTHENTICATION_CODES: Final = frozenset({530, 534, 535, 538})  # RFC 4954 6
_LEADING_DOT: Final = re.compile(rb"(?m)^\.")
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


@dataclass(slots=True)
class _Progress:
    """How far one message got: after its last line was written, only an answer tells whether it was taken."""

    handed_over: bool = False


@dataclass(frozen=True, slots=True)
class _Idle:
    client: SMTP
    needs_reset: bool  # the last message on it was refused half-way
    since: float  # by the event loop's own clock, which only ever measures how long a connection lay idle


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
        self._idle: list[_Idle] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Say good-bye on the idle connections and close them."""
        idle, self._idle = self._idle, []
        await asyncio.gather(*(self._quit(connection.client) for connection in idle))
        await asyncio.sleep(0)  # a closed transport lets go of its socket one turn of the loop later

    async def send(self, message: Message) -> Delivery:
        domain, at = self._settings.domain, self._clock.now()
        return await self._deliver(lambda: render(message, sender=self._from, domain=domain, at=at))

    async def send_notice(self, notice: NoticeMessage) -> Delivery:
        domain, at = self._settings.domain, self._clock.now()
        return await self._deliver(lambda: render_notice(notice, sender=self._from, domain=domain, at=at))

    async def _deliver(self, rendered: Callable[[], Envelope]) -> Delivery:
        try:
            envelope = rendered()
        except UnsendableAddressError as error:
            return Delivery(outcome=Outcome.REJECTED, detail=f"the address cannot be sent to: {error}")
        progress = _Progress()
        try:
            async with asyncio.timeout(self._settings.timeout_seconds):
                answer = await self._submit(envelope, progress)
        except (SMTPException, OSError, EOFError) as error:  # TimeoutError and what TLS raises are OSErrors
            return _failure(error, progress)
        receipt = {"message_id": envelope.message_id, "response": _shown(answer)}
        return Delivery(outcome=Outcome.DELIVERED, detail=_shown(answer), receipt=receipt)

    async def _submit(self, envelope: Envelope, progress: _Progress) -> str:
        async with self._slots:
            reused = self._take_idle()
            if reused is not None:
                with suppress(_StaleConnectionError):
                    return await self._over_reused(reused, envelope, progress)
            client = await self._connect()
            async with self._returning(client):
                await self._begin(client, envelope)
                return await _finish(client, envelope, progress)

    async def _over_reused(self, idle: _Idle, envelope: Envelope, progress: _Progress) -> str:
        """Raises `_StaleConnectionError` when the server had closed it: nothing was sent, so a fresh one may try."""
        client = idle.client
        async with self._returning(client):
            try:
                if idle.needs_reset:
                    await client.rset()
                await self._begin(client, envelope)
            except SMTPServerDisconnected as error:
                raise _StaleConnectionError from error
            except SMTPResponseException as error:
                if error.code == _CLOSING:
                    raise _StaleConnectionError from error
                raise
            return await _finish(client, envelope, progress)

    async def _begin(self, client: SMTP, envelope: Envelope) -> None:
        options = await _mail_options(client, envelope)
        await client.mail(self._envelope_sender, options=options, encoding="utf-8")

    def _take_idle(self) -> _Idle | None:
        """The connection used last, so that those a quiet hour does not need grow old and are dropped."""
        now = asyncio.get_running_loop().time()
        while self._idle:
            idle = self._idle.pop()
            if idle.client.is_connected and now - idle.since < self._settings.idle_seconds:
                return idle
            idle.client.close()
        return None

    async def _connect(self) -> SMTP:
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
        await client.connect()
        return client

    @asynccontextmanager
    async def _returning(self, client: SMTP) -> AsyncIterator[None]:
        """Keep the connection for the next message where its state is known; close it where it is not."""
        try:
            yield
        except SMTPResponseException as error:
            # A refusal leaves the server in step with us. Its reset waits for the next message: here, a slow one could
            # run into the time limit and hide the answer.
            if _is_refusal(error):
                self._keep(client, needs_reset=True)
            else:
                client.close()
            raise
        except BaseException:  # a cancelled task included: an answer may be on its way
            client.close()
            raise
        else:
            self._keep(client, needs_reset=False)

    def _keep(self, client: SMTP, *, needs_reset: bool) -> None:
        if client.is_connected:
            since = asyncio.get_running_loop().time()
            self._idle.append(_Idle(client=client, needs_reset=needs_reset, since=since))

    async def _quit(self, client: SMTP) -> None:
        with suppress(SMTPException, OSError):
            await client.quit(timeout=1.0)
        client.close()


class _StaleConnectionError(Exception):
    """A kept connection turned out to be closed before anything of the message was sent."""


async def _mail_options(client: SMTP, envelope: Envelope) -> list[str]:
    if not envelope.needs_utf8:
        return []
    if client.is_ehlo_or_helo_needed:
        await client.ehlo()
    if not client.supports_extension("smtputf8"):
        raise aiosmtplib.SMTPNotSupported("the mail server does not take addresses that are not ASCII")
    return ["SMTPUTF8"]


async def _finish(client: SMTP, envelope: Envelope, progress: _Progress) -> str:
    """Name the recipient and hand the content over; returns the server's answer.

    DATA is in two steps here, since the library's one step does not tell whether the content was sent.
    """
    await client.rcpt(envelope.recipient, encoding="utf-8")
    start = await client.execute_command(b"DATA")
    if start.code != _START_INPUT:
        raise aiosmtplib.SMTPDataError(start.code, start.message)
    protocol = client.protocol
    if protocol is None:
        raise SMTPServerDisconnected("Connection lost")
    progress.handed_over = True
    protocol.write(_LEADING_DOT.sub(b"..", envelope.content) + b".\r\n")  # RFC 5321 4.5.2
    answer = await protocol.read_response()
    if not 200 <= answer.code <= 299:
        raise aiosmtplib.SMTPDataError(answer.code, answer.message)
    return f"{answer.code} {answer.message}"


def _failure(error: SMTPException | OSError | EOFError, progress: _Progress) -> Delivery:
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
