"""The environment, read once at the start into one frozen value. What is wrong stops the start with one line.

`python -m entrypoints.settings` prints the table of `docs/configuration.md`; a test keeps the two equal.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final, Literal, get_args, get_origin
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, Struct

from domain.notification.drill import DrillTime
from domain.notification.throttle import MESSAGES_PER_WINDOW
from domain.shared.errors import InvalidValueError
from domain.shared.limits import INTEGRATION_EVENT_BURST, INTEGRATION_EVENTS_PER_MINUTE, INTEGRATION_OPEN_ALERTS

PREFIX: Final = "TOCSIN_"
# Read elsewhere: by the CLI, by the tests and by the embedded engines.
OTHERS: Final = frozenset(
    {
        "TOCSIN_URL",
        "TOCSIN_TOKEN",
        "TOCSIN_INTEGRATION_KEY",
        "TOCSIN_INTEGRATION_KEY_FILE",
        "TOCSIN_PG_BIN",
        "TOCSIN_VALKEY_BIN",
    }
)
SECRETS: Final = frozenset(
    {
        "database_url",
        "redis_url",
        "secret_key",
        "secret_key_previous",
        "smtp_password",
        "slack_token",
        "slack_signing_secrets",
        "slack_app_token",
        "ntfy_token",
        "twilio_auth_token",
        "sqs_integration_key",
        "watcher_url",
        "heartbeat_url",
    }
)


class SettingsError(Exception):
    """A setting is wrong or missing. The message names it and says what is allowed."""


type Port = Annotated[int, Meta(ge=0, le=65535)]
type Seconds = Annotated[float, Meta(gt=0, le=3600)]


class Settings(Struct, frozen=True, forbid_unknown_fields=True):
    """Every setting of the service. Each is the environment variable of its name, in capitals, after `TOCSIN_`."""

    database_url: Annotated[
        str, Meta(description="PostgreSQL 16 or later, `postgresql://…`. Empty: `tocsin up` starts its own.")
    ] = ""
    database_pool: Annotated[int, Meta(ge=2, le=200, description="Connections that one process may hold.")] = 10
    redis_url: Annotated[
        str,
        Meta(description="Redis or Valkey, `redis://…`. Losing it loses nothing. Empty: `tocsin up` starts its own."),
    ] = ""
    secret_key: Annotated[
        str,
        Meta(description="At least 32 characters; keys derived from it sign tokens and links. `tocsin up` makes one."),
    ] = ""
    secret_key_previous: Annotated[
        str,
        Meta(description="The secret key before: what it sealed is read, and what it signed still counts."),
    ] = ""
    http_address: Annotated[str, Meta(description="Where the HTTP server listens, `host:port`.")] = "127.0.0.1:8080"
    public_url: Annotated[
        str,
        Meta(description="How people reach the HTTP server: links begin with it. Empty: `http://` and the address."),
    ] = ""
    metrics_address: Annotated[
        str, Meta(description="Where worker and consumer show their metrics, `host:port`, open to whoever reaches it.")
    ] = ""
    inbound_mail_address: Annotated[
        str,
        Meta(
            description="Where `up` and `http` take mail for integrations, `host:port`, behind an MTA that routes it"
            " there. Empty: nowhere."
        ),
    ] = ""
    inbound_mail_certificate: Annotated[
        str,
        Meta(
            description="PEM file with the certificate chain that mail is taken under, by STARTTLS; read again when it"
            " changes. Empty: no TLS."
        ),
    ] = ""
    inbound_mail_key: Annotated[str, Meta(description="PEM file with the certificate's key.")] = ""
    trusted_proxies: Annotated[
        str, Meta(description="Addresses of proxies whose `X-Forwarded-For` and `-Proto` count, by commas.")
    ] = ""
    data_directory: Annotated[str, Meta(description="Where `tocsin up` keeps its engines' data.")] = ".tocsin"
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="The least level that is logged.")
    ] = "info"
    log_format: Annotated[
        Literal["auto", "json", "console"], Meta(description="`auto`: for people on a terminal, JSON elsewhere.")
    ] = "auto"
    shutdown_seconds: Annotated[Seconds, Meta(description="How long a stop waits for what is under way.")] = 8.0
    smtp_host: Annotated[str, Meta(description="SMTP server. Empty: e-mail lands in the local mailbox.")] = ""
    smtp_port: Annotated[Port, Meta(description="Its port.")] = 587
    smtp_tls: Annotated[
        Literal["none", "starttls", "implicit"], Meta(description="How the connection is encrypted.")
    ] = "starttls"
    smtp_username: Annotated[str, Meta(description="Empty: no authentication.")] = ""
    smtp_password: Annotated[str, Meta(description="Its password.")] = ""
    smtp_sender: Annotated[str, Meta(description="The address that messages come from.")] = "tocsin@localhost"
    slack_token: Annotated[
        str, Meta(description="Bot token, `xoxb-…`. Empty: Slack messages land in the local mailbox.")
    ] = ""
    slack_signing_secrets: Annotated[
        str, Meta(description="Signing secret of the app; during a rotation the old one too, by commas.")
    ] = ""
    slack_app_token: Annotated[
        str, Meta(description="App-level token, `xapp-…`, for Socket Mode: buttons without a public URL. Empty: none.")
    ] = ""
    slack_url: Annotated[str, Meta(description="Base URL of the Slack Web API.")] = "https://slack.com/api/"
    ntfy_url: Annotated[
        str, Meta(description="ntfy server of topics that name none. Empty: ntfy messages land in the local mailbox.")
    ] = ""
    ntfy_token: Annotated[str, Meta(description="Its access token; no other server is given it.")] = ""
    twilio_account_sid: Annotated[
        str, Meta(description="Twilio account, `AC…`. Empty: text messages and calls land in the local mailbox.")
    ] = ""
    twilio_auth_token: Annotated[str, Meta(description="Its auth token.")] = ""
    twilio_sender: Annotated[str, Meta(description="Number of the account that messages come from, `+…`.")] = ""
    twilio_answers: Annotated[
        bool,
        Meta(description="Whether text messages to the number come to `/twilio/sms`; each then says how to answer."),
    ] = False
    twilio_receipts: Annotated[
        bool,
        Meta(
            description="Whether Twilio is to say at `/twilio/receipts` what became of text messages and calls. "
            "It takes only addresses that it can reach."
        ),
    ] = False
    twilio_url: Annotated[str, Meta(description="Base URL of the Twilio API.")] = "https://api.twilio.com"
    outgoing_networks: Annotated[
        str, Meta(description="Private networks that outgoing requests may reach, as CIDRs, by commas.")
    ] = ""
    outgoing_ports: Annotated[
        str, Meta(description="Ports that webhooks of subscriptions may be sent to, by commas.")
    ] = "443"
    subscription_arns: Annotated[
        str,
        Meta(description="Topics and queues that subscriptions may name, as ARNs with `*`, by commas. Empty: none."),
    ] = ""
    sqs_queue_url: Annotated[
        str, Meta(description="Queue that the consumer takes events from. Empty: no consumer.")
    ] = ""
    sqs_dead_letter_queue_url: Annotated[str, Meta(description="Queue for messages that cannot be handled.")] = ""
    sqs_region: Annotated[str, Meta(description="AWS region of the queues.")] = "eu-central-1"
    sqs_endpoint_url: Annotated[str, Meta(description="Another endpoint than AWS's own.")] = ""
    sqs_integration_key: Annotated[str, Meta(description="Key of the integration for messages that name none.")] = ""
    sqs_pollers: Annotated[int, Meta(ge=1, le=64, description="Long polls at once.")] = 16
    spill_queue_url: Annotated[
        str,
        Meta(
            description="FIFO queue that takes accepted events while PostgreSQL is away, for the HTTP server and the "
            "worker. Empty: they are refused."
        ),
    ] = ""
    raw_events_kept_days: Annotated[
        int, Meta(ge=1, le=3650, description="Bodies as senders sent them, for replay; up to a month more.")
    ] = 30
    history_kept_days: Annotated[
        int,
        Meta(ge=62, le=3650, description="Timelines of incidents and attempts at delivery; up to a month more."),
    ] = 730
    mailbox_kept_days: Annotated[int, Meta(ge=1, le=3650, description="Messages of the local mailbox.")] = 30
    dead_letters_kept_days: Annotated[int, Meta(ge=1, le=3650, description="Bodies that nobody could read.")] = 90
    watcher_emails: Annotated[
        str,
        Meta(description="Users who are told of stalled incidents, by e-mail address, by commas. Empty: every admin."),
    ] = ""
    watcher_url: Annotated[
        str, Meta(description="Somebody else's system that stalled incidents are posted to, as JSON. Empty: none.")
    ] = ""
    heartbeat_url: Annotated[
        str,
        Meta(description="Somebody else's dead man's switch: a POST while incidents are being seen to. Empty: none."),
    ] = ""
    heartbeat_seconds: Annotated[Seconds, Meta(description="How long between two of them.")] = 60.0
    drill_weekly: Annotated[
        str,
        Meta(description="When everybody gets a test page, as day and hour in UTC, such as `tue 10`. Empty: never."),
    ] = ""
    shift_notice_hours: Annotated[
        int,
        Meta(ge=0, le=168, description="How long before their time on call people hear of it. 0: of no shift at all."),
    ] = 24
    # With half as many, pages at 1,000 a second wait in the table, and are leased by statements of their own.
    channel_budget: Annotated[
        int, Meta(ge=1, le=500, description="Messages of one channel that one worker sends at once.")
    ] = 64
    contact_messages_per_minute: Annotated[
        int, Meta(ge=1, le=10_000, description="Pages one contact gets as messages of their own; more go as one.")
    ] = MESSAGES_PER_WINDOW

    intake_events_per_minute: Annotated[
        int,
        Meta(
            ge=1,
            le=INTEGRATION_EVENTS_PER_MINUTE,
            description="Events that one integration may send in the long run, unless it has a limit of its own.",
        ),
    ] = 120_000
    intake_event_burst: Annotated[
        int,
        Meta(ge=1, le=INTEGRATION_EVENT_BURST, description="Events that it may send at once, in the same way."),
    ] = 20_000
    intake_open_alerts: Annotated[
        int,
        Meta(
            ge=1,
            le=INTEGRATION_OPEN_ALERTS,
            description="Alerts that it may have open, in the same way; further ones are counted in one alert.",
        ),
    ] = 10_000

    @property
    def base_url(self) -> str:
        return (self.public_url or f"http://{self.http_address}").rstrip("/")

    @property
    def previous_secret(self) -> bytes | None:
        """The secret key before, where there is one that still counts."""
        return self.secret_key_previous.encode() or None

    @property
    def host_and_port(self) -> tuple[str, int]:
        """Raises `SettingsError`."""
        return _host_and_port("TOCSIN_HTTP_ADDRESS", self.http_address)

    @property
    def metrics_host_and_port(self) -> tuple[str, int] | None:
        """None: nowhere. Raises `SettingsError`."""
        return _host_and_port("TOCSIN_METRICS_ADDRESS", self.metrics_address) if self.metrics_address else None

    @property
    def inbound_mail_host_and_port(self) -> tuple[str, int] | None:
        """None: nowhere. Raises `SettingsError`."""
        address = self.inbound_mail_address
        return _host_and_port("TOCSIN_INBOUND_MAIL_ADDRESS", address) if address else None


def _host_and_port(name: str, address: str) -> tuple[str, int]:
    host, colon, port = address.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise SettingsError(f"{name} is {address!r}: use host:port, such as 127.0.0.1:8080")
    return host.strip("[]") or "127.0.0.1", int(port)


def _require_url(name: str, url: str) -> None:
    """Raises `SettingsError`, without the URL: it may be a secret."""
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_usable = False
    if url and not is_usable:
        raise SettingsError(f"{name} is no address: use https://host/path")


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Raises `SettingsError`, which names the variable."""
    values = dict(_values(os.environ if environment is None else environment))
    known = {field.name for field in msgspec.structs.fields(Settings)}
    for name in values:
        if name not in known:
            raise SettingsError(f"{PREFIX}{name.upper()} is not a setting; docs/configuration.md lists them all")
    try:
        settings = msgspec.convert(values, Settings, strict=False)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `$.")
        raise SettingsError(f"{PREFIX}{path.rstrip('`').upper()}: {reason[0].lower()}{reason[1:]}") from None
    if settings.secret_key and len(settings.secret_key) < 32:
        raise SettingsError("TOCSIN_SECRET_KEY has fewer than 32 characters; make one with `openssl rand -hex 32`")
    if settings.secret_key_previous and len(settings.secret_key_previous) < 32:
        raise SettingsError("TOCSIN_SECRET_KEY_PREVIOUS has fewer than 32 characters: it is not what the key was")
    _ = settings.host_and_port, settings.metrics_host_and_port, settings.inbound_mail_host_and_port
    try:
        DrillTime.read(settings.drill_weekly)
    except InvalidValueError as error:
        raise SettingsError(f"TOCSIN_DRILL_WEEKLY {error.reason}") from None
    if settings.spill_queue_url and not settings.spill_queue_url.endswith(".fifo"):
        raise SettingsError("TOCSIN_SPILL_QUEUE_URL is no FIFO queue: use one whose name ends with .fifo")
    if bool(settings.inbound_mail_certificate) != bool(settings.inbound_mail_key):
        raise SettingsError("TOCSIN_INBOUND_MAIL_CERTIFICATE needs TOCSIN_INBOUND_MAIL_KEY, and the other way round")
    _require_url("TOCSIN_WATCHER_URL", settings.watcher_url)
    _require_url("TOCSIN_HEARTBEAT_URL", settings.heartbeat_url)
    return settings


def _values(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in sorted(environment.items()):
        if not name.startswith(PREFIX) or name in OTHERS or name.startswith("TOCSIN_TEST_"):
            continue
        if name.endswith("_FILE"):
            yield name.removeprefix(PREFIX).removesuffix("_FILE").lower(), _content(name, value)
        else:
            yield name.removeprefix(PREFIX).lower(), value


def _content(name: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise SettingsError(f"{name}: cannot read {path}: {error.strerror}") from None


def document() -> str:
    """The settings as a Markdown table."""
    lines = ["| variable | default | what it is |", "| --- | --- | --- |"]
    for field in msgspec.structs.fields(Settings):
        description, limits = _described(field.type)
        default = f"`{field.default}`" if field.default != "" else ""
        secret = " Secret." if field.name in SECRETS else ""
        lines.append(f"| `{PREFIX}{field.name.upper()}` | {default} | {description}{limits}{secret} |")
    return "\n".join(lines) + "\n"


def _described(kind: object) -> tuple[str, str]:
    metas = [meta for meta in get_args(kind)[1:] if isinstance(meta, Meta)] if get_origin(kind) is Annotated else []
    description = next((meta.description for meta in metas if meta.description), "")
    inner = get_args(kind)[0] if metas else kind
    inner = getattr(inner, "__value__", inner)
    bounds = [*metas, *(meta for meta in get_args(inner)[1:] if isinstance(meta, Meta))]
    least = next(
        (
            bound.ge if bound.ge is not None else bound.gt
            for bound in bounds
            if bound.ge is not None or bound.gt is not None
        ),
        None,
    )
    most = next((bound.le for bound in bounds if bound.le is not None), None)
    if get_origin(inner) is Literal:
        return description, " One of " + ", ".join(f"`{choice}`" for choice in get_args(inner)) + "."
    return description, "" if most is None else f" {least} to {most}."


if __name__ == "__main__":
    sys.stdout.write(document())
