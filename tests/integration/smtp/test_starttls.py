"""Mail over an encrypted connection, under a certificate of our own."""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiosmtplib
import pytest
import trustme
from structlog.testing import capture_logs

from adapters.inbound.smtp.certificate import Certificate
from adapters.inbound.smtp.listener import CONNECTIONS
from tests.integration.smtp.test_listener import FROM, RECOVERY, TO, Post, mail_of
from tests.support.doors import doors
from tests.support.payloads import NAGIOS_MAIL


class Authority:
    """Who vouches for the certificates in a folder."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.certificate = Certificate(folder / "chain.pem", folder / "key.pem")
        self.renew()

    def renew(self) -> None:
        issued = self.authority.issue_cert("127.0.0.1")
        issued.private_key_pem.write_to_path(self.certificate.key)
        self.certificate.chain.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))

    @property
    def trusting(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
async def post(authority: Authority) -> AsyncIterator[Post]:
    async with doors() as town, mail_of(town, authority.certificate) as opened:
        yield opened


def client_of(post: Post, authority: Authority) -> aiosmtplib.SMTP:
    """It begins TLS as soon as it is connected, and asks whose certificate that is."""
    return aiosmtplib.SMTP(hostname="127.0.0.1", port=post.port, start_tls=True, tls_context=authority.trusting)


async def test_a_mail_comes_encrypted_and_opens_an_alert(post: Post, authority: Authority) -> None:
    async with client_of(post, authority) as client:
        assert client.get_transport_info("cipher") is not None
        await client.sendmail(FROM, [TO], NAGIOS_MAIL)
        await client.sendmail(FROM, [TO], RECOVERY)
    assert len(post.town.alerts) == 1
    assert len(post.town.database.raw_events) == 2


async def test_whoever_does_not_ask_for_it_is_taken_as_before(post: Post) -> None:
    assert (await post.send())[0] == 250


async def test_without_a_certificate_none_is_offered() -> None:
    async with (
        doors() as town,
        mail_of(town) as post,
        aiosmtplib.SMTP(hostname="127.0.0.1", port=post.port, start_tls=False) as client,
    ):
        await client.ehlo()
        assert not client.supports_extension("starttls")


async def test_what_was_said_in_clear_before_it_counts_for_nothing(post: Post, authority: Authority) -> None:
    async with post.line() as (reader, writer):
        await reader.readline()
        writer.write(b"EHLO a\r\n")
        while not (await reader.readline()).startswith(b"250 "):
            pass
        # Somebody in between adds commands, to be taken for those of whoever encrypts.
        writer.write(f"STARTTLS\r\nMAIL FROM:<{FROM}>\r\nRCPT TO:<{TO}>\r\n".encode())
        assert (await reader.readline()).startswith(b"220 ")
        await writer.start_tls(authority.trusting, server_hostname="127.0.0.1")
        writer.write(b"EHLO a\r\nDATA\r\n")
        async with asyncio.timeout(5):
            while not (line := await reader.readline()).startswith(b"250 "):
                assert line.startswith(b"250-")
            assert (await reader.readline()).startswith(b"503 ")


async def test_the_last_connection_that_is_allowed_may_be_encrypted(post: Post, authority: Authority) -> None:
    held = [await asyncio.open_connection("127.0.0.1", post.port) for _ in range(CONNECTIONS - 1)]
    for reader, _ in held:
        await reader.readline()
    async with client_of(post, authority) as client:
        await client.sendmail(FROM, [TO], NAGIOS_MAIL)
    for _, writer in held:
        writer.close()
    assert len(post.town.alerts) == 1


async def test_a_renewed_certificate_is_shown_without_a_new_start(post: Post, authority: Authority) -> None:
    before = await shown(post, authority)
    authority.renew()
    assert await shown(post, authority) != before


async def test_a_renewal_that_cannot_be_read_leaves_the_one_before(post: Post, authority: Authority) -> None:
    before = await shown(post, authority)
    authority.certificate.chain.write_text("half of a file")
    os.utime(authority.certificate.chain, ns=(1, 1))
    with capture_logs() as logs:
        assert await shown(post, authority) == before
    assert [line["event"] for line in logs] == ["mail_certificate_unreadable"]


async def shown(post: Post, authority: Authority) -> bytes:
    async with client_of(post, authority) as client:
        connection: ssl.SSLObject = client.get_transport_info("ssl_object")
        certificate = connection.getpeercert(binary_form=True)
        assert certificate is not None
        return certificate
