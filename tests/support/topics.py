"""Topics of SNS that sign as AWS does, with a certificate of our own, and the host that serves it, on loopback."""

import base64
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
import trustme
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from adapters.inbound.intake.sns import Posted
from adapters.outbound.http.guard import OutgoingGuard, networks
from adapters.outbound.http.session import guarded_session
from adapters.outbound.http.sns import HttpSnsEndpoint
from application.ports.clock import Clock

TOPIC: Final = "arn:aws:sns:eu-west-1:210987654321:alarms-prod"
HOST: Final = "sns.eu-west-1.amazonaws.com"
PATH: Final = "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
NOW: Final = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY: Final = timedelta(days=1)

_HASHES: Final = {"1": SHA1, "2": SHA256}


def new_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certificate_of(key: rsa.RSAPrivateKey, *, valid_from: datetime = NOW - DAY, until: datetime = NOW + DAY) -> bytes:
    """Signed by itself, in PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(valid_from).not_valid_after(until)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM)


def posted(message: str, *, kind: str = "Notification", sent_at: datetime = NOW, **more: Any) -> dict[str, Any]:
    """What SNS posts, unsigned; None leaves a member out."""
    members: dict[str, Any] = {
        "Type": kind,
        "MessageId": "4d4dc071-ddbf-465d-bba8-08f81c89da64",
        "TopicArn": TOPIC,
        "Message": message,
        "Timestamp": sent_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "SigningCertURL": f"https://{HOST}{PATH}",
        **more,
    }
    return {name: value for name, value in members.items() if value is not None}


def signed(members: Mapping[str, Any], key: rsa.RSAPrivateKey, *, version: str = "2") -> bytes:
    texts = {name: value for name, value in members.items() if isinstance(value, str)}
    signature = key.sign(Posted(texts).signed, PKCS1v15(), _HASHES[version]())
    envelope = {"SignatureVersion": version, "Signature": base64.b64encode(signature).decode(), **members}
    return json.dumps(envelope).encode()


@dataclass(slots=True)
class FakeSns:
    """SNS's host: its certificate, and the confirmations that it was asked for."""

    certificate: bytes
    status: int = 200
    asked: list[str] = field(default_factory=list)  # path and query, in order

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path_qs)
        return web.Response(body=self.certificate if request.path == PATH else b"<ok/>", status=self.status)


class _Here(AbstractResolver):
    """Every name is this port of loopback."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        return [ResolveResult(hostname=host, host="127.0.0.1", port=self._port, family=2, proto=0, flags=0)]

    async def close(self) -> None: ...


@asynccontextmanager
async def endpoint_at(
    fake: FakeSns, clock: Clock, *, is_allowed: bool = True, is_trusted: bool = True
) -> AsyncIterator[HttpSnsEndpoint]:
    """The real adapter, through the guard and over TLS, with SNS's names on loopback."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("*.amazonaws.com", HOST).configure_cert(context)
    trust = ssl.create_default_context()
    if is_trusted:
        authority.configure_trust(trust)
    app = web.Application()
    app.router.add_get("/{path:.*}", fake.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port: int = runner.addresses[0][1]
    allowed = networks(("127.0.0.0/8",)) if is_allowed else ()
    guard = OutgoingGuard(allowed_private=allowed, ports=frozenset({port}))
    session: aiohttp.ClientSession
    async with guarded_session(guard, resolver=_Here(port)) as session:
        yield HttpSnsEndpoint(session, clock, trust)
    await runner.cleanup()
