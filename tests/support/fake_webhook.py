"""Somebody's server that takes pages: it checks each signature as Standard Webhooks tells receivers to."""

import base64
import hmac
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from application.ports.contact_secrets import ContactSecrets
from application.ports.destinations import DestinationSecrets
from domain.notification.contact import Channel
from domain.shared.ids import ContactId, DestinationId, UserId
from tests.support.fake_http import Asked, HttpFake


class OneSecret(ContactSecrets):
    """Of every contact: this one, and those that it takes the place of."""

    def __init__(self, secret: str | None, *old: str) -> None:
        self.secrets = () if secret is None else (secret, *old)

    async def put(self, contact_id: ContactId, secret: str, *, old_until: datetime | None = None) -> None:
        self.secrets = (secret,)

    async def of_address(self, user_id: UserId, channel: Channel, address: str, *, at: datetime) -> tuple[str, ...]:
        return self.secrets


class FakeWebhook(HttpFake):
    """Takes what is signed with its secret, and refuses the rest with 401."""

    def __init__(self) -> None:
        super().__init__()
        self.secret = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
        self.received: list[dict[str, Any]] = []

    @property
    def address(self) -> str:
        return f"{self.base_url}/pages"

    def take(self, asked: Asked) -> web.Response:
        if asked.method != "POST" or not self._is_signed(asked):
            return web.Response(status=401)
        self.received.append(json.loads(asked.body))
        return web.Response(status=204)

    def _is_signed(self, asked: Asked) -> bool:
        headers = {name.lower(): value for name, value in asked.headers.items()}
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + asked.body
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        expected = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
        return expected in headers["webhook-signature"].split()


@dataclass(frozen=True, slots=True)
class SomeSecrets(DestinationSecrets):
    """Every destination's; none unless said otherwise."""

    valid: tuple[str, ...] = ()

    async def put(self, destination_id: DestinationId, secret: str, *, old_expires_at: datetime) -> None:
        raise AssertionError("nobody changes secrets here")

    async def of(self, destination_id: DestinationId, *, at: datetime) -> tuple[str, ...]:
        return self.valid
