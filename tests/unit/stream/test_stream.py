import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import datetime, timedelta

import pytest

from adapters.inbound.http import stream
from adapters.inbound.http.stream import position_text, read_position, told_to_viewer
from application.ports.clock import Clock
from application.ports.event_log import EventPosition
from tests.support.stock import NOON
from tests.unit.stream.test_event_hub import Office, at_work


class SetClock(Clock):
    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


async def viewing(
    office: Office, *, resume: str | None = None, clock: Clock | None = None
) -> AsyncGenerator[dict[str, str]]:
    """What a client that follows the specification makes of the bytes: one dictionary a message."""
    told = told_to_viewer(office.hub, resume=resume, clock=clock or SetClock(), retry=3_000)
    async with aclosing(told) as chunks:
        async for chunk in chunks:
            assert chunk.endswith(b"\n\n"), "every message is complete"
            for block in chunk.decode().split("\n\n")[:-1]:
                yield dict(map(field, block.split("\n")))


def field(line: str) -> tuple[str, str]:
    name, _, value = line.partition(": ")
    return name or "comment", value


async def test_a_stream_begins_with_the_retry_and_a_place_to_resume_from() -> None:
    async with at_work() as office, aclosing(viewing(office)) as messages:
        assert await anext(messages) == {"retry": "3000"}
        ready = await anext(messages)
        assert (ready["event"], read_position(ready["id"])) == ("ready", office.hub.position)


async def test_an_event_has_its_kind_its_place_and_its_members() -> None:
    async with at_work() as office, aclosing(viewing(office)) as messages:
        await anext(messages), await anext(messages)
        (position,) = await office.note("line 1\nline 2")
        message = await anext(messages)
        assert (message["id"], message["event"]) == (position_text(position), "incident.annotated")
        data = json.loads(message["data"])
        assert data["note"] == "line 1\nline 2"
        assert (data["kind"], data["position"]) == ("incident.annotated", message["id"])
        assert data["incident_id"] == "00000000-0000-0000-0000-000000000001"
        assert data["at"] == "2026-11-23T12:00:00Z"


async def test_the_last_id_resumes_after_that_event() -> None:
    async with at_work() as office:
        first, second = await office.note("seen", "missed")
        async with aclosing(viewing(office, resume=position_text(first))) as messages:
            await anext(messages)
            missed = await anext(messages)
            assert (missed["id"], json.loads(missed["data"])["note"]) == (position_text(second), "missed")
            (third,) = await office.note("new")
            assert (await anext(messages))["id"] == position_text(third)


@pytest.mark.parametrize("last_id", ["nonsense", "1", "1-", "-1-2", "1-2-3", "9" * 40 + "-1", "\u0661-1", "999999-1"])
async def test_an_unknown_place_is_a_reset_with_a_place_to_go_on_from(last_id: str) -> None:
    async with at_work() as office, aclosing(viewing(office, resume=last_id)) as messages:
        await anext(messages)
        message = await anext(messages)
        assert (message["event"], read_position(message["id"])) == ("reset", office.hub.position)
        (position,) = await office.note("news")
        assert (await anext(messages))["id"] == position_text(position)


async def test_silence_is_filled_with_comments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "KEEP_ALIVE", timedelta(milliseconds=5))
    async with at_work() as office, aclosing(viewing(office)) as messages:
        await anext(messages), await anext(messages)
        assert await anext(messages) == {"comment": "keep-alive"}


async def test_a_drain_is_the_last_word_and_tells_when_to_come_back() -> None:
    async with at_work() as office:
        messages = viewing(office)
        await anext(messages), await anext(messages)
        rest = asyncio.create_task(collected(messages))
        await asyncio.sleep(0.01)
        office.hub.drain()
        drain, retry = await asyncio.wait_for(rest, 5)
        assert (drain["event"], "id" in drain, retry) == ("drain", False, {"retry": "3000"})
        assert office.hub.viewer_count == 0


async def test_an_old_stream_ends_so_that_its_viewer_is_asked_again_who_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "KEEP_ALIVE", timedelta(milliseconds=5))
    clock = SetClock()
    async with at_work() as office:
        messages = viewing(office, clock=clock)
        await anext(messages), await anext(messages)
        clock.at += stream.LONGEST
        assert await asyncio.wait_for(collected(messages), 5) == []
        assert office.hub.viewer_count == 0


async def test_a_viewer_that_leaves_is_forgotten() -> None:
    async with at_work() as office:
        async with aclosing(viewing(office)) as messages:
            await anext(messages), await anext(messages)
            assert office.hub.viewer_count == 1
        assert office.hub.viewer_count == 0


async def collected(messages: AsyncIterator[dict[str, str]]) -> list[dict[str, str]]:
    return [message async for message in messages]


@pytest.mark.parametrize("position", [EventPosition(0, 0), EventPosition(12, 345), EventPosition(2**63 - 1, 1)])
def test_positions_survive_the_round_trip(position: EventPosition) -> None:
    assert read_position(position_text(position)) == position
