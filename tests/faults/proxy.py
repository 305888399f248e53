"""A TCP proxy on loopback: a network that can be slow, silent or cut."""

import asyncio
import contextlib
from pathlib import Path
from types import TracebackType
from typing import Self


class Proxy:
    """Between a client and one server.

    `hold` keeps every answer back until `release`, `cut` ends every connection and lets none begin until `mend`, and
    each answer takes `delay_seconds` longer.
    """

    def __init__(self, host: str, port: int, *, socket: Path | None = None) -> None:
        """With a `socket`, the server is there, and not at a port."""
        self._target = (host, port)
        self._socket = socket
        self._may_answer = asyncio.Event()
        self._may_answer.set()
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0
        self.held_back = 0  # answers, or pieces of them
        self.delay_seconds = 0.0
        self._is_cut = False

    def hold(self) -> None:
        self._may_answer.clear()

    def release(self) -> None:
        self._may_answer.set()

    def cut(self) -> None:
        self._is_cut = True
        for task in self._connections:
            task.cancel()

    def mend(self) -> None:
        self._is_cut = False

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if self._is_cut:
            writer.close()
            return
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            to_reader, to_writer = await (
                asyncio.open_connection(*self._target)
                if self._socket is None
                else asyncio.open_unix_connection(self._socket)
            )
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pipe(reader, to_writer, is_answer=False))
                    group.create_task(self._pipe(to_reader, writer, is_answer=True))
            except* OSError:
                pass
            finally:
                to_writer.close()
                writer.close()

    async def _pipe(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_answer: bool) -> None:
        while piece := await source.read(65_536):
            if is_answer and not self._may_answer.is_set():
                self.held_back += 1
                await self._may_answer.wait()
            if is_answer and self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            sink.write(piece)
            await sink.drain()
        with contextlib.suppress(OSError):
            sink.write_eof()
