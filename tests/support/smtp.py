"""A mail server on loopback that keeps what it is given and answers as it is told."""

import asyncio
import email
import email.policy
import threading
from collections import deque
from dataclasses import dataclass
from email.message import EmailMessage
from enum import StrEnum
from typing import Literal

from aiosmtpd.smtp import SMTP, Envelope, Session

type Stage = Literal["MAIL", "RCPT", "DATA"]


class Silence(StrEnum):
    """No answer at all; the client waits until it gives up."""

    BEFORE_TAKING = "before taking"
    AFTER_TAKING = "after taking"  # the mail is kept, and its sender never learns it


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    sender: str
    recipients: tuple[str, ...]
    message: EmailMessage


class SmtpServer:
    """Answers `250` unless an answer was scripted; each scripted one is used once, in order."""

    def __init__(self) -> None:
        self.received: list[ReceivedMail] = []
        self.host = "127.0.0.1"
        self.port = 0
        self._scripts: dict[str, deque[str | Silence]] = {}
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen on a free port, in a thread."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="smtp-server")
        self._thread.start()
        assert self._ready.wait(30), "the mail server did not start"

    def stop(self) -> None:
        """Close the port and every connection."""
        assert self._loop is not None
        assert self._stopping is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def answer(self, *answers: str | Silence, stage: Stage = "DATA") -> None:
        """Script the next answers to a command: a line such as `451 4.3.0 try later`, or silence."""
        self._scripts.setdefault(stage, deque()).extend(answers)

    def clear(self) -> None:
        """Forget what was received and what was scripted."""
        self.received.clear()
        self._scripts.clear()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        server = await self._loop.create_server(lambda: SMTP(self, hostname="mail.test"), self.host, 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    def _next(self, stage: Stage) -> str | Silence | None:
        script = self._scripts.get(stage)
        return script.popleft() if script else None

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._speak("MAIL")
        if answer.startswith("2"):
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self._speak("RCPT")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self._next("DATA") or "250 2.0.0 taken"
        if answer is Silence.BEFORE_TAKING:
            await asyncio.Event().wait()
        if answer is Silence.AFTER_TAKING or answer.startswith("2"):
            content = envelope.original_content
            assert content is not None
            message = email.message_from_bytes(content, policy=email.policy.SMTP)
            self.received.append(ReceivedMail(envelope.mail_from or "", tuple(envelope.rcpt_tos), message))
        if answer is Silence.AFTER_TAKING:
            await asyncio.Event().wait()
        return answer

    async def _speak(self, stage: Stage) -> str:
        answer = self._next(stage)
        if isinstance(answer, Silence):
            await asyncio.Event().wait()
        return answer or "250 2.1.0 ok"
