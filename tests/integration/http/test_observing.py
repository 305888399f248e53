"""What a request leaves behind: one line, its series, and headers that protect who asked."""

from collections import Counter
from collections.abc import AsyncIterator

import pytest
from litestar import get
from litestar.response import Stream
from prometheus_client import CollectorRegistry, generate_latest
from structlog.typing import EventDict

from adapters.inbound.http.auth import PUBLIC
from adapters.inbound.http.verdicts import NAME as VERDICTS
from adapters.inbound.http.verdicts import VerdictCollector
from application.alert.tally import VerdictTally
from application.alert.verdict import VerdictOutcome
from domain.identity.role import Role
from domain.service.integration import IntegrationKind
from tests.integration.http.world import PEOPLE, TEAM, World, world


def requests(logs: list[EventDict]) -> list[EventDict]:
    return [line for line in logs if line["event"] == "http_request"]


async def test_one_line_says_who_asked_for_which_route_and_how_it_went(api: World, logs: list[EventDict]) -> None:
    answer = await api.ask("GET", f"/v1/teams/{TEAM}?secret=1", by=Role.VIEWER)
    (line,) = requests(logs)
    assert line.pop("duration_ms") > 0
    assert line == {
        "event": "http_request",
        "log_level": "info",
        "method": "GET",
        "route": "/v1/teams/{team_id}",
        "status": 200,
        "request_id": answer.headers["x-request-id"],
        "actor_id": str(PEOPLE[Role.VIEWER]),
    }


async def test_no_secret_of_a_request_is_logged(api: World, logs: list[EventDict]) -> None:
    await api.ask("POST", "/v1/login", by=None, json={"email": "a@example.org", "password": "hunter2"})
    await api.ask("GET", "/v1/hunter2/hunter2?key=hunter2", headers={"Cookie": "hunter2", "User-Agent": "hunter2"})
    assert [line["route"] for line in requests(logs)] == ["/v1/login", "unmatched"]
    assert "hunter2" not in str(logs)
    assert "tsk_" not in str(logs)


async def test_probes_do_not_fill_the_log_unless_they_fail(api: World, logs: list[EventDict]) -> None:
    await api.ask("GET", "/healthz", by=None)
    await api.ask("GET", "/readyz", by=None)
    api.amiss.append("schema")
    answer = await api.ask("GET", "/readyz", by=None)
    assert [line["log_level"] for line in requests(logs)] == ["debug", "debug", "info"]
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert "schema" not in answer.text
    assert [line["amiss"] for line in logs if line["event"] == "not_ready"] == [["schema"]]


async def test_a_process_is_healthy_though_it_is_not_ready(api: World) -> None:
    api.amiss.append("database")
    answer = await api.ask("GET", "/healthz", by=None)
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})


async def test_the_version_is_for_those_who_have_logged_in(api: World) -> None:
    assert (await api.ask("GET", "/version", by=None)).status_code == 401
    assert (await api.ask("GET", "/version", by=Role.VIEWER)).json() == {"version": "1.2.3"}


@pytest.mark.parametrize("sane", ["a", "0193a7f0-0000-7000-8000-000000000000", "Root=1-67891233.abc_def", "x" * 128])
async def test_a_sane_request_id_is_kept(api: World, sane: str) -> None:
    answer = await api.ask("GET", "/healthz", by=None, headers={"X-Request-ID": sane.replace("=", "-")})
    assert answer.headers["x-request-id"] == sane.replace("=", "-")


@pytest.mark.parametrize("odd", ["", " ", "-x", "a b", "a\tb", "<script>", "ü", "x" * 129, 'a","level":"error'])
async def test_any_other_gets_one_of_ours(api: World, odd: str) -> None:
    answer = await api.ask("GET", "/healthz", by=None, headers={"X-Request-ID": odd.encode("latin-1")})
    assert answer.headers["x-request-id"] != odd
    assert len(answer.headers["x-request-id"]) == 36


async def test_requests_are_counted_by_route_and_never_by_path(api: World) -> None:
    for path in (f"/v1/teams/{TEAM}", "/v1/teams/0193a7f0-0000-7000-8000-000000000000", "/v1/x", "/v1/y"):
        await api.ask("GET", path)
    await api.ask("BREW", "/v1/teams")
    text = (await api.ask("GET", "/metrics", by=Role.VIEWER)).text
    for line in [
        'tocsin_http_requests_total{method="GET",route="/v1/teams/{team_id}",status="200"} 1.0',
        'tocsin_http_requests_total{method="GET",route="/v1/teams/{team_id}",status="404"} 1.0',
        'tocsin_http_requests_total{method="GET",route="unmatched",status="404"} 2.0',
        'tocsin_http_requests_total{method="OTHER",route="unmatched",status="405"} 1.0',
        'tocsin_http_request_duration_seconds_count{method="GET",route="/v1/teams/{team_id}"} 2.0',
        "tocsin_http_requests_in_flight 1.0",
    ]:
        assert line in text
    assert str(TEAM) not in text


def test_what_became_of_events_is_a_series_for_each_kind_and_outcome_and_there_from_the_start() -> None:
    tally, registry = VerdictTally(), CollectorRegistry()
    registry.register(VerdictCollector(tally))

    def lines() -> list[str]:
        return [line for line in generate_latest(registry).decode().splitlines() if line.startswith(VERDICTS)]

    assert len(lines()) == len(IntegrationKind) * len(VerdictOutcome)
    assert all(line.endswith(" 0.0") for line in lines())
    tally.add(Counter({(IntegrationKind.NATIVE, VerdictOutcome.DROPPED): 2}))
    tally.add(Counter({(IntegrationKind.NATIVE, VerdictOutcome.DROPPED): 1}))
    assert f'{VERDICTS}_total{{kind="native",outcome="dropped"}} 3.0' in lines()
    assert len(lines()) == len(IntegrationKind) * len(VerdictOutcome)


async def test_metrics_need_a_credential_and_come_in_the_prometheus_format(api: World) -> None:
    assert (await api.ask("GET", "/metrics", by=None)).status_code == 401
    made = await api.ask("POST", "/v1/api-keys", json={"name": "Responder only", "scopes": ["respond"]})
    cannot_read = {"Authorization": f"Bearer {made.json()['secret']}"}
    assert (await api.ask("GET", "/metrics", by=None, headers=cannot_read)).status_code == 403
    answer = await api.ask("GET", "/metrics", by=Role.VIEWER)
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


@pytest.mark.parametrize("path", ["/healthz", "/v1/teams", "/v1/nothing", "/docs"])
async def test_every_answer_protects_who_asked(api: World, path: str) -> None:
    headers = (await api.ask("GET", path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == ("no-cache" if path == "/docs" else "no-store")
    assert "strict-transport-security" not in headers, "only behind TLS"
    assert "server" not in headers


async def test_behind_tls_it_stays_behind_tls(api: World) -> None:
    answer = await api.client.get("https://testserver.local/healthz")
    assert answer.headers["strict-transport-security"].startswith("max-age=")


async def test_what_may_be_cached_is_asked_for_again_and_only_privately(api: World) -> None:
    answer = await api.ask("GET", f"/v1/teams/{TEAM}")
    assert answer.headers["cache-control"] == "private, no-cache"
    assert answer.headers["vary"] == "Authorization"


@get("/breaks", opt=PUBLIC)
async def breaks() -> Stream:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"begun"
        raise RuntimeError("half way")

    return Stream(chunks())


async def test_an_answer_that_breaks_off_leaves_its_line_and_no_request_in_flight(logs: list[EventDict]) -> None:
    async with world(breaks) as api:
        with pytest.raises(Exception, match="after response started"):
            await breaks_off(api)
        (line,) = requests(logs)
        assert (line["route"], line["status"]) == ("/breaks", 200)
        assert api.registry.get_sample_value("tocsin_http_requests_in_flight") == 0


async def breaks_off(api: World) -> None:
    api.client._transport.raise_server_exceptions = True  # type: ignore[attr-defined]
    await api.ask("GET", "/breaks", by=None)
