"""A mail server, line by line, for what a whole one does not do: break off, talk nonsense, close what lies idle."""

import asyncio
import base64
import ssl
from collections import Counter, deque
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

BREAK = "break"  # closes the connection instead of an answer


@dataclass(slots=True)
class RawSmtpServer:
    """Answers well unless an answer was scripted for a command; `content` is the end of a message."""

    tls_context: ssl.SSLContext | None = None
    implicit_tls: bool = False
    offers_utf8: bool = False
    speaks_ehlo: bool = True
    offers_pipelining: bool = False
    password: str | None = None
    port: int = 0
    connections: int = 0
    contents: list[bytes] = field(default_factory=list)
    commands: Counter[str] = field(default_factory=Counter)
    _scripts: dict[str, deque[str]] = field(default_factory=dict)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        context = self.tls_context if self.implicit_tls else None
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.drop_connections()
        await self._server.wait_closed()

    def script(self, command: str, *answers: str) -> None:
        self._scripts.setdefault(command, deque()).extend(answers)

    def drop_connections(self) -> None:
        """As a server does that restarts."""
        for writer in self._writers:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            if self._say(writer, self._scripted("greeting") or "220 mail.example.org ESMTP"):
                await self._converse(reader, writer)
        except (ConnectionError, ssl.SSLError):
            pass  # the client has had enough
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            command = line.split(None, 1)[0].decode().upper().split(":")[0]
            self.commands[command] += 1
            answer = self._scripted(command) or self._answer(command, line)
            if not self._say(writer, answer):
                return
            if answer.startswith("354"):
                content = await _content(reader)
                taken = "250 2.0.0 taken as 7"
                if content:
                    self.contents.append(content)
                else:
                    taken = "554 5.5.1 no valid recipients"
                    self.commands["nothing"] += 1
                if not self._say(writer, self._scripted("content") or taken):
                    return
            if command == "STARTTLS":
                assert self.tls_context is not None
                await writer.start_tls(self.tls_context)
            if command == "QUIT":
                return

    def _scripted(self, command: str) -> str | None:
        script = self._scripts.get(command)
        return script.popleft() if script else None

    def _say(self, writer: asyncio.StreamWriter, answer: str) -> bool:
        if answer == BREAK:
            return False
        writer.write(answer.encode() + b"\r\n")
        return True

    def _answer(self, command: str, line: bytes) -> str:
        match command:
            case "EHLO" if not self.speaks_ehlo:
                return "502 5.5.1 unknown"
            case "EHLO":
                offers = ["mail.example.org", "SIZE 1000000"]
                offers += ["STARTTLS"] if self.tls_context is not None and not self.implicit_tls else []
                offers += ["SMTPUTF8"] if self.offers_utf8 else []
                offers += ["PIPELINING"] if self.offers_pipelining else []
                offers += ["AUTH PLAIN"] if self.password is not None else []
                return "\r\n".join([*(f"250-{offer}" for offer in offers), "250 8BITMIME"])
            case "STARTTLS":
                return "220 go on"
            case "DATA":
                return "354 go on"
            case "QUIT":
                return "221 bye"
            case "AUTH":
                given = base64.b64decode(line.split()[2]).split(b"\0")[2].decode()
                return "235 welcome" if given == self.password else f"535 5.7.8 bad password {given}"
            case _:
                return "250 ok"


async def _content(reader: asyncio.StreamReader) -> bytes:
    lines = []
    while (line := await reader.readline()) not in (b".\r\n", b""):
        lines.append(line)
    return b"".join(lines)
