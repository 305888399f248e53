"""Senders whose URL holds the integration's key, one record each: `/integrations/<key>/<name>`.

A body that its sender will never mend is taken with 202 and kept as a dead letter: a 4xx would be sent again for ever
by some (Alertmanager, Grafana) and lost without a word by the others.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, NamedTuple

from adapters.inbound.http.answer import Answer, in_json
from adapters.inbound.intake import alertmanager, cloudevents, mail, mapped, monitors, prometheus, sentry, signatures
from adapters.inbound.intake.errors import MalformedEventError
from adapters.inbound.intake.limits import MAIL_BYTES
from adapters.inbound.intake.sent import Sent, Understood

# Alertmanager's webhook has no limit of its own; a group of some thousand alerts fits.
GROUP_BYTES: Final = 5 * 1024 * 1024
# One event with whatever is attached to it: Sentry's stack traces reach some hundred KB.
EVENT_BYTES: Final = 1024 * 1024

_POST: Final = frozenset({"POST"})


def accepted(understood: Understood) -> Answer:
    return in_json(HTTPStatus.ACCEPTED, status="accepted", events=len(understood.events))


def set_aside(error: MalformedEventError) -> Answer:
    return in_json(HTTPStatus.ACCEPTED, status="set aside", error=str(error))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """One protocol: where it arrives, how bytes become events, and what its sender wants to hear."""

    name: str  # a part of its URL, of metrics, and the format of its raw events
    translate: Callable[[Sent], Understood]
    # Headers by which it is read, and which are kept for replay; `ce-` stands for all that begin with it.
    reads: tuple[str, ...] = ()
    appended: str = ""  # what the sender itself puts behind the URL that it is given
    methods: frozenset[str] = _POST
    limit_bytes: int = EVENT_BYTES
    # To one that sends too much: few senders come again after a 429 (Alertmanager's and Grafana's webhooks do not).
    throttled: HTTPStatus = HTTPStatus.SERVICE_UNAVAILABLE
    accepted: Callable[[Understood], Answer] = accepted
    malformed: Callable[[MalformedEventError], Answer] = set_aside
    handshake: Callable[[Mapping[str, str]], Answer] | None = None  # answers OPTIONS
    is_signed: Callable[[Sent, Sequence[str]], bool] | None = None  # None: it signs nothing that could be checked


def _of_prometheus(understood: Understood) -> Answer:
    """As an Alertmanager: 200 without a body, or 400 although the valid ones are stored. Nobody sends either again."""
    if understood.refused:
        return Answer(HTTPStatus.BAD_REQUEST, prometheus.answer_for_refused(understood.refused))
    return Answer(HTTPStatus.OK, b"")


def _malformed_for_prometheus(error: MalformedEventError) -> Answer:
    return Answer(HTTPStatus.BAD_REQUEST, prometheus.answer_for_refused(error.errors))


def _of_cloudevents(understood: Understood) -> Answer:
    refused = [{"pointer": f"#{each.pointer}", "detail": each.reason} for each in understood.refused]
    return in_json(HTTPStatus.ACCEPTED, status="accepted", events=len(understood.events), refused=refused)


def _of_mapped(understood: Understood) -> Answer:
    events = [{"dedup_key": event.dedup_key} for event in understood.events]
    refused = [{"pointer": f"#{each.pointer}", "detail": each.reason} for each in understood.refused]
    return in_json(HTTPStatus.ACCEPTED, status="accepted", events=events, refused=refused)


def _allow_webhooks(headers: Mapping[str, str]) -> Answer:
    """CloudEvents, "HTTP 1.1 Web Hooks", section 4: whoever knows the key may send, from wherever it is."""
    origin = headers.get("webhook-request-origin", "*").encode("latin-1", "replace")
    allowed = (b"webhook-allowed-origin", origin), (b"webhook-allowed-rate", b"*"), (b"allow", b"POST")
    return Answer(HTTPStatus.OK, b"", headers=allowed)


SENDERS: Final = (
    Sender(name="alertmanager", translate=alertmanager.translate_sent, limit_bytes=GROUP_BYTES),
    Sender(
        name="grafana",
        translate=alertmanager.translate_sent,
        methods=frozenset({"POST", "PUT"}),  # whichever its contact point is set to
        limit_bytes=GROUP_BYTES,
        is_signed=signatures.is_from_grafana,
    ),
    Sender(
        name="prometheus",
        appended="/api/v2/alerts",
        translate=prometheus.translate,
        limit_bytes=GROUP_BYTES,
        accepted=_of_prometheus,
        malformed=_malformed_for_prometheus,
    ),
    Sender(name="email", translate=mail.translate, limit_bytes=MAIL_BYTES),
    Sender(name="json", translate=mapped.translate, accepted=_of_mapped),
    Sender(
        name="cloudevents",
        translate=cloudevents.translate,
        reads=cloudevents.HEADERS,
        accepted=_of_cloudevents,
        handshake=_allow_webhooks,
        throttled=HTTPStatus.TOO_MANY_REQUESTS,  # CloudEvents, "HTTP 1.1 Web Hooks", section 2.2
    ),
    Sender(name="datadog", translate=monitors.datadog, reads=monitors.HEADERS),
    Sender(
        name="sentry",
        translate=sentry.translate,
        reads=(sentry.RESOURCE_HEADER,),
        is_signed=signatures.is_from_sentry,
    ),
    Sender(
        name="uptimerobot",
        translate=monitors.uptimerobot,
        reads=monitors.HEADERS,
        methods=frozenset({"GET", "POST"}),
    ),
    Sender(
        name="uptime-kuma",
        translate=monitors.uptime_kuma,
        reads=monitors.HEADERS,
        methods=frozenset({"GET", "POST"}),
    ),
    Sender(name="zabbix", translate=monitors.zabbix, reads=monitors.HEADERS),
)

_BY_ENDING: Final = {f"/{sender.name}{sender.appended}": sender for sender in SENDERS}
_PROMETHEUS: Final = _BY_ENDING["/prometheus/api/v2/alerts"]
_PREFIX: Final = "/integrations/"
# A prefix by which an Alertmanager's host is usually shared: `path_prefix: /in/prom/<key>`
_PROMETHEUS_PREFIX: Final = "/in/prom/"


class Addressed(NamedTuple):
    sender: Sender
    key: str


def addressed(path: str) -> Addressed | None:
    """Which sender's address the path is, and whose; with and without a slash at its end."""
    path = path.rstrip("/")
    if path.startswith(_PREFIX):
        key, slash, ending = path.removeprefix(_PREFIX).partition("/")
        sender = _BY_ENDING.get(slash + ending)
        return None if sender is None or not key else Addressed(sender, key)
    if path.startswith(_PROMETHEUS_PREFIX):
        key, slash, ending = path.removeprefix(_PROMETHEUS_PREFIX).partition("/")
        return Addressed(_PROMETHEUS, key) if key and slash + ending == _PROMETHEUS.appended else None
    return None
