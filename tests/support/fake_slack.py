"""Slack as its clients see it: the Web API over HTTP on loopback, and the requests it sends when a button is pressed.

What it answers follows docs.slack.dev: HTTP 200 with `ok: false` for refusals, 429 with `Retry-After`, `ts` as text.
"""

import asyncio
import hashlib
import hmac
import itertools
import json
import threading
import time
from collections import deque
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode

from aiohttp import web

BLOCKS_PER_MESSAGE = 50
HEADER_CHARACTERS = 150
SECTION_CHARACTERS = 3000
ACTIONS_PER_BLOCK = 25
TEXT_CHARACTERS = 40_000
TEAM = "T0BBB222"

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RateLimited:
    """429; the call is not carried out."""

    retry_after_seconds: int = 1


@dataclass(frozen=True, slots=True)
class ServerError:
    """An answer that is no JSON; the call is not carried out."""

    status: int = 500


@dataclass(frozen=True, slots=True)
class Refused:
    """200 with `ok: false` and this code; the call is not carried out."""

    error: str
    more: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer; the client waits until it gives up."""

    after_processing: bool = False


@dataclass(frozen=True, slots=True)
class Drop:
    """The connection breaks without an answer, after the call was carried out unless said otherwise."""

    after_processing: bool = True


type Behaviour = RateLimited | ServerError | Refused | Hang | Drop


@dataclass(frozen=True, slots=True)
class Call:
    """One request to the Web API, whatever became of it."""

    method: str
    body: Json
    headers: Mapping[str, str]


@dataclass(slots=True)
class SlackMessage:
    """A message as the channel shows it now."""

    channel: str
    ts: str
    text: str
    blocks: list[Json]
    thread_ts: str | None = None
    updates: int = 0


@dataclass(frozen=True, slots=True)
class SlackRequest:
    """A request that Slack would send to our server: post the body with these headers."""

    headers: Mapping[str, str]
    body: bytes


class FakeSlack:
    """One workspace with one bot. Every channel exists unless `channels` is set."""

    def __init__(self) -> None:
        self.token = "xoxb-fake-token"
        self.app_token = "xapp-fake-token"
        self.acknowledged: list[str] = []  # ids of envelopes, as they came back over a socket
        self.sockets_opened = 0
        self.signing_secret = "fake-signing-secret"
        self.channels: set[str] | None = None
        self.calls: list[Call] = []
        self.responses: list[Json] = []  # what was posted to a response_url
        self.messages: dict[tuple[str, str], SlackMessage] = {}
        self.port = 0
        self._scripts: dict[str, deque[Behaviour]] = {}
        self._numbers = itertools.count(1)
        self._sockets: list[web.WebSocketResponse] = []
        self._tickets: set[str] = set()
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        """What a client has in place of `https://slack.com/api/`."""
        return f"http://127.0.0.1:{self.port}/api/"

    def start(self) -> None:
        """Serve on a free port, in a thread."""
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="fake-slack")
        self._thread.start()
        assert self._ready.wait(30), "the fake Slack did not start"

    def stop(self) -> None:
        """Close the port and every connection."""
        assert self._loop is not None
        assert self._stopping is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join()

    def script(self, method: str, *behaviours: Behaviour) -> None:
        """Say what becomes of the next calls of a method, such as `chat.postMessage`; each is used once, in order."""
        self._scripts.setdefault(method, deque()).extend(behaviours)

    def clear(self) -> None:
        """Forget every call, message and script."""
        self.channels = None
        self.calls.clear()
        self.responses.clear()
        self.messages.clear()
        self._scripts.clear()

    def calls_of(self, method: str) -> list[Call]:
        """The calls of one method, oldest first."""
        return [call for call in self.calls if call.method == method]

    def last_message(self) -> SlackMessage:
        """The newest message in any channel."""
        return list(self.messages.values())[-1]

    def press(self, message: SlackMessage, action_id: str, user_id: str, *, at: float | None = None) -> SlackRequest:
        """What Slack sends when a user presses a button of a message, signed at the given Unix time.

        Raises `LookupError` when the message has no such button.
        """
        now = time.time() if at is None else at
        block, button = find_button(message.blocks, action_id)
        payload: Json = {
            "type": "block_actions",
            "user": {"id": user_id, "username": user_id.lower(), "name": user_id.lower(), "team_id": TEAM},
            "api_app_id": "A0DDD444",
            "token": "legacy",
            "container": {
                "type": "message",
                "message_ts": message.ts,
                "channel_id": message.channel,
                "is_ephemeral": False,
            },
            "trigger_id": f"7512.3344.{next(self._numbers):06x}",
            "team": {"id": TEAM, "domain": "acme"},
            "enterprise": None,
            "is_enterprise_install": False,
            "channel": {"id": message.channel, "name": "incidents"},
            "message": {"type": "message", "ts": message.ts, "text": message.text, "blocks": message.blocks},
            "state": {"values": {}},
            "response_url": f"http://127.0.0.1:{self.port}/actions/{TEAM}/{next(self._numbers)}",
            "actions": [
                {
                    "action_id": action_id,
                    "block_id": block.get("block_id", "b1"),
                    "type": "button",
                    "text": button["text"],
                    "value": button.get("value", ""),
                    "action_ts": f"{now:.6f}",
                }
            ],
        }
        return self.signed(urlencode({"payload": json.dumps(payload)}).encode(), at=now)

    def press_over_socket(self, message: SlackMessage, action_id: str, user_id: str) -> str:
        """The same over the newest socket; returns the envelope's id."""
        request = self.press(message, action_id, user_id)
        payload = json.loads(parse_qs(request.body.decode())["payload"][0])
        return self.send_over_socket("interactive", payload)

    def send_over_socket(self, kind: str, payload: object) -> str:
        """Any envelope."""
        envelope_id = f"envelope-{next(self._numbers)}"
        accepts = kind != "events_api"
        envelope = {"envelope_id": envelope_id, "type": kind, "payload": payload, "accepts_response_payload": accepts}
        self.write_to_socket(json.dumps(envelope))
        return envelope_id

    def write_to_socket(self, text: str) -> None:
        """To the newest one, whatever it says."""
        self._in_loop(self._sockets[-1].send_str(text))

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask the newest socket to be left for another one."""
        self.write_to_socket(json.dumps({"type": "disconnect", "reason": reason, "debug_info": {"host": "fake"}}))

    def drop_socket(self) -> None:
        """Close the newest one, with nothing said."""
        self._in_loop(self._sockets[-1].close())

    def _in_loop(self, work: Coroutine[Any, Any, object]) -> None:
        assert self._loop is not None
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    def signed(self, body: bytes, *, at: float) -> SlackRequest:
        """Any body as a request from Slack, with its signature; a form unless its sender says otherwise."""
        stamp = str(int(at))
        mac = hmac.new(self.signing_secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256)
        return SlackRequest(
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
                "X-Slack-Request-Timestamp": stamp,
                "X-Slack-Signature": f"v0={mac.hexdigest()}",
            },
            body=body,
        )

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        application = web.Application()
        application.router.add_post("/api/{method}", self._api)
        application.router.add_get("/link", self._socket)
        application.router.add_post("/actions/{rest:.*}", self._response_url)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.port = runner.addresses[0][1]
        self._ready.set()
        await self._stopping.wait()
        await runner.cleanup()

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("ticket") not in self._tickets:
            return web.Response(status=403)
        self._tickets.remove(request.query["ticket"])
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.append(socket)
        info = {"app_id": "A0DDD444"}
        await socket.send_json({"type": "hello", "num_connections": 1, "connection_info": info})
        self.sockets_opened += 1
        async for message in socket:
            self.acknowledged.append(json.loads(message.data)["envelope_id"])
        return socket

    async def _response_url(self, request: web.Request) -> web.Response:
        self.responses.append(await request.json())
        return web.Response(text="ok")

    async def _api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        body = await read_body(request)
        self.calls.append(Call(method, body, dict(request.headers)))
        script = self._scripts.get(method)
        match script.popleft() if script else None:
            case RateLimited(retry_after_seconds=seconds):
                refusal = {"ok": False, "error": "ratelimited"}
                return web.json_response(refusal, status=429, headers={"Retry-After": str(seconds)})
            case ServerError(status=status):
                return web.Response(status=status, text="<html>Server Error</html>", content_type="text/html")
            case Refused(error=error, more=more):
                return web.json_response({"ok": False, "error": error, **more})
            case Hang(after_processing=processed):
                if processed:
                    self._answer(method, body, request)
                await asyncio.Event().wait()
            case Drop(after_processing=processed):
                if processed:
                    self._answer(method, body, request)
                assert request.transport is not None
                request.transport.abort()
                return web.Response()  # to nobody
        return web.json_response(self._answer(method, body, request))

    def _answer(self, method: str, body: Json, request: web.Request) -> Json:
        if (given := request.headers.get("Authorization")) is None and "token" not in body:
            return {"ok": False, "error": "not_authed"}
        token = self.app_token if method == "apps.connections.open" else self.token
        if (given or f"Bearer {body['token']}") != f"Bearer {token}":
            return {"ok": False, "error": "invalid_auth"}
        match method:
            case "auth.test":
                return {
                    "ok": True,
                    "url": "https://acme.slack.com/",
                    "team": "Acme",
                    "team_id": TEAM,
                    "user": "tocsin",
                    "user_id": "U0BOT",
                    "bot_id": "B0BOT",
                    "is_enterprise_install": False,
                }
            case "apps.connections.open":
                ticket = f"ticket-{next(self._numbers)}"
                self._tickets.add(ticket)
                return {"ok": True, "url": f"ws://127.0.0.1:{self.port}/link?ticket={ticket}&app_id=A0DDD444"}
            case "chat.postMessage":
                return self._post_message(body)
            case "chat.update":
                return self._update(body)
        return {"ok": False, "error": "unknown_method", "req_method": method}

    def _post_message(self, body: Json) -> Json:
        if error := self._problem(body):
            return {"ok": False, "error": error}
        ts = f"{int(time.time())}.{next(self._numbers):06d}"
        message = SlackMessage(
            body["channel"], ts, body.get("text", ""), blocks_of(body), thread_ts=body.get("thread_ts")
        )
        self.messages[message.channel, ts] = message
        return {"ok": True, "channel": message.channel, "ts": ts, "message": shown(message)}

    def _update(self, body: Json) -> Json:
        if error := self._problem(body):
            return {"ok": False, "error": error}
        message = self.messages.get((body["channel"], str(body.get("ts"))))
        if message is None:
            return {"ok": False, "error": "message_not_found"}
        message.text, message.blocks = body.get("text", message.text), blocks_of(body)
        message.updates += 1
        return {
            "ok": True,
            "channel": message.channel,
            "ts": message.ts,
            "text": message.text,
            "message": shown(message),
        }

    def _problem(self, body: Json) -> str | None:
        channel = body.get("channel")
        if not isinstance(channel, str) or not channel or (self.channels is not None and channel not in self.channels):
            return "channel_not_found"
        if not body.get("text") and not body.get("blocks"):
            return "no_text"
        if len(body.get("text") or "") > TEXT_CHARACTERS:
            return "msg_too_long"
        return None if are_valid(blocks_of(body)) else "invalid_blocks"


async def read_body(request: web.Request) -> Json:
    """The arguments of a call, sent as JSON or as a form."""
    if request.content_type == "application/json":
        body: Json = await request.json()
        return body
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def blocks_of(body: Json) -> list[Json]:
    """The blocks of a call; a form carries them as JSON in text."""
    blocks = body.get("blocks") or []
    decoded: list[Json] = json.loads(blocks) if isinstance(blocks, str) else blocks
    return decoded


def are_valid(blocks: list[Json]) -> bool:
    """Whether Slack would take these blocks, as far as their limits go."""
    return len(blocks) <= BLOCKS_PER_MESSAGE and all(is_valid(block) for block in blocks)


def is_valid(block: Json) -> bool:
    match block.get("type"):
        case "header":
            text = block.get("text", {})
            return text.get("type") == "plain_text" and 1 <= len(text.get("text", "")) <= HEADER_CHARACTERS
        case "section":
            texts = [block["text"]] if "text" in block else block.get("fields", [])
            return bool(texts) and all(1 <= len(text.get("text", "")) <= SECTION_CHARACTERS for text in texts)
        case "context":
            return 1 <= len(block.get("elements", [])) <= 10
        case "actions":
            elements = block.get("elements", [])
            names = [element.get("action_id") for element in elements]
            return 1 <= len(elements) <= ACTIONS_PER_BLOCK and len(set(names)) == len(names) and None not in names
        case kind:
            return kind in {"divider", "image", "markdown"}


def find_button(blocks: list[Json], action_id: str) -> tuple[Json, Json]:
    """The button with this action, and the block it is in."""
    for block in blocks:
        for element in [*block.get("elements", []), block.get("accessory", {})]:
            if element.get("action_id") == action_id:
                return block, element
    raise LookupError(f"the message has no button {action_id!r}")


def shown(message: SlackMessage) -> Json:
    """A message in the form in which Slack gives it back."""
    return {
        "type": "message",
        "subtype": "bot_message",
        "text": message.text,
        "ts": message.ts,
        "bot_id": "B0BOT",
        "blocks": message.blocks,
    }
