"""Bodies that are nearly real: mutated, amplified, and wrapped in requests that no client would write."""

import json
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st

from adapters.inbound.http.senders import SENDERS
from tests.property.intake.test_translators import BODIES, DOCUMENTS
from tests.support import payloads
from tests.support.doors import KEY

# A body that is as large as its door takes it costs seconds to mutate and says little that one of this size does not.
AMPLIFIED: Final = (
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'{"alerts":[' + b"{}," * 50_000 + b"{}]}",
    b'{"groupKey":"g","alerts":[' + b'{"status":"firing","labels":{"a":"b"}},' * 9_000 + b"{}]}",
    b'{"events":[' + b'{"action":"trigger","summary":"x"},' * 499 + b'{"action":"resolve"}]}',
    json.dumps({"event_action": "trigger", "payload": {"summary": "x" * 500_000, "source": "y" * 10_000}}).encode(),
    json.dumps({f"k{number}": number for number in range(30_000)}).encode(),
    json.dumps({"tags": ",".join(f"a{number}:b" for number in range(50_000)), "transition": "Triggered"}).encode(),
    b"&".join(b"a%d=b" % number for number in range(50_000)),
    b"9" * 400_000,
    b"1e" + b"9" * 1_000,
    b'"' + b"\\ud800" * 50_000 + b'"',
    b"\xff" * 300_000,
    b"Subject: " + b"=?utf-8?b?4p2M?= " * 20_000 + b"\r\n\r\nx",
    b"Subject: " + b"Re: " * 50_000 + b"x\r\n\r\nx",
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n" * 50_000,
    b"Subject: x\r\nContent-Type: text/html\r\n\r\n" + b"<p" * 100_000,
    b"Subject: x\r\nContent-Type: text/html\r\n\r\n" + b"<!--" * 100_000,
    b"Subject: x\r\nContent-Type: text/plain; " + b"a=b; " * 50_000 + b"\r\n\r\nx",
    b"Subject: x\r\nContent-Disposition: " + b"(" * 4_000 + b"\r\n\r\nx",
    b"Subject: x\r\nFrom: " + b"(" * 100_000 + b"\r\n\r\nx",
    b"Subject: x\r\nReferences: " + b"<a@b> " * 50_000 + b"\r\n\r\nx",
    b"--b\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n" * 10_000,
)


@st.composite
def grown(draw: st.DrawFn) -> bytes:
    """A real document in which one member, at any depth, is thousands of itself, or nested in itself."""
    document: Any = json.loads(json.dumps(draw(st.sampled_from(DOCUMENTS))))
    place = document
    while True:
        steps = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not steps:
            return json.dumps(document).encode()
        step = draw(st.sampled_from(steps))
        if isinstance(place[step], dict | list) and place[step] and draw(st.booleans()):
            place = place[step]
            continue
        place[step] = draw(st.sampled_from(GROWTHS))(place[step])
        return json.dumps(document).encode()


def _many(value: Any) -> Any:
    return [value] * max(1, 200_000 // max(1, len(json.dumps(value))))


def _nested(value: Any) -> Any:
    for _ in range(200):
        value = {"a": [value]}
    return value


def _long(value: Any) -> str:
    return str(value) * (100_000 // max(1, len(str(value))))


def _wide(value: Any) -> Any:
    return {f"{number}": value for number in range(200)}


GROWTHS: Final = (_many, _nested, _long, _wide)
ANY_BODY: Final = st.one_of(BODIES, BODIES, BODIES, grown(), st.sampled_from(AMPLIFIED))

DOORS: Final = (
    "/v2/enqueue",
    "/v2/change/enqueue",
    "/pd/v2/enqueue/",
    "/v1/events",
    f"/in/prom/{KEY}/api/v2/alerts",
    f"/integrations/{KEY}/sns",
    f"/v1/heartbeats/{KEY}/fail",
    "/v2/alerts",
    "/opsgenie/v2/alerts/a%2Fb/close",
    "/v2/alerts/requests/x",
    *(f"/integrations/{KEY}/{sender.name}{sender.appended}" for sender in SENDERS),
)
_TEXT: Final = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\x00"), max_size=40)
HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "content-type": ("application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
                     "multipart/form-data; boundary=b", "application/cloudevents-batch+json",
                     "application/cloudevents+json"),
    "content-length": ("0", "-1", "99999999999999999999", "x", "1e3"),
    "content-encoding": ("gzip", "br"),
    "authorization": (f"Bearer {KEY}", "Bearer", "Basic Og==", f"bearer  {KEY}"),
    "x-routing-key": (KEY, "", "k"),
    "ce-specversion": ("1.0", "0.3", ""),
    "ce-type": ("deploy.failed", "x.resolved"),
    "ce-id": ("1",),
    "ce-source": ("/ci",),
    "ce-time": ("2026-11-23T09:02:11Z", "never"),
    "webhook-request-origin": ("eventgrid.example",),
    "sentry-hook-resource": ("event_alert", "metric_alert", "issue", "installation"),
}  # fmt: skip


class Request(NamedTuple):
    method: str
    path: str
    query: bytes
    headers: tuple[tuple[str, str], ...]
    body: bytes
    chunks: int  # in which the body arrives


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """To a door, with what its senders send, or nearly so."""
    path = draw(st.sampled_from(DOORS))
    if draw(st.integers(0, 9)) == 0:
        place = draw(st.integers(0, len(path)))
        path = path[:place] + draw(_TEXT) + path[place:]
    names = draw(st.lists(st.sampled_from(sorted(HEADERS)), max_size=5))
    headers = [(name, draw(st.one_of(st.sampled_from(HEADERS[name]), _TEXT))) for name in names]
    if draw(st.booleans()):
        headers.append(("authorization", draw(st.sampled_from((f"Bearer {KEY}", f"GenieKey {KEY}")))))
    return Request(
        method=draw(st.sampled_from(("POST", "POST", "POST", "PUT", "GET", "OPTIONS", "HEAD", "DELETE"))),
        path=path,
        query=draw(st.sampled_from((b"", b"", b"alertType=1&monitorID=2", b"%zz=%00&=&&", b"a=b&" * 5_000))),
        headers=tuple(headers),
        body=draw(st.one_of(ANY_BODY, st.sampled_from(payloads.ALL))),
        chunks=draw(st.integers(1, 4)),
    )


# Signs of JMESPath, so that most of what is put together can be read, and some of it is deep.
_TOKENS: Final = (
    "@", "a", "alerts", "labels", "status", "items", ".", "[]", "[*]", "[0]", "[-1]", "[?", "]", "|", "||", "&&", "!",
    "(", ")", "{a:", "}", ",", "[", "'x'", "`1`", "`[1,[2]]`", "==", "<", "&", "*", "[::2]", "[1:5]", "join(", "map(",
    "sort_by(", "to_string(", "to_array(", "keys(", "values(", "length(", "max_by(", "merge(", "not_null(", "reverse(",
    "contains(", "[@,@]", "[@,@][]", "{a:@,b:@}", "to_number(", "ceil(", "sum(", "avg(", '"', "'", "`",
)  # fmt: skip
EXPRESSIONS: Final = st.lists(st.sampled_from(_TOKENS), min_size=1, max_size=60).map("".join)
