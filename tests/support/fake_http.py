"""What fakes of whole HTTP servers share: a port of loopback, what was asked, and faults in the order they are told."""

import asyncio
import threading
from abc import abstractmethod
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Answers:
    """This answer; the request is not carried out."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b"{}"


@dataclass(frozen=True, slots=True)
class Hangs:
    """No answer; the client waits until it gives up."""

    after_processing: bool = True


@dataclass(frozen=True, slots=True)
class Drops:
    """The connection breaks without an answer."""

    after_processing: bool = True


type Behaviour = Answers | Hangs | Drops


@dataclass(frozen=True, slots=True)
class Asked:
    """One request, whatever became of it."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class HttpFake:
    """Serves in a thread. A subclass says in `take` what a request does."""

    def __init__(self) -> None:
        self.port = 0
        self.asked: list[Asked] = []
        self._script: deque[Behaviour] = deque()
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    @abstractmethod
    def take(self, asked: Asked) -> web.Response:
        """Carry a request out."""

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Serve on a free port, in a thread."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name=type(self).__name__)
        self._thread.start()
        assert self._ready.wait(30), f"{type(self).__name__} did not start"

    def stop(self) -> None:
        """Close the port and every connection."""
        assert self._loop is not None
        assert self._stopping is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def script(self, *behaviours: Behaviour) -> None:
        """Say what becomes of the next requests; each is used once, in order."""
        self._script.extend(behaviours)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        application = web.Application()
        application.router.add_route("*", "/{rest:.*}", self._answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stopping.wait()
        await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        asked = Asked(request.method, request.path, dict(request.headers), await request.read())
        self.asked.append(asked)
        match self._script.popleft() if self._script else None:
            case Answers(status=status, headers=headers, body=body):
                return web.Response(status=status, headers=headers, body=body)
            case Hangs(after_processing=processed):
                if processed:
                    self.take(asked)
                await asyncio.Event().wait()
            case Drops(after_processing=processed):
                if processed:
                    self.take(asked)
                assert request.transport is not None
                request.transport.abort()
                return web.Response()  # to nobody
        return self.take(asked)
