"""The dead-letter queue: what every adapter of the port promises, and what is SQS's alone."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from adapters.outbound.memory.dead_letter_queue import MemoryDeadLetterQueue
from adapters.outbound.sqs.client import open_client
from adapters.outbound.sqs.dead_letters import SqsDeadLetterQueue
from application.errors import NotFoundError
from application.ports.dead_letter_queue import DeadLetterQueue, QueuedDeadLetter
from application.ports.errors import PermanentPortError, TransientPortError
from tests.integration.sqs.world import FaultyClient, World, client_of, event, refusal
from tests.support.engines import Sqs

SENT_AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


@dataclass(slots=True)
class Queues:
    """A dead-letter queue, with a way to fill it and to see what went back."""

    dead_letters: DeadLetterQueue
    sqs: Sqs | None = None
    dead_url: str = ""
    source_url: str = ""

    async def add(self, body: str, **attributes: str) -> None:
        named = {name.replace("_", "-"): value for name, value in attributes.items()}
        if self.sqs is None:
            assert isinstance(self.dead_letters, MemoryDeadLetterQueue)
            letters = self.dead_letters.letters
            reason = named.get("tocsin-reason")
            letters.append(
                QueuedDeadLetter(
                    message_id=f"m-{len(letters)}", sent_at=SENT_AT, body=body, reason=reason, attributes=named
                )
            )
            return
        values = {name: {"DataType": "String", "StringValue": value} for name, value in named.items()}
        await asyncio.to_thread(self.sqs.send, self.dead_url, body, MessageAttributes=values)

    async def sent_back(self) -> list[tuple[str, dict[str, str]]]:
        if self.sqs is None:
            assert isinstance(self.dead_letters, MemoryDeadLetterQueue)
            return [(letter.body, dict(letter.attributes)) for letter in self.dead_letters.source]
        messages = await asyncio.to_thread(self.sqs.receive, self.source_url)
        return [(message["Body"], texts_of(message)) for message in messages]

    async def remaining(self) -> set[str]:
        return {letter.body for letter in await self.dead_letters.list(100)}


def texts_of(message: dict[str, Any]) -> dict[str, str]:
    return {name: each["StringValue"] for name, each in message.get("MessageAttributes", {}).items()}


@pytest.fixture(params=["memory", "sqs"])
def server(request: pytest.FixtureRequest) -> Sqs | None:
    if request.param == "memory":
        return None
    server: Sqs = request.getfixturevalue("sqs")
    return server


@pytest.fixture
async def queues(server: Sqs | None) -> AsyncIterator[Queues]:
    if server is None:
        yield Queues(MemoryDeadLetterQueue())
        return
    dead_url, source_url = server.create_queue("dead"), server.create_queue("events")
    async with open_client(client_of(server)) as client:
        letters = SqsDeadLetterQueue(client=client, queue_url=dead_url, source_url=source_url)
        yield Queues(letters, server, dead_url, source_url)


class TestPromises:
    async def test_looking_takes_nothing_away(self, queues: Queues) -> None:
        await queues.add("a", tocsin_reason="no JSON", tier="1")
        await queues.add("b")

        for _ in range(2):
            letters = {letter.body: letter for letter in await queues.dead_letters.list(10)}
            assert letters.keys() == {"a", "b"}
        assert (letters["a"].reason, letters["b"].reason) == ("no JSON", None)
        assert letters["a"].attributes["tier"] == "1"

    async def test_a_list_is_no_longer_than_asked(self, queues: Queues) -> None:
        for number in range(3):
            await queues.add(str(number))

        assert len(await queues.dead_letters.list(2)) == 2
        assert len(await queues.dead_letters.list(3)) == 3

    async def test_one_is_shown_by_its_id(self, queues: Queues) -> None:
        await queues.add("a")
        await queues.add("b")
        (wanted,) = [letter for letter in await queues.dead_letters.list(10) if letter.body == "b"]

        assert (await queues.dead_letters.show(wanted.message_id)).body == "b"
        with pytest.raises(NotFoundError):
            await queues.dead_letters.show("nothing")
        assert await queues.remaining() == {"a", "b"}

    async def test_a_dry_run_says_what_would_go_and_moves_nothing(self, queues: Queues) -> None:
        await queues.add("a")
        await queues.add("b")

        redrive = await queues.dead_letters.redrive(10)

        assert redrive.is_dry_run
        assert {letter.body for letter in redrive.moved} == {"a", "b"}
        assert await queues.sent_back() == []
        assert await queues.remaining() == {"a", "b"}

    async def test_a_redrive_sends_back_as_many_as_asked(self, queues: Queues) -> None:
        for number in range(3):
            await queues.add(str(number))

        redrive = await queues.dead_letters.redrive(2, dry_run=False)

        assert not redrive.is_dry_run
        moved = {letter.body for letter in redrive.moved}
        assert len(moved) == 2
        assert {body for body, _ in await queues.sent_back()} == moved
        assert await queues.remaining() == {"0", "1", "2"} - moved

    async def test_what_goes_back_is_the_message_without_the_reason_and_with_its_origin(self, queues: Queues) -> None:
        await queues.add("a", tocsin_reason="no JSON", tier="1", tocsin_integration_key="ik-1")
        (letter,) = await queues.dead_letters.list(1)

        await queues.dead_letters.redrive(1, dry_run=False)

        assert await queues.sent_back() == [
            (
                "a",
                {
                    "tier": "1",
                    "tocsin-integration-key": "ik-1",
                    "tocsin-message-id": letter.message_id,
                    "tocsin-sent-at": str(int(letter.sent_at.timestamp() * 1000)),
                },
            )
        ]

    async def test_an_origin_that_is_known_is_kept(self, queues: Queues) -> None:
        await queues.add("a", tocsin_message_id="first", tocsin_sent_at="1763888400000")

        await queues.dead_letters.redrive(1, dry_run=False)

        ((_, attributes),) = await queues.sent_back()
        assert attributes == {"tocsin-message-id": "first", "tocsin-sent-at": "1763888400000"}


class TestSqs:
    async def test_more_than_a_batch_is_moved(self, sqs: Sqs) -> None:
        dead_url, source_url = sqs.create_queue("dead"), sqs.create_queue("events")
        for number in range(12):
            await asyncio.to_thread(sqs.send, dead_url, str(number))
        async with open_client(client_of(sqs)) as client:
            letters = SqsDeadLetterQueue(client=client, queue_url=dead_url, source_url=source_url)

            assert len(await letters.list(100)) == 12
            assert len((await letters.redrive(100, dry_run=False)).moved) == 12

        assert await asyncio.to_thread(sqs.depth, dead_url) == (0, 0)
        assert await asyncio.to_thread(sqs.depth, source_url) == (12, 0)

    async def test_what_cannot_be_sent_stays(self, sqs: Sqs) -> None:
        dead_url, source_url = sqs.create_queue("dead"), sqs.create_queue("events")
        for body in ("a", "b"):
            await asyncio.to_thread(sqs.send, dead_url, body)
        async with open_client(client_of(sqs)) as client:
            faulty = FaultyClient(client, send_faults=[refusal("AccessDenied", 403)])
            letters = SqsDeadLetterQueue(client=faulty, queue_url=dead_url, source_url=source_url)

            redrive = await letters.redrive(10, dry_run=False)

        assert (len(redrive.moved), [failure.reason for failure in redrive.failed]) == (
            1,
            ["SQS refused: AccessDenied"],
        )
        assert await asyncio.to_thread(sqs.depth, dead_url) == (1, 0)
        assert await asyncio.to_thread(sqs.depth, source_url) == (1, 0)

    async def test_a_group_goes_back_in_order_and_is_not_taken_for_a_duplicate(self, sqs: Sqs) -> None:
        dead_url = sqs.create_queue("dead", FifoQueue="true")
        source_url = sqs.create_queue("events", FifoQueue="true")
        for number in range(3):
            fifo = {"MessageGroupId": "db-3", "MessageDeduplicationId": str(number)}
            await asyncio.to_thread(sqs.send, source_url, str(number), **fifo)
            await asyncio.to_thread(sqs.send, dead_url, str(number), **fifo)
        async with open_client(client_of(sqs)) as client:
            letters = SqsDeadLetterQueue(client=client, queue_url=dead_url, source_url=source_url)

            redrive = await letters.redrive(10, dry_run=False)

        assert [(letter.body, letter.group_id) for letter in redrive.moved] == [(str(n), "db-3") for n in range(3)]
        received = await asyncio.to_thread(sqs.receive, source_url)
        assert [message["Body"] for message in received] == ["0", "1", "2", "0", "1", "2"]
        assert {message["Attributes"]["MessageGroupId"] for message in received} == {"db-3"}

    async def test_a_group_does_not_overtake_its_own(self, sqs: Sqs) -> None:
        dead_url = sqs.create_queue("dead", FifoQueue="true")
        source_url = sqs.create_queue("events", FifoQueue="true")
        for body, group in (("x-1", "x"), ("y-1", "y"), ("x-2", "x")):
            fifo = {"MessageGroupId": group, "MessageDeduplicationId": body}
            await asyncio.to_thread(sqs.send, dead_url, body, **fifo)
        async with open_client(client_of(sqs)) as client:
            faulty = FaultyClient(client, send_faults=[refusal("InternalError")])
            letters = SqsDeadLetterQueue(client=faulty, queue_url=dead_url, source_url=source_url)

            redrive = await letters.redrive(10, dry_run=False)

        assert [letter.body for letter in redrive.moved] == ["y-1"]
        assert [failure.reason for failure in redrive.failed] == [
            "SQS refused: InternalError",
            "waits for an earlier message of its group",
        ]

    async def test_faults_are_ours(self, sqs: Sqs) -> None:
        async with open_client(client_of(sqs)) as client:
            gone = SqsDeadLetterQueue(client=client, queue_url=f"{sqs.endpoint}/1/gone", source_url="")
            with pytest.raises(PermanentPortError, match="NonExistentQueue"):
                await gone.list(1)

    async def test_a_server_that_is_away_is_worth_another_try(self, sqs: Sqs) -> None:
        away = Sqs("http://127.0.0.1:1")
        async with open_client(client_of(away)) as client:
            letters = SqsDeadLetterQueue(client=client, queue_url="http://127.0.0.1:1/1/dead", source_url="")
            with pytest.raises(TransientPortError, match="cannot be reached"):
                await letters.list(1)

    def test_the_secret_is_not_shown(self, sqs: Sqs) -> None:
        assert "testing" not in repr(client_of(sqs)).replace("access_key='testing'", "")


@pytest.mark.postgres
class TestRoundTrip:
    async def test_a_message_is_set_aside_mended_sent_back_and_handled_once(self, world: World) -> None:
        """The integration did not exist yet; the message is the same one all along."""
        await world.send(event("db"), key="not-yet")
        await world.run_until(poison=1)
        letters = SqsDeadLetterQueue(client=world.client, queue_url=world.dead_url, source_url=world.url)
        (letter,) = await letters.list(10)
        assert letter.reason == "no integration has this key"
        async with world.pool.acquire() as connection:
            await connection.execute(
                "UPDATE integrations SET key_hash = sha256('not-yet'::bytea) WHERE name = 'other queue'"
            )

        await letters.redrive(10, dry_run=False)
        await world.run_until(handled=1)

        assert await world.rows("SELECT dedup_key, occurrences FROM alerts") == [("db", 1)]
        assert await letters.list(10) == ()
        assert await world.drained()

    async def test_what_was_handled_and_then_moved_by_the_queue_is_a_repeat(self, world: World) -> None:
        world.url, world.dead_url = world.sqs.create_queue_with_dead_letters(receives=1)
        await world.send(event("db"))
        world.client.delete_faults = [refusal("InternalError")] * 3
        await world.run_until(handled=1)
        await world.client.reappear(world.url)
        assert await asyncio.to_thread(world.sqs.receive, world.url) == []  # received too often: the queue moves it
        letters = SqsDeadLetterQueue(client=world.client, queue_url=world.dead_url, source_url=world.url)

        assert len((await letters.redrive(10, dry_run=False)).moved) == 1
        await world.run_until(repeated=1)

        assert await world.rows("SELECT dedup_key, occurrences FROM alerts") == [("db", 1)]

    async def test_an_old_trigger_is_as_old_when_it_is_sent_back_and_can_be_wanted_all_the_same(
        self, world: World
    ) -> None:
        await world.send(event("db"))
        await asyncio.sleep(1.1)
        letters = SqsDeadLetterQueue(client=world.client, queue_url=world.dead_url, source_url=world.url)

        for _ in range(2):
            async with world.running(oldest_trigger=timedelta(seconds=1)):
                await world.reach(poison=1)
            await letters.redrive(10, dry_run=False)
        assert await world.rows("SELECT count(*) FROM dead_letters") == [(1,)]
        await world.run_until(handled=1)

        assert await world.rows("SELECT dedup_key, occurrences FROM alerts") == [("db", 1)]
