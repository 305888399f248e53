"""A mail server that takes everything and remembers when: as cheap as Python can, in its own process.

`python -m tests.bench.smtp_sink PORT` runs until SIGTERM, then writes one line of JSON: event number to instant.
"""

import asyncio
import re
import signal
import sys
from time import monotonic
from typing import Final, cast

import msgspec
import uvloop

from tests.bench.load import MARK
from tests.bench.machine import say

_EVENT: Final = re.compile(MARK.encode() + rb"(\d{12})")
_END: Final = b"\r\n.\r\n"


class Session(asyncio.Protocol):
    def __init__(self, taken: dict[int, float]) -> None:
        self._taken = taken
        self._received = b""
        self._is_in_data = False
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is none by inheritance
        self._transport.write(b"220 sink\r\n")

    def data_received(self, data: bytes) -> None:
        self._received += data
        while self._take():
            pass

    def _take(self) -> bool:
        """Deal with one line or one message; whether there was a whole one."""
        assert self._transport is not None
        part, separator, rest = self._received.partition(_END if self._is_in_data else b"\r\n")
        if not separator:
            return False
        self._received = rest
        if self._is_in_data:
            self._is_in_data = False
            at = monotonic()
            for found in _EVENT.finditer(part):  # several, in a message that bundles pages
                self._taken.setdefault(int(found[1]), at)
            self._transport.write(b"250 taken\r\n")
            return True
        match part[:4].upper():
            case b"DATA":
                self._is_in_data = True
                self._transport.write(b"354 go on\r\n")
            case b"EHLO":
                self._transport.write(b"250-sink\r\n250 PIPELINING\r\n")
            case b"QUIT":
                self._transport.write(b"221 bye\r\n")
                self._transport.close()
            case _:
                self._transport.write(b"250 ok\r\n")
        return True


async def main(port: int) -> dict[int, float]:
    taken: dict[int, float] = {}
    loop = asyncio.get_running_loop()
    ending = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ending.set)
    server = await loop.create_server(lambda: Session(taken), "127.0.0.1", port)
    await ending.wait()
    server.close()
    return taken


if __name__ == "__main__":
    say(msgspec.json.encode(uvloop.run(main(int(sys.argv[1])))).decode())
