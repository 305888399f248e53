"""Hands messages over, on a connection that is set up and logged in. RFC 5321 (SMTP), RFC 2920 (pipelining).

The library that sets it up waits for each answer before its next command, with a lock and a timer for each. Here the
sender, the recipient and DATA leave together where the server takes that, so that a message needs two round trips and
not four.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self, cast

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPHeloError,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)

_START_INPUT: Final = 354  # RFC 5321 4.2.3: start mail input
_CLOSING: Final = 421  # the server is about to close the connection
_NO_CODE: Final = -1  # what the library says where there was none
_LONGEST_REPLY: Final = 32_768
_LEADING_DOT: Final = re.compile(rb"(?m)^\.")


class StaleConnectionError(Exception):
    """A connection that served before is closed, or closing: nothing was handed over, so a fresh one may try."""


class Reply(NamedTuple):
    """What the server answered; several lines of it are joined by line feeds."""

    code: int
    text: str

    @property
    def is_good(self) -> bool:
        return 200 <= self.code <= 299


@dataclass(slots=True)
class Progress:
    """How far one message got: after its last line was written, only an answer tells whether it was taken."""

    handed_over: bool = False


class _Step(NamedTuple):
    command: str
    refused: Callable[[Reply], SMTPResponseException]
    asks_for_input: bool = False

    def is_met_by(self, reply: Reply) -> bool:
        return reply.code == _START_INPUT if self.asks_for_input else reply.is_good


@dataclass(slots=True, eq=False)
class Conversation(asyncio.Protocol):
    """Delivers one message after another: the next when the last one ended well, or was refused."""

    _transport: asyncio.Transport
    takes_utf8: bool  # RFC 6531
    is_pipelining: bool
    idle_since: float = 0.0  # by the event loop's own clock, which only ever measures how long it lay idle
    _received: bytearray = field(default_factory=bytearray)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _is_lost: bool = False
    _is_used: bool = False
    _is_reset_due: bool = False

    @classmethod
    async def over(cls, client: SMTP) -> Self:
        """Goes on where the library has connected and logged in, and takes the connection from it."""
        if client.is_ehlo_or_helo_needed:
            await _introduce(client)
        if client.transport is None:
            raise SMTPServerDisconnected("Connection lost")
        transport = cast(asyncio.Transport, client.transport)  # uvloop's is none by inheritance
        made = cls(transport, client.supports_extension("smtputf8"), client.supports_extension("pipelining"))
        transport.set_protocol(made)
        return made

    @property
    def is_open(self) -> bool:
        return not (self._is_lost or self._transport.is_closing())

    def close(self) -> None:
        self._transport.close()

    async def quit(self) -> None:
        """Say good-bye, and wait for the answer."""
        self._write(b"QUIT\r\n")
        await self._reply()

    async def deliver(self, content: bytes, *, sender: str, recipient: str, is_utf8: bool, progress: Progress) -> Reply:
        """The server's word that it took the message, whose lines end in CRLF, and whose addresses are clean.

        Raises `StaleConnectionError`, and `SMTPException` with the server's code where there is one.
        """
        is_used, self._is_used = self._is_used, True
        try:
            if self._received:
                raise SMTPServerDisconnected("it spoke unasked, as before it closes, or is out of step with us")
            await self._begin(self._steps(sender, recipient, is_utf8=is_utf8))
        except SMTPServerDisconnected as error:
            if is_used:
                raise StaleConnectionError from error
            raise
        except SMTPResponseException as error:
            if is_used and error.code == _CLOSING:
                raise StaleConnectionError from error
            raise
        progress.handed_over = True
        self._write(_transparent(content) + b".\r\n")
        reply = await self._reply()
        if not reply.is_good:
            raise SMTPDataError(*reply)
        self._is_reset_due = False
        return reply

    def _steps(self, sender: str, recipient: str, *, is_utf8: bool) -> Sequence[_Step]:
        mail = f"MAIL FROM:<{sender}>{' SMTPUTF8' if is_utf8 else ''}"
        steps = (
            _Step(mail, lambda reply: SMTPSenderRefused(*reply, sender)),
            _Step(f"RCPT TO:<{recipient}>", lambda reply: SMTPRecipientRefused(*reply, recipient)),
            _Step("DATA", lambda reply: SMTPDataError(*reply), asks_for_input=True),
        )
        # What was refused half-way is taken back when the next message comes, so that nobody waits for it.
        is_reset_due, self._is_reset_due = self._is_reset_due, True
        return (_Step("RSET", lambda reply: SMTPResponseException(*reply)), *steps) if is_reset_due else steps

    async def _begin(self, steps: Sequence[_Step]) -> None:
        """Until the server waits for the message; raises what the first refusal says."""
        if self.is_pipelining:
            self._write("".join(f"{step.command}\r\n" for step in steps).encode())
        refusal: SMTPResponseException | None = None
        for step in steps:
            if not self.is_pipelining:
                self._write(f"{step.command}\r\n".encode())
            reply = await self._reply_after(refusal)
            if step.is_met_by(reply):
                continue
            refusal = refusal or step.refused(reply)
            if not self.is_pipelining:
                break
        if refusal is None:
            return
        if reply.code == _START_INPUT:
            # It waits for a message all the same, which is to be an empty one then (RFC 2920 3.1).
            self._write(b".\r\n")
            await self._reply_after(refusal)
        raise refusal

    async def _reply_after(self, refusal: SMTPResponseException | None) -> Reply:
        """What breaks off after a refusal does not hide it."""
        try:
            return await self._reply()
        except SMTPException:
            if refusal is None:
                raise
            self.close()
            raise refusal from None

    def _write(self, data: bytes) -> None:
        if not self.is_open:
            raise SMTPServerDisconnected("Connection lost")
        self._transport.write(data)

    async def _reply(self) -> Reply:
        while (reply := self._read()) is None:
            if self._is_lost:
                raise SMTPServerDisconnected("Connection lost")
            self._news.clear()
            await self._news.wait()
        return reply

    def _read(self) -> Reply | None:
        """The first whole reply of what was received, which loses it."""
        if len(self._received) > _LONGEST_REPLY:
            raise SMTPResponseException(_NO_CODE, "Response too long")
        end, texts = 0, []
        while (stop := self._received.find(b"\n", end)) >= 0:
            line, end = self._received[end:stop], stop + 1
            texts.append(line[4:].decode("utf-8", "replace").strip())
            if line[3:4] == b"-":
                continue
            if not line[:3].isdigit():
                raise SMTPResponseException(
                    _NO_CODE, f"Malformed SMTP response line: {line.decode('utf-8', 'replace')}"
                )
            del self._received[:end]
            return Reply(int(line[:3]), "\n".join(texts))
        return None

    def data_received(self, data: bytes) -> None:
        if len(self._received) <= _LONGEST_REPLY:  # what is more makes no sense already
            self._received += data
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        self._news.set()


def _transparent(content: bytes) -> bytes:
    """Lines that begin with a dot begin with two (RFC 5321 4.5.2); few messages have any."""
    return _LEADING_DOT.sub(b"..", content) if content.startswith(b".") or b"\n." in content else content


async def _introduce(client: SMTP) -> None:
    try:
        await client.ehlo()
    except SMTPHeloError:  # a server from before 1995
        await client.helo()
