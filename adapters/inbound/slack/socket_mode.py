"""Slack without an address that Slack could reach: it answers over a WebSocket that we open. Slack, "Socket Mode".

Whatever comes over such a socket is Slack's, since its address is handed out to the app's own token and is good once.
An envelope is acknowledged within three seconds; one that is not Slack may bring again, which does no harm: a repeated
press changes nothing more.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import Final

import aiohttp
import msgspec
import structlog

from adapters.inbound.deadlines.loop import wait_for
from adapters.inbound.slack.interactivity import ButtonPress, read_press
from application.ports.chat_replies import ChatReplies
from application.ports.errors import PortError
from domain.shared.errors import InvalidValueError

# Slack pings every few seconds: so long a silence is a connection that is gone, and nobody has said so.
SILENCE_SECONDS: Final = 30.0
CLOSE_SECONDS: Final = 3.0
MESSAGE_BYTES: Final = 1_000_000  # a press brings the message that it was pressed in
# Slack hands out few addresses a minute.
FIRST_PAUSE: Final = timedelta(seconds=1)
LONGEST_PAUSE: Final = timedelta(minutes=1)
IN_HAND: Final = 32  # presses that are answered at once; the socket is not read meanwhile

_log = structlog.get_logger()


class _Ended(Enum):
    """Why a connection is left."""

    ASKED = auto()  # Slack wants us to take another one
    LOST = auto()
    DRAINING = auto()


class _Frame(msgspec.Struct):
    """Any message of Slack's; which members it has follows from its type."""

    type: str
    envelope_id: str = ""
    reason: str = ""
    payload: msgspec.Raw = msgspec.Raw(b"{}")


class _Acknowledgement(msgspec.Struct):
    envelope_id: str


@dataclass(slots=True)
class SocketMode:
    """One connection at a time, taken anew whenever it ends. Slack spreads presses over those of all processes."""

    open_url: Callable[[], Awaitable[str]]  # where to connect to, once; raises `PortError`
    session: aiohttp.ClientSession
    answer: Callable[[ButtonPress], Awaitable[str | None]]  # in time for Slack; what there is to say to who pressed
    replies: ChatReplies
    silence_seconds: float = SILENCE_SECONDS
    first_pause: timedelta = FIRST_PAUSE
    _failures: int = 0  # since Slack last said hello
    _answering: set[asyncio.Task[None]] = field(default_factory=set)

    async def run(self, draining: asyncio.Event) -> None:
        """Until draining is set. A Slack that is away is waited for."""
        while not draining.is_set():
            ended = _Ended.LOST
            try:
                async with await self._connect() as socket:
                    ended = await self._serve(socket, draining)
                    await self._finish()
            except (PortError, aiohttp.ClientError, OSError, TimeoutError) as error:
                # Without its text, which may hold the address, and that is a secret.
                _log.warning("slack_socket_failed", reason=type(error).__name__)
            except Exception:  # noqa: BLE001  # a bug here must not end the worker that pages
                _log.exception("slack_socket_failed")
            if ended is _Ended.LOST:
                await wait_for(draining, min(self.first_pause * (1 << min(self._failures, 10)), LONGEST_PAUSE))
                self._failures += 1

    async def _connect(self) -> aiohttp.ClientWebSocketResponse:
        timeout = aiohttp.ClientWSTimeout(ws_receive=self.silence_seconds, ws_close=CLOSE_SECONDS)
        return await self.session.ws_connect(await self.open_url(), timeout=timeout, max_msg_size=MESSAGE_BYTES)

    async def _serve(self, socket: aiohttp.ClientWebSocketResponse, draining: asyncio.Event) -> _Ended:
        stop = asyncio.create_task(draining.wait())
        try:
            while True:
                received = asyncio.create_task(socket.receive())
                await asyncio.wait({received, stop}, return_when=asyncio.FIRST_COMPLETED)
                if not received.done():
                    received.cancel()
                    await asyncio.wait({received})
                    return _Ended.DRAINING
                ended = await self._take(socket, received.result())
                if ended is not None:
                    return ended
        finally:
            stop.cancel()

    async def _take(self, socket: aiohttp.ClientWebSocketResponse, message: aiohttp.WSMessage) -> _Ended | None:
        """None: go on reading."""
        if message.type is not aiohttp.WSMsgType.TEXT:
            is_closed = message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
            return _Ended.LOST if is_closed else None
        try:
            frame = msgspec.json.decode(message.data, type=_Frame)
        except msgspec.MsgspecError:
            _log.warning("slack_socket_unreadable")
            return None
        match frame.type:
            case "hello":
                self._failures = 0
                _log.info("slack_socket_connected")
            case "disconnect":
                _log.info("slack_socket_refresh", reason=frame.reason)
                # Where Socket Mode was switched off a new connection would be refused at once.
                return _Ended.LOST if frame.reason == "link_disabled" else _Ended.ASKED
            case _ if frame.envelope_id:
                await self._begin(socket, frame)
        return None

    async def _begin(self, socket: aiohttp.ClientWebSocketResponse, frame: _Frame) -> None:
        while len(self._answering) >= IN_HAND:
            await asyncio.wait(self._answering, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._answer(socket, frame))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _answer(self, socket: aiohttp.ClientWebSocketResponse, frame: _Frame) -> None:
        """Act, then acknowledge: a press that was lost with this process is shown as failed to who pressed."""
        press, refusal = None, None
        try:
            press = read_press(bytes(frame.payload)) if frame.type == "interactive" else None
            refusal = None if press is None else await self.answer(press)
        except InvalidValueError as error:
            _log.warning("slack_socket_unreadable", reason=str(error))
        except Exception:  # noqa: BLE001  # a bug at one press must not leave Slack waiting for every other
            _log.exception("slack_press_failed")
        try:
            await socket.send_str(msgspec.json.encode(_Acknowledgement(frame.envelope_id)).decode())
        except (aiohttp.ClientError, OSError):
            _log.warning("slack_socket_lost", envelope_id=frame.envelope_id)
        if press is not None and press.response_url is not None and refusal is not None:
            await self.replies.reply(press.response_url, refusal)

    async def _finish(self) -> None:
        """What is in hand is answered on the connection that it came by."""
        if self._answering:
            await asyncio.wait(set(self._answering), timeout=CLOSE_SECONDS)
