"""uvicorn's protocol, with the limits that it leaves out: how long a request may take, and how long its head may be.

Without them a client that sends a byte now and then holds its connection for ever, and thousands of those hold all that
there are (slow loris). What comes in one piece, as nearly everything does, starts no timer.
"""

import asyncio
from typing import Any, ClassVar, override

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class BoundedProtocol(HttpToolsProtocol):
    head_seconds: ClassVar[float] = 10.0  # from the connection, or from the first byte, to the end of the headers
    body_seconds: ClassVar[float] = 20.0  # and to the end of the body; the doors for events answer before that
    head_bytes: ClassVar[int] = 64 * 1024  # a browser's headers, cookies included, are some kilobytes

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._cut_off: asyncio.TimerHandle | None = None
        self._is_in_head = False
        self._is_in_body = False
        self._head_size = 0

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._allow(self.head_seconds)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        was_in_head, was_in_body = self._is_in_head, self._is_in_body
        super().data_received(data)
        if self._is_in_head:
            self._head_size += len(data)
            if self._head_size > self.head_bytes:
                self.transport.abort()
            elif not was_in_head:
                self._allow(self.head_seconds)
        elif self._is_in_body:
            if not was_in_body:
                self._allow(self.body_seconds)
        else:
            self._stop()

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_in_head = True
        self._head_size = 0

    @override
    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._is_in_head, self._is_in_body = False, True

    @override
    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._is_in_body = False

    def _allow(self, seconds: float) -> None:
        self._stop()
        self._cut_off = self.loop.call_later(seconds, self.transport.close)

    def _stop(self) -> None:
        if self._cut_off is not None:
            self._cut_off.cancel()
            self._cut_off = None
