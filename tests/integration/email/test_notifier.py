import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from adapters.outbound.email.notifier import SmtpNotifier, SmtpSettings, Tls
from application.ports.clock import Clock
from application.ports.notifier import Delivery, Outcome
from tests.integration.email.raw_smtp import BREAK, RawSmtpServer
from tests.support.smtp import Silence, SmtpServer
from tests.unit.outgoing.messages import HOSTILE_TITLE, NOTIFICATION_ID, a_message
from tests.unit.outgoing.ports import free_port


class FixedClock(Clock):
    def now(self) -> datetime:
        return datetime(2026, 11, 3, 3, 12, 9, tzinfo=UTC)


def settings(port: int, **changes: Any) -> SmtpSettings:
    plain = SmtpSettings(
        host="127.0.0.1",
        port=port,
        sender="tocsin@example.org",
        domain="tocsin.example.org",
        tls=Tls.NONE,
        timeout_seconds=5.0,
    )
    return replace(plain, **changes)


def notifier_for(port: int, **changes: Any) -> SmtpNotifier:
    return SmtpNotifier(settings(port, **changes), FixedClock())


@pytest.fixture(params=[False, True], ids=["one by one", "pipelining"])
async def raw(request: pytest.FixtureRequest) -> AsyncIterator[RawSmtpServer]:
    async with RawSmtpServer(offers_pipelining=request.param) as server:
        yield server


@pytest.fixture
async def pipelining() -> AsyncIterator[RawSmtpServer]:
    async with RawSmtpServer(offers_pipelining=True) as server:
        yield server


async def test_a_message_arrives_as_it_was_rendered(smtp_server: SmtpServer) -> None:
    async with notifier_for(smtp_server.port) as notifier:
        delivery = await notifier.send(a_message())
    assert delivery == Delivery(
        outcome=Outcome.DELIVERED,
        detail="250 2.0.0 taken",
        receipt={"message_id": f"<{NOTIFICATION_ID}.1@tocsin.example.org>", "response": "250 2.0.0 taken"},
    )
    [mail] = smtp_server.received
    assert (mail.sender, mail.recipients) == ("tocsin@example.org", ("mira@example.org",))
    assert mail.message["Message-ID"] == delivery.receipt["message_id"]
    body = mail.message.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines()[0] == "SEV1 INC-123 checkout 5xx 23%"


async def test_a_line_that_starts_with_a_dot_survives(smtp_server: SmtpServer) -> None:
    async with notifier_for(smtp_server.port) as notifier:
        await notifier.send(a_message(severity="...", title=". " + "." * 400))
    body = smtp_server.received[0].message.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines()[0] == "... INC-123 . " + "." * 197 + "\N{HORIZONTAL ELLIPSIS}"


async def test_a_hostile_title_adds_no_recipient_and_no_header(smtp_server: SmtpServer) -> None:
    async with notifier_for(smtp_server.port) as notifier:
        delivery = await notifier.send(a_message(title=HOSTILE_TITLE, service=HOSTILE_TITLE))
    assert delivery.outcome is Outcome.DELIVERED
    [mail] = smtp_server.received
    assert mail.recipients == ("mira@example.org",)
    assert mail.message["Bcc"] is None


@pytest.mark.parametrize(
    ("stage", "answer", "outcome"),
    [
        ("MAIL", "451 4.3.0 try later", Outcome.RETRY),
        ("MAIL", "550 5.7.1 not as this sender", Outcome.RETRY),
        ("MAIL", "530 5.7.0 authentication required", Outcome.RETRY),
        ("RCPT", "450 4.2.1 greylisted", Outcome.RETRY),
        ("RCPT", "550 5.1.1 no such user", Outcome.REJECTED),
        ("RCPT", "530 5.7.0 authentication required", Outcome.RETRY),
        ("DATA", "452 4.3.1 no space", Outcome.RETRY),
        ("DATA", "554 5.6.0 refused as spam", Outcome.REJECTED),
    ],
)
async def test_a_refusal_is_retried_unless_it_is_about_the_recipient_or_the_message(
    smtp_server: SmtpServer, stage: Any, answer: str, outcome: Outcome
) -> None:
    smtp_server.answer(answer, stage=stage)
    async with notifier_for(smtp_server.port) as notifier:
        refused = await notifier.send(a_message())
        assert refused.outcome is outcome
        assert answer[:3] in refused.detail
        assert smtp_server.received == []
        assert (await notifier.send(a_message())).outcome is Outcome.DELIVERED


async def test_a_refused_message_leaves_its_connection_in_use(raw: RawSmtpServer) -> None:
    raw.script("RCPT", "550 5.1.1 no such user")
    async with notifier_for(raw.port) as notifier:
        assert (await notifier.send(a_message())).outcome is Outcome.REJECTED
        assert (await notifier.send(a_message())).outcome is Outcome.DELIVERED
    assert raw.connections == 1
    assert raw.commands["RSET"] == 1


@pytest.mark.parametrize(
    ("command", "answer", "outcome"),
    [
        ("MAIL", "550 5.7.1 not as this sender", Outcome.RETRY),
        ("RCPT", "450 4.2.1 greylisted", Outcome.RETRY),
        ("RCPT", "550 5.1.1 no such user", Outcome.REJECTED),
        ("DATA", "554 5.6.0 not today", Outcome.REJECTED),
    ],
)
async def test_who_refuses_what_left_together_gets_no_message(
    pipelining: RawSmtpServer, command: str, answer: str, outcome: Outcome
) -> None:
    pipelining.script(command, answer)
    async with notifier_for(pipelining.port) as notifier:
        refused = await notifier.send(a_message())
        assert (refused.outcome, refused.detail) == (outcome, answer)
        assert pipelining.contents == []
        # Asked for a message all the same, it got an empty one.
        assert pipelining.commands["nothing"] == (command != "DATA")
        assert (await notifier.send(a_message(attempt=2))).outcome is Outcome.DELIVERED
    assert pipelining.connections == 1


async def test_what_breaks_off_after_a_refusal_does_not_hide_it(pipelining: RawSmtpServer) -> None:
    pipelining.script("RCPT", "550 5.1.1 no such user")
    pipelining.script("DATA", BREAK)
    async with notifier_for(pipelining.port) as notifier:
        assert (await notifier.send(a_message())).outcome is Outcome.REJECTED
        assert (await notifier.send(a_message(attempt=2))).outcome is Outcome.DELIVERED
    assert pipelining.connections == 2


async def test_who_says_something_unasked_is_not_listened_to_again(raw: RawSmtpServer) -> None:
    raw.script("content", "250 2.0.0 taken\r\n250 2.0.0 and again")
    async with notifier_for(raw.port) as notifier:
        assert (await notifier.send(a_message())).outcome is Outcome.DELIVERED
        assert (await notifier.send(a_message(attempt=2))).outcome is Outcome.DELIVERED
    assert (raw.connections, len(raw.contents)) == (2, 2)


async def test_a_reply_of_many_lines_is_one(raw: RawSmtpServer) -> None:
    raw.script("content", "250-2.0.0 taken\r\n250-as 7\r\n250 on this day")
    async with notifier_for(raw.port) as notifier:
        assert (await notifier.send(a_message())).detail == "250 2.0.0 taken as 7 on this day"
        assert (await notifier.send(a_message(attempt=2))).outcome is Outcome.DELIVERED


async def test_a_reply_without_end_is_no_reply(raw: RawSmtpServer) -> None:
    raw.script("RCPT", "250-" + "x" * 100_000)
    async with notifier_for(raw.port) as notifier:
        delivery = await notifier.send(a_message())
    assert (delivery.outcome, delivery.detail) == (Outcome.RETRY, "the mail server made no sense: Response too long")


@pytest.mark.parametrize("stage", ["MAIL", "RCPT"])
async def test_silence_before_the_message_is_retried(smtp_server: SmtpServer, stage: Any) -> None:
    smtp_server.answer(Silence.BEFORE_TAKING, stage=stage)
    async with notifier_for(smtp_server.port, timeout_seconds=0.3) as notifier:
        assert (await notifier.send(a_message())).outcome is Outcome.RETRY


@pytest.mark.parametrize("silence", [Silence.BEFORE_TAKING, Silence.AFTER_TAKING])
async def test_silence_after_the_message_is_unknown(smtp_server: SmtpServer, silence: Silence) -> None:
    smtp_server.answer(silence, stage="DATA")
    async with notifier_for(smtp_server.port, timeout_seconds=0.3) as notifier:
        assert (await notifier.send(a_message())).outcome is Outcome.UNKNOWN
        assert (await notifier.send(a_message(attempt=2))).outcome is Outcome.DELIVERED


@pytest.mark.parametrize(
    ("command", "answer", "outcome"),
    [
        ("greeting", BREAK, Outcome.RETRY),
        ("greeting", "554 no service here", Outcome.RETRY),
        ("greeting", "HTTP/1.1 400 Bad Request", Outcome.RETRY),
        ("EHLO", BREAK, Outcome.RETRY),
        ("MAIL", BREAK, Outcome.RETRY),
        ("RCPT", BREAK, Outcome.RETRY),
        ("DATA", BREAK, Outcome.RETRY),
        ("DATA", "nonsense", Outcome.RETRY),
        ("content", BREAK, Outcome.UNKNOWN),
        ("content", "nonsense", Outcome.UNKNOWN),
        ("content", "251 taken elsewhere", Outcome.DELIVERED),
        ("content", "421 4.3.2 going down", Outcome.RETRY),
    ],
)
async def test_a_broken_conversation_is_unknown_only_after_the_message(
    raw: RawSmtpServer, command: str, answer: str, outcome: Outcome
) -> None:
    raw.script(command, answer)
    async with notifier_for(raw.port) as notifier:
        assert (await notifier.send(a_message())).outcome is outcome
        assert (await notifier.send(a_message(attempt=2))).outcome is Outcome.DELIVERED


async def test_a_server_that_is_not_there_is_retried() -> None:
    async with notifier_for(free_port()) as notifier:
        delivery = await notifier.send(a_message())
    assert delivery.outcome is Outcome.RETRY
    assert "127.0.0.1" in delivery.detail


async def test_a_connection_is_used_again(raw: RawSmtpServer) -> None:
    async with notifier_for(raw.port) as notifier:
        for attempt in range(1, 6):
            assert (await notifier.send(a_message(attempt=attempt))).outcome is Outcome.DELIVERED
    assert raw.connections == 1
    assert raw.commands["QUIT"] == 1


@pytest.mark.parametrize("answer", [BREAK, "421 4.4.2 idle for too long"])
async def test_a_connection_that_the_server_gave_up_is_replaced_unseen(raw: RawSmtpServer, answer: str) -> None:
    async with notifier_for(raw.port) as notifier:
        await notifier.send(a_message())
        raw.script("MAIL", answer)
        assert (await notifier.send(a_message(attempt=2))).outcome is Outcome.DELIVERED
        raw.drop_connections()
        assert (await notifier.send(a_message(attempt=3))).outcome is Outcome.DELIVERED
    assert raw.connections == 3
    assert len(raw.contents) == 3


async def test_a_connection_that_lay_idle_too_long_is_not_trusted(raw: RawSmtpServer) -> None:
    async with notifier_for(raw.port, idle_seconds=0.0) as notifier:
        await notifier.send(a_message())
        await notifier.send(a_message(attempt=2))
    assert raw.connections == 2


async def test_many_messages_share_a_few_connections(raw: RawSmtpServer) -> None:
    async with notifier_for(raw.port, connections=3) as notifier:
        deliveries = await asyncio.gather(*(notifier.send(a_message(attempt=n)) for n in range(1, 31)))
    assert {delivery.outcome for delivery in deliveries} == {Outcome.DELIVERED}
    assert len({delivery.receipt["message_id"] for delivery in deliveries}) == len(raw.contents) == 30
    assert raw.connections == 3


async def test_waiting_for_a_connection_counts_towards_the_limit(smtp_server: SmtpServer) -> None:
    smtp_server.answer(Silence.BEFORE_TAKING, Silence.BEFORE_TAKING, stage="MAIL")
    async with notifier_for(smtp_server.port, connections=1, timeout_seconds=1.0) as notifier:
        started = time.perf_counter()
        deliveries = await asyncio.gather(notifier.send(a_message()), notifier.send(a_message(attempt=2)))
        assert time.perf_counter() - started < 1.8  # one after the other would take two seconds
    assert [delivery.outcome for delivery in deliveries] == [Outcome.RETRY, Outcome.RETRY]


async def test_a_cancelled_message_leaves_no_connection_in_the_middle(smtp_server: SmtpServer) -> None:
    smtp_server.answer(Silence.BEFORE_TAKING, stage="MAIL")
    async with notifier_for(smtp_server.port, connections=1) as notifier:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(notifier.send(a_message()), 0.3)
        assert (await notifier.send(a_message(attempt=2))).outcome is Outcome.DELIVERED


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server_tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> str:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return str(path)


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
async def test_the_connection_is_encrypted_and_we_log_in(server_tls: ssl.SSLContext, ca_file: str, tls: Tls) -> None:
    implicit = tls is Tls.IMPLICIT
    async with RawSmtpServer(tls_context=server_tls, implicit_tls=implicit, password="hunter2") as server:
        login = {"username": "tocsin", "password": "hunter2"}
        async with notifier_for(server.port, tls=tls, ca_file=ca_file, **login) as notifier:
            assert (await notifier.send(a_message())).outcome is Outcome.DELIVERED
        assert server.commands["STARTTLS"] == (0 if implicit else 1)
        assert server.commands["AUTH"] == 1


async def test_a_certificate_of_a_stranger_is_not_accepted(server_tls: ssl.SSLContext) -> None:
    async with RawSmtpServer(tls_context=server_tls, implicit_tls=True) as server:
        async with notifier_for(server.port, tls=Tls.IMPLICIT) as notifier:
            delivery = await notifier.send(a_message())
        assert delivery.outcome is Outcome.RETRY
        assert "certificate" in delivery.detail
        assert server.contents == []


async def test_a_server_without_starttls_is_not_used(raw: RawSmtpServer) -> None:
    async with notifier_for(raw.port, tls=Tls.STARTTLS) as notifier:
        delivery = await notifier.send(a_message())
    assert delivery.outcome is Outcome.RETRY
    assert "STARTTLS" in delivery.detail
    assert raw.contents == []


@pytest.mark.parametrize("code", ["454", "535"])
async def test_a_refused_password_is_retried_and_shown_nowhere(caplog: pytest.LogCaptureFixture, code: str) -> None:
    async with RawSmtpServer(password="right") as server:
        server.script("AUTH", f"{code} 4.7.0 not with hunter2")
        login = {"username": "tocsin", "password": "hunter2"}
        async with notifier_for(server.port, **login) as notifier:
            delivery = await notifier.send(a_message())
    assert delivery.outcome is Outcome.RETRY
    assert delivery.detail == f"the mail server refused our credentials ({code})"
    assert "hunter2" not in repr(delivery) + caplog.text + repr(settings(1, **login))


async def test_an_address_in_another_script_is_sent_only_where_it_can_be() -> None:
    abroad = a_message(address="miré@example.org")
    async with RawSmtpServer(offers_utf8=True) as server, notifier_for(server.port) as notifier:
        assert (await notifier.send(abroad)).outcome is Outcome.DELIVERED
        assert "To: miré@example.org".encode() in server.contents[0]
    async with RawSmtpServer() as server, notifier_for(server.port) as notifier:
        delivery = await notifier.send(abroad)
        assert delivery.outcome is Outcome.REJECTED
        assert "ASCII" in delivery.detail
        assert server.contents == []


async def test_a_server_that_knows_only_helo_is_used() -> None:
    async with RawSmtpServer(speaks_ehlo=False) as server, notifier_for(server.port) as notifier:
        assert (await notifier.send(a_message())).outcome is Outcome.DELIVERED


@pytest.mark.parametrize("address", ["mira", "mira@example.org\r\nRCPT TO:<eve@x>", "a@b>, <c@d", ""])
async def test_what_is_no_address_is_rejected_without_a_word_to_the_server(raw: RawSmtpServer, address: str) -> None:
    async with notifier_for(raw.port) as notifier:
        assert (await notifier.send(a_message(address=address))).outcome is Outcome.REJECTED
    assert raw.connections == 0


@pytest.mark.parametrize(
    "changes", [{"domain": "a b"}, {"domain": "x>\r\n"}, {"sender": "tocsin"}, {"sender": "é@x.org"}]
)
def test_settings_that_would_break_every_message_are_refused(changes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"domain|sender|name@domain"):
        settings(25, **changes)
