"""Operations that do nothing to any machine, and remember what was asked."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from adapters.inbound.cli.app import run
from adapters.inbound.cli.context import Context
from adapters.inbound.cli.operations import EffectiveSetting, Finding, Operations, Record
from adapters.outbound.memory.dead_letter_queue import MemoryDeadLetterQueue
from application.ports.dead_letter_queue import DeadLetterQueue

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass
class RememberedOperations(Operations):
    asked: list[str] = field(default_factory=list)
    findings: tuple[Finding, ...] = ()
    queue: MemoryDeadLetterQueue = field(default_factory=MemoryDeadLetterQueue)
    failure: BaseException | None = None  # raised by everything that is asked
    process_result: int = 0
    unreadable: int = 0  # secrets

    def up(self, *, demo: bool) -> int:
        return self._process(f"up demo={demo}")

    def http(self) -> int:
        return self._process("http")

    def worker(self) -> int:
        return self._process("worker")

    def consumer(self) -> int:
        return self._process("consumer")

    def migrate(self) -> None:
        self._remember("migrate")

    def check_schema(self) -> None:
        self._remember("check schema")

    def seal(self, told: Callable[[int], None]) -> Record:
        self._remember("seal")
        told(2)
        return {"clear": 1, "outdated": 2, "unreadable": self.unreadable}

    def create_first_admin(self, *, email: str, name: str) -> Record:
        self._remember(f"first admin {name} {email}")
        user = {"name": name, "email": email, "role": "admin"}
        return {"user": user, "password": "first-password", "setup_secret": "first-secret"}

    def create_key(self, *, name: str, scopes: frozenset[str], days: int) -> Record:
        self._remember(f"key {name} {sorted(scopes)} {days}")
        return {"key": {"name": name, "scopes": sorted(scopes), "expires_at": NOW.isoformat()}, "secret": "tsk_local"}

    def seed_demo(self) -> None:
        self._remember("seed")

    def remove_demo(self) -> None:
        self._remember("remove")

    def examine(self, report: Callable[[Finding], None]) -> None:
        self._remember("examine")
        for finding in self.findings:
            report(finding)

    def settings(self) -> tuple[EffectiveSetting, ...]:
        return (EffectiveSetting("TOCSIN_LOG_LEVEL", "info", "default"),)

    def with_dead_letters[T](self, use: Callable[[DeadLetterQueue], Awaitable[T]]) -> T:
        async def used() -> T:
            return await use(self.queue)

        return asyncio.run(used())

    def tocsin(self, *arguments: str, **environment: str) -> int:
        """The exit code of the program with these arguments."""
        return run(arguments, Context(operations=self, environment=environment, now=NOW))

    def _process(self, name: str) -> int:
        self._remember(name)
        return self.process_result

    def _remember(self, name: str) -> None:
        self.asked.append(name)
        if self.failure is not None:
            raise self.failure
