"""What the tests of everything else stand on: databases, queues, a mail server and a Slack that behave as scripted."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from email.message import EmailMessage

import aiohttp
import aiosmtplib
import asyncpg
import pytest
from redis.asyncio import Redis
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from tests.support import engines
from tests.support.engines import Sqs
from tests.support.fake_slack import Drop, FakeSlack, Hang, RateLimited, Refused, ServerError
from tests.support.smtp import Silence, SmtpServer

BUTTON = {"type": "button", "action_id": "ack", "text": {"type": "plain_text", "text": "Acknowledge"}, "value": "7"}


async def test_a_clean_database_has_no_rows_whatever_refers_to_whatever(fresh_database: str) -> None:
    await engines.execute(
        fresh_database,
        "CREATE TABLE first (id int PRIMARY KEY, number bigint GENERATED ALWAYS AS IDENTITY)",
        "CREATE TABLE second (id int REFERENCES first) PARTITION BY LIST (id)",
        "CREATE TABLE second_1 PARTITION OF second FOR VALUES IN (1)",
        "INSERT INTO first VALUES (1)",
        "INSERT INTO second VALUES (1)",
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''append only''; END'",
        "CREATE TRIGGER append_only BEFORE DELETE ON first EXECUTE FUNCTION refuse()",
    )
    await engines.empty_all_tables(fresh_database)
    connection = await asyncpg.connect(fresh_database)
    try:
        assert await connection.fetchval("SELECT (SELECT count(*) FROM first) + (SELECT count(*) FROM second)") == 0
        with pytest.raises(asyncpg.ForeignKeyViolationError):  # keys and triggers are on again
            await connection.execute("INSERT INTO second VALUES (1)")
        assert await connection.fetchval("INSERT INTO first VALUES (1) RETURNING number") == 1
        with pytest.raises(asyncpg.RaiseError):
            await connection.execute("DELETE FROM first")
    finally:
        await connection.close()


async def test_databases_are_apart(clean_database: str, fresh_database: str, empty_database: str) -> None:
    assert len({clean_database, fresh_database, empty_database}) == 3
    connection = await asyncpg.connect(empty_database)
    try:
        assert (
            await connection.fetchval("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace") == 0
        )
    finally:
        await connection.close()


async def test_a_clean_valkey_has_no_key(clean_valkey: str) -> None:
    async with Redis.from_url(clean_valkey) as client:
        assert await client.dbsize() == 0


def test_a_queue_moves_a_message_that_nobody_deletes(sqs: Sqs) -> None:
    queue, dead = sqs.create_queue_with_dead_letters(receives=1, VisibilityTimeout="0")
    sqs.send(queue, "hello")
    assert sqs.depth(queue) == (1, 0)
    assert [message["Body"] for message in sqs.receive(queue)] == ["hello"]
    assert sqs.receive(queue) == []
    assert [message["Body"] for message in sqs.receive(dead)] == ["hello"]


async def test_mail_is_kept_refused_or_swallowed_as_scripted(smtp_server: SmtpServer) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "tocsin@example.org", "ana@example.org", "Zürich is down"

    async def send() -> None:
        port = smtp_server.port
        await aiosmtplib.send(mail, hostname=smtp_server.host, port=port, start_tls=False, timeout=0.5)

    await send()
    assert [message.recipients for message in smtp_server.received] == [("ana@example.org",)]
    assert smtp_server.received[0].message["Subject"] == "Zürich is down"
    smtp_server.answer("451 4.3.0 try later", Silence.AFTER_TAKING, Silence.BEFORE_TAKING)
    with pytest.raises(aiosmtplib.SMTPDataError, match=r"try later"):
        await send()
    for taken in (2, 2):
        with pytest.raises(aiosmtplib.SMTPTimeoutError):
            await send()
        assert len(smtp_server.received) == taken
    smtp_server.answer("550 5.1.1 no such user", stage="RCPT")
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
        await send()


@contextlib.asynccontextmanager
async def client_of(slack: FakeSlack, token: str) -> AsyncIterator[AsyncWebClient]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.5)) as session:
        yield AsyncWebClient(token=token, base_url=slack.base_url, session=session, retry_handlers=[])


async def test_slack_keeps_messages_and_signs_what_its_buttons_send(fake_slack: FakeSlack) -> None:
    async with client_of(fake_slack, fake_slack.token) as client:
        assert (await client.auth_test())["team_id"] == "T0BBB222"
        blocks = [{"type": "actions", "block_id": "b", "elements": [BUTTON]}]
        answer = await client.chat_postMessage(channel="C1", text="down", blocks=blocks)
        request = fake_slack.press(fake_slack.last_message(), "ack", "U1")
        assert SignatureVerifier(fake_slack.signing_secret).is_valid_request(request.body, dict(request.headers))
        with pytest.raises(LookupError):
            fake_slack.press(fake_slack.last_message(), "other", "U1")
        await client.chat_update(channel="C1", ts=answer["ts"], text="up")
    assert (fake_slack.last_message().text, fake_slack.last_message().updates) == ("up", 1)
    assert [call.method for call in fake_slack.calls] == ["auth.test", "chat.postMessage", "chat.update"]


async def test_slack_refuses_as_slack_does(fake_slack: FakeSlack) -> None:
    fake_slack.channels = {"C1"}
    async with client_of(fake_slack, "xoxb-other") as client:
        with pytest.raises(SlackApiError, match="invalid_auth"):
            await client.chat_postMessage(channel="C1", text="down")
    async with client_of(fake_slack, fake_slack.token) as client:
        for error, arguments in {
            "channel_not_found": {"channel": "C2", "text": "down"},
            "msg_too_long": {"channel": "C1", "text": "x" * 40_001},
            "invalid_blocks": {"channel": "C1", "text": "x", "blocks": [{"type": "divider"}] * 51},
        }.items():
            with pytest.raises(SlackApiError, match=error):
                await client.chat_postMessage(**arguments)  # type: ignore[arg-type]
        with pytest.raises(SlackApiError, match="message_not_found"):
            await client.chat_update(channel="C1", ts="1.1", text="up")
    assert not fake_slack.messages


async def test_slack_fails_as_scripted_and_then_works_again(fake_slack: FakeSlack) -> None:
    fake_slack.script("chat.postMessage", RateLimited(7), ServerError(503), Refused("is_archived"), Hang(), Drop())
    async with client_of(fake_slack, fake_slack.token) as client:

        async def post() -> None:
            await client.chat_postMessage(channel="C1", text="down")

        with pytest.raises(SlackApiError) as limited:
            await post()
        assert limited.value.response.status_code == 429
        assert limited.value.response.headers["Retry-After"] == "7"
        with pytest.raises(SlackApiError) as broken:
            await post()
        assert broken.value.response.status_code == 503
        with pytest.raises(SlackApiError, match="is_archived"):
            await post()
        with pytest.raises(asyncio.TimeoutError):
            await post()
        assert not fake_slack.messages
        with pytest.raises(aiohttp.ClientError):
            await post()
        assert len(fake_slack.messages) == 1
        await post()
    assert len(fake_slack.messages) == 2
