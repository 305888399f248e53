"""Where an integration's sender sends to, and what to paste there; the same as docs/integrations.md says at length."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from domain.service.integration import IntegrationKind

KEY_PLACE: Final = "<key>"  # a stored key cannot be shown: only its hash is kept

_DATADOG: Final = (
    '{"v":1,"id":"$ID","aggreg_key":"$AGGREG_KEY","cycle_key":"$ALERT_CYCLE_KEY","monitor_id":"$ALERT_ID",'
    '"transition":"$ALERT_TRANSITION","alert_type":"$ALERT_TYPE","priority":"$ALERT_PRIORITY","title":"$EVENT_TITLE",'
    '"text":"$TEXT_ONLY_MSG","scope":"$ALERT_SCOPE","metric":"$ALERT_METRIC","hostname":"$HOSTNAME","link":"$LINK",'
    '"tags":"$TAGS","date_ms":"$DATE"}'
)


@dataclass(frozen=True, slots=True)
class PublicUrl:
    """Where senders reach this installation, without a slash at its end."""

    text: str


class Snippet(NamedTuple):
    title: str  # where it goes
    text: str


class Instructions(NamedTuple):
    url: str
    snippets: tuple[Snippet, ...]


def instructions_for(kind: IntegrationKind, base: PublicUrl, key: str = KEY_PLACE) -> Instructions:
    """With the key in its place, or a mark for it."""
    url = _url(kind, base.text, key)
    parts = urlsplit(base.text)
    names = {
        "base": base.text,
        "host": parts.hostname or "localhost",
        "key": key,
        "url": url,
        "scheme": parts.scheme,
        "target": parts.netloc if parts.port else f"{parts.netloc}:{443 if parts.scheme == 'https' else 80}",
        "prefix": f"{parts.path}/integrations/{key}/prometheus",
        "datadog": _DATADOG,
    }
    return Instructions(url, tuple(Snippet(title, _filled(text, names)) for title, text in _SNIPPETS.get(kind, _CURL)))


def _url(kind: IntegrationKind, base: str, key: str) -> str:
    match kind:
        case IntegrationKind.PAGERDUTY:
            return f"{base}/v2/enqueue"
        case IntegrationKind.NATIVE:
            return f"{base}/v1/events"
        case IntegrationKind.OPSGENIE:
            return f"{base}/v2/alerts"
        case IntegrationKind.CLOUDWATCH:
            return f"{base}/integrations/{key}/sns"
        case IntegrationKind.HEARTBEAT:
            return f"{base}/v1/heartbeats"  # each heartbeat of it has a key of its own behind this
        case _:
            # Whoever appends something to an address is given it without.
            return f"{base}/integrations/{key}/{kind}"


def _filled(text: str, names: Mapping[str, str]) -> str:
    """Braces are common in what senders read, so the places are marked otherwise."""
    for name, value in names.items():
        text = text.replace(f"@{name}@", value)
    return text


_CURL: Final = (Snippet("shell", "curl -sS '@url@' -H 'Content-Type: application/json' --data @body.json"),)

_PAGERDUTY_BY_ALERTMANAGER: Final = """\
receivers:
  - name: tocsin
    pagerduty_configs:
      - routing_key: '@key@'
        url: '@url@'"""

_PAGERDUTY_BY_SHELL: Final = """\
curl -sS '@url@' -H 'Content-Type: application/json' --data '
  {"routing_key": "@key@", "event_action": "trigger", "dedup_key": "test",
   "payload": {"summary": "a first event", "source": "shell", "severity": "info"}}'"""

_EVENT: Final = """\
curl -sS '@url@' -H 'Authorization: Bearer @key@' -H 'Content-Type: application/json' --data '
  {"action": "trigger", "dedup_key": "test", "summary": "a first event"}'"""

_SCRIPT: Final = """\
export TOCSIN_URL='@base@' TOCSIN_INTEGRATION_KEY='@key@'
tocsin event send --dedup-key backup --summary 'the backup failed' --severity error"""

# A command of Nagios is one line.
_NAGIOS: Final = (
    "define command {\n"
    "    command_name  notify-service-by-tocsin\n"
    "    command_line  /usr/bin/env TOCSIN_URL='@base@' TOCSIN_INTEGRATION_KEY_FILE=/etc/tocsin/nagios.key tocsin event"
    ' nagios --type "$NOTIFICATIONTYPE$" --host "$HOSTNAME$" --address "$HOSTADDRESS$" --service "$SERVICEDESC$"'
    ' --state "$SERVICESTATE$" --text "$SERVICEOUTPUT$"\n'
    "}"
)

_OPSGENIE: Final = """\
receivers:
  - name: tocsin
    opsgenie_configs:
      - api_key: '@key@'
        api_url: '@base@/'"""

# The topic has to be on the integration's list.
_CLOUDWATCH: Final = """\
aws sns subscribe --protocol https --topic-arn "$TOPIC_ARN" --notification-endpoint '@url@'"""

_HEARTBEAT: Final = "tocsin heartbeat create --help   # each has an address of its own, which is shown when it is made"

_ALERTMANAGER: Final = """\
receivers:
  - name: tocsin
    webhook_configs:
      - url: '@url@'"""

_PROMETHEUS: Final = """\
alerting:
  alertmanagers:
    - scheme: @scheme@
      path_prefix: '@prefix@'
      static_configs: [{targets: ['@target@']}]"""

_GRAFANA: Final = """\
apiVersion: 1
contactPoints:
  - name: tocsin
    receivers:
      - uid: tocsin
        type: webhook
        settings: {url: '@url@'}"""

_CLOUDEVENTS: Final = """\
curl -sS '@url@' -H 'ce-specversion: 1.0' -H 'ce-id: 1' -H 'ce-source: /ci' \\
  -H 'ce-type: deploy.failed' -H 'Content-Type: application/json' --data '{"summary": "a first event"}'"""

_ZABBIX: Final = """\
var request = new HttpRequest();
request.addHeader('Content-Type: application/json');
var answer = request.post('@url@', value);
if (request.getStatus() !== 202) { throw 'Tocsin answered ' + request.getStatus() + ': ' + answer; }
return 'OK';"""

_SNIPPETS: Final[Mapping[IntegrationKind, tuple[Snippet, ...]]] = {
    IntegrationKind.PAGERDUTY: (
        Snippet("alertmanager.yml", _PAGERDUTY_BY_ALERTMANAGER),
        Snippet("shell", _PAGERDUTY_BY_SHELL),
    ),
    IntegrationKind.NATIVE: (
        Snippet("shell", _EVENT),
        Snippet("cron, scripts", _SCRIPT),
        Snippet("nagios.cfg", _NAGIOS),
    ),
    IntegrationKind.OPSGENIE: (Snippet("alertmanager.yml", _OPSGENIE),),
    IntegrationKind.CLOUDWATCH: (Snippet("shell", _CLOUDWATCH),),
    IntegrationKind.HEARTBEAT: (Snippet("shell", _HEARTBEAT),),
    IntegrationKind.ALERTMANAGER: (Snippet("alertmanager.yml", _ALERTMANAGER),),
    IntegrationKind.PROMETHEUS: (Snippet("prometheus.yml", _PROMETHEUS),),
    IntegrationKind.GRAFANA: (Snippet("provisioning/alerting/tocsin.yaml", _GRAFANA),),
    IntegrationKind.CLOUDEVENTS: (Snippet("shell", _CLOUDEVENTS),),
    IntegrationKind.DATADOG: (Snippet("payload of a webhook to the URL", _DATADOG),),
    IntegrationKind.SENTRY: (Snippet("internal integration: webhook URL, alert rule action, issue", "@url@"),),
    IntegrationKind.EMAIL: (
        Snippet("address, where your MTA routes this domain here", "@key@@@host@"),
        Snippet("shell", "curl -sS '@url@' -H 'Content-Type: message/rfc822' --data-binary @mail.eml"),
    ),
    IntegrationKind.UPTIMEROBOT: (Snippet("alert contact, Web-Hook", "@url@?"),),
    IntegrationKind.UPTIME_KUMA: (Snippet("notification, Webhook, as JSON", "@url@"),),
    IntegrationKind.ZABBIX: (Snippet("script of a media type Webhook", _ZABBIX),),
}
