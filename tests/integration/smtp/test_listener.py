"""Mail for integrations over real SMTP."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiosmtplib
import pytest
from structlog.testing import capture_logs

from adapters.inbound.intake.limits import MAIL_BYTES
from adapters.inbound.intake.targets import hash_of
from adapters.inbound.smtp.certificate import Certificate
from adapters.inbound.smtp.listener import CONNECTIONS, DRAINED_BYTES, RECIPIENTS, MailDoor, MailServer
from domain.alert.alert import AlertStatus
from domain.service.integration import IntegrationKind
from tests.support.builders import SHOP_LOGS
from tests.support.doors import KEY, Doors, doors
from tests.support.payloads import NAGIOS_MAIL

TO = f"{KEY}@in.example"
FROM = "nagios@nagios.example"
RECOVERY = NAGIOS_MAIL.replace(b"PROBLEM", b"RECOVERY").replace(b"is CRITICAL", b"is OK")


class Post:
    """The doors, with one for mail."""

    def __init__(self, town: Doors, port: int) -> None:
        self.town = town
        self.port = port

    async def send(self, content: bytes = NAGIOS_MAIL, *to: str, sender: str = FROM) -> tuple[int, str]:
        """The last answer, good or bad."""
        client = aiosmtplib.SMTP(hostname="127.0.0.1", port=self.port, start_tls=False)
        await client.connect()
        try:
            await client.ehlo()
            await client.mail(sender)
            for address in to or (TO,):
                await client.rcpt(address)
            answer = await client.data(content)
        except aiosmtplib.SMTPResponseException as refused:
            return refused.code, refused.message
        else:
            return answer.code, answer.message
        finally:
            client.close()

    @asynccontextmanager
    async def line(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection, line by line."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()


@asynccontextmanager
async def mail_of(town: Doors, certificate: Certificate | None = None) -> AsyncIterator[Post]:
    intake = town.intake
    door = MailDoor(
        targets=intake.targets,
        allowances=intake.allowances,
        commits=intake.commits,
        set_aside=intake.set_aside,
        clock=intake.clock,
        ids=intake.ids,
        metrics=intake.metrics,
    )
    sessions = MailServer(door, "tocsin.example", certificate)
    server = await asyncio.get_running_loop().create_server(sessions, "127.0.0.1", 0)
    yield Post(town, server.sockets[0].getsockname()[1])
    server.close()
    sessions.close()
    await server.wait_closed()


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with doors() as town, mail_of(town) as opened:
        yield opened


async def test_a_mail_opens_an_alert_and_its_recovery_clears_it(post: Post) -> None:
    assert await post.send() == (250, "2.0.0 stored")
    (alert,) = post.town.alerts
    assert alert.status is AlertStatus.FIRING
    assert await post.send(RECOVERY) == (250, "2.0.0 stored")
    (alert,) = post.town.alerts
    assert alert.status is AlertStatus.CLEARED


async def test_it_is_kept_without_the_key_whatever_its_case(post: Post) -> None:
    await post.send(NAGIOS_MAIL.replace(KEY.encode(), KEY.upper().encode()), f"alerts+{KEY.upper()}@in.example")
    (raw,) = post.town.database.raw_events
    assert raw.format == "email"
    assert KEY not in raw.body.decode().lower()
    assert KEY not in str(post.town.alerts).lower()


async def test_the_same_mail_once_more_after_its_recovery_is_no_new_occurrence(post: Post) -> None:
    await post.send()
    await post.send(RECOVERY)
    await post.send()
    assert [alert.status for alert in post.town.alerts] == [AlertStatus.CLEARED]


@pytest.mark.parametrize("address", ["nobody@in.example", f"{'0' * 32}@in.example", "postmaster"])
async def test_nobodys_address_is_refused_for_good(post: Post, address: str) -> None:
    code, said = await post.send(NAGIOS_MAIL, address)
    assert (code, said.split()[0]) == (550, "5.1.1")
    assert post.town.alerts == ()


async def test_a_key_whose_sender_signs_takes_no_mail() -> None:
    signing: dict[str, Any] = {"kind": IntegrationKind.SENTRY, "signing_secret_sealed": b"sealed"}
    async with doors(**signing) as town, mail_of(town) as post:
        assert (await post.send())[0] == 550
        assert town.alerts == ()


async def test_a_mail_has_a_few_recipients_at_most(post: Post) -> None:
    addresses = [f"a{number}+{KEY}@in.example" for number in range(RECIPIENTS + 1)]
    code, said = await post.send(NAGIOS_MAIL, *addresses)
    assert (code, said.split()[0]) == (452, "4.5.3")


async def test_whoever_sends_too_much_keeps_it_for_later() -> None:
    async with doors(events_per_minute=1, event_burst=1) as town, mail_of(town) as post:
        assert (await post.send())[0] == 250
        with capture_logs():
            code, said = await post.send(RECOVERY)
        assert (code, said.split()[0]) == (451, "4.7.1")
        assert [alert.status for alert in town.alerts] == [AlertStatus.FIRING]
        assert town.registry.get_sample_value("tocsin_intake_throttled_total", {"door": "email"}) == 1


async def test_a_mail_to_several_is_stored_for_all_of_them_or_for_none(post: Post) -> None:
    integrations, other_key = post.town.database.integrations, "0" * 31 + "1"
    integrations[SHOP_LOGS] = replace(
        integrations[SHOP_LOGS], key_hash=hash_of(other_key), events_per_minute=1, event_burst=1
    )
    other = f"{other_key}@in.example"
    assert (await post.send(NAGIOS_MAIL, other))[0] == 250
    with capture_logs():
        assert (await post.send(NAGIOS_MAIL, TO, other))[0] == 451
    assert [raw.integration_id for raw in post.town.database.raw_events] == [SHOP_LOGS]


async def test_a_mail_to_more_addresses_of_an_integration_than_it_may_send_is_taken_all_the_same() -> None:
    async with doors(events_per_minute=1, event_burst=1) as town, mail_of(town) as post:
        assert (await post.send(NAGIOS_MAIL, f"a+{KEY}@in.example", f"b+{KEY}@in.example"))[0] == 250


async def test_while_storage_is_away_the_sender_keeps_it(post: Post) -> None:
    assert (await post.send())[0] == 250  # whose key it is, is remembered
    post.town.storage.is_away = True
    with capture_logs():
        code, said = await post.send()
    assert (code, said.split()[0]) == (451, "4.3.0")


@pytest.mark.parametrize(
    ("content", "sender"), [(NAGIOS_MAIL, ""), (NAGIOS_MAIL.replace(b"auto-generated", b"auto-replied"), FROM)]
)
async def test_what_could_go_around_for_ever_is_taken_and_set_aside(post: Post, content: bytes, sender: str) -> None:
    assert (await post.send(content, sender=sender))[0] == 250
    assert post.town.alerts == ()
    (reason,) = post.town.reasons
    assert "for ever" in reason


async def test_too_long_a_mail_is_refused_for_good(post: Post) -> None:
    line = b"x" * 998 + b"\r\n"
    code, _ = await post.send(NAGIOS_MAIL + line * (MAIL_BYTES // 1000 + 1))
    assert code == 552
    assert post.town.alerts == ()
    assert (await post.send())[0] == 250


async def test_a_line_without_an_end_ends_the_connection(post: Post) -> None:
    async with post.line() as (reader, writer):
        for command in (f"HELO a\r\nMAIL FROM:<{FROM}>\r\n", f"RCPT TO:<{TO}>\r\nDATA\r\n"):
            writer.write(command.encode())
        async with asyncio.timeout(20):
            with contextlib.suppress(ConnectionError):
                for _ in range(DRAINED_BYTES // 65_536 * 11 // 10):
                    writer.write(b"x" * 65_536)
                    await writer.drain()
                await reader.read()  # until the other side ends it
    assert (await post.send())[0] == 250


async def test_connections_are_bounded(post: Post) -> None:
    async def hold() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", post.port)

    held = [await hold() for _ in range(CONNECTIONS)]
    for reader, _ in held:
        assert (await reader.readline()).startswith(b"220 ")
    reader, writer = await hold()
    assert (await reader.readline()).startswith(b"421 4.3.2")
    assert await reader.read() == b""
    for _, each in [*held, (reader, writer)]:
        each.close()
    async with asyncio.timeout(5):
        while (await post.send())[0] != 250:  # noqa: ASYNC110  # only the other side knows when they are gone
            await asyncio.sleep(0.02)
