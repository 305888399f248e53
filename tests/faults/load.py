"""Senders: many connections that trigger events, and remember which of them were accepted."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp

ATTEMPT_SECONDS: Final = 5.0
GIVE_UP_SECONDS: Final = 60.0


@dataclass(slots=True)
class Load:
    """What the senders saw. With several addresses they take turns, as behind a load balancer."""

    urls: Sequence[str]
    key: str
    accepted: set[str] = field(default_factory=set)
    failed: list[str] = field(default_factory=list)  # given up, although tried again
    answers: Counter[str] = field(default_factory=Counter)  # by status, or by what went wrong
    seconds: list[float] = field(default_factory=list)  # of answers with 202
    accepted_at: list[float] = field(default_factory=list)  # monotonic
    retries: int = 0
    without_retry_after: int = 0  # of answers with 503

    async def send(self, dedup_keys: Sequence[str], *, connections: int = 32, pause_seconds: float = 0.0) -> None:
        """Trigger each, in this order, over so many connections at once; what is not accepted is sent again."""
        waiting = iter(dedup_keys)
        turns = itertools.cycle(self.urls)
        timeout = aiohttp.ClientTimeout(total=ATTEMPT_SECONDS)
        async with (
            aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=connections), timeout=timeout) as client,
            asyncio.TaskGroup() as group,
        ):

            async def sender() -> None:
                for dedup_key in waiting:
                    await self._deliver(client, turns, dedup_key)
                    if pause_seconds:
                        await asyncio.sleep(pause_seconds)

            for _ in range(connections):
                group.create_task(sender())

    async def _deliver(self, client: aiohttp.ClientSession, turns: "itertools.cycle[str]", dedup_key: str) -> None:
        gives_up = time.monotonic() + GIVE_UP_SECONDS
        while time.monotonic() < gives_up:
            answer = await self._attempt(client, next(turns), dedup_key)
            self.answers[answer] += 1
            if answer == "202":
                return
            self.retries += 1
            await asyncio.sleep(0.1)
        self.failed.append(dedup_key)

    async def _attempt(self, client: aiohttp.ClientSession, url: str, dedup_key: str) -> str:
        began = time.monotonic()
        try:
            async with client.post(f"{url}/v2/enqueue", json=trigger(self.key, dedup_key)) as answer:
                await answer.read()
                if answer.status == 202:
                    self.accepted.add(dedup_key)
                    self.accepted_at.append(time.monotonic())
                    self.seconds.append(time.monotonic() - began)
                if answer.status == 503 and "Retry-After" not in answer.headers:
                    self.without_retry_after += 1
                return str(answer.status)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return type(error).__name__

    def longest_silence(self) -> float:
        """The longest time between two accepted events, in seconds."""
        at = sorted(self.accepted_at)
        return max((after - before for before, after in itertools.pairwise(at)), default=0.0)


def trigger(key: str, dedup_key: str, **payload: Any) -> dict[str, Any]:
    """An event as PagerDuty's senders write it."""
    body = {"summary": f"fault {dedup_key}", "source": "faults", "severity": "critical"} | payload
    return {"routing_key": key, "event_action": "trigger", "dedup_key": dedup_key, "payload": body}
