"""What a team would write first: FastAPI and SQLAlchemy's ORM, one session and one transaction an event.

Deliberately ordinary and not tuned, but not made worse either: uvloop, httptools, compiled-query cache, connection
pool, the same tables and indexes, and the same facts written as the product writes.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import joinedload
from uuid_utils.compat import uuid7

from entrypoints.migrate import sqlalchemy_url
from entrypoints.settings import Settings
from tests.bench.orm import Alert, DomainEvent, EscalationRun, Incident, Integration, RawEvent, Service

SEVERITIES = {"critical": "SEV1", "error": "SEV2", "warning": "SEV3", "info": "SEV4"}


class Link(BaseModel):
    href: str
    text: str = ""


class Payload(BaseModel):
    summary: Annotated[str, Field(min_length=1, max_length=1024)]
    source: str
    severity: Literal["critical", "error", "warning", "info"] = "critical"
    timestamp: datetime | None = None
    component: str | None = None
    group: str | None = None
    class_: Annotated[str | None, Field(alias="class")] = None
    custom_details: dict[str, Any] = {}


class Event(BaseModel):
    routing_key: Annotated[str, Field(min_length=32, max_length=32)]
    event_action: Literal["trigger"]
    dedup_key: Annotated[str, Field(max_length=255)]
    payload: Payload
    links: list[Link] = []
    client: str | None = None
    client_url: str | None = None


class Accepted(BaseModel):
    status: str
    message: str
    dedup_key: str


def create_app(settings: Settings) -> FastAPI:
    # As many connections as ours; those beyond the pool, which are the default, would be made anew for each event.
    engine = create_async_engine(
        sqlalchemy_url(settings.database_url), pool_size=settings.database_pool, max_overflow=0
    )
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await engine.dispose()

    async def session() -> AsyncIterator[AsyncSession]:
        async with sessions() as opened:
            yield opened

    app = FastAPI(lifespan=lifespan)

    @app.post("/v2/enqueue", status_code=202)
    async def enqueue(request: Request, event: Event, db: Annotated[AsyncSession, Depends(session)]) -> Accepted:
        key_hash = hashlib.sha256(event.routing_key.encode()).digest()
        async with db.begin():
            integration = await db.scalar(
                select(Integration)
                .options(joinedload(Integration.service).joinedload(Service.policy))
                .where(Integration.key_hash == key_hash)
            )
            if integration is None:
                raise HTTPException(401)
            await store(db, integration, event, await request.body())
        return Accepted(status="success", message="Event processed", dedup_key=event.dedup_key)

    return app


async def store(db: AsyncSession, integration: Integration, event: Event, body: bytes) -> None:
    now = datetime.now(UTC)  # noqa: TID251  # an ordinary application asks the clock where it stands
    body = body.replace(event.routing_key.encode(), b"[redacted]")
    db.add(RawEvent(id=uuid7(), integration_id=integration.id, received_at=now, format="pagerduty", body=body))
    alert = await db.scalar(
        select(Alert)
        .where(Alert.integration_id == integration.id, Alert.dedup_key == event.dedup_key, Alert.status == "firing")
        .with_for_update()
    )
    if alert is not None:
        alert.occurrences += 1
        alert.last_seen_at = now
        return
    group_key = event.dedup_key
    incident = await db.scalar(
        select(Incident).where(
            Incident.service_id == integration.service.id,
            Incident.group_key == group_key,
            Incident.status != "resolved",
        )
    )
    is_new = incident is None
    if incident is None:
        incident = Incident(
            id=uuid7(),
            service_id=integration.service.id,
            team_id=integration.team_id,
            group_key=group_key,
            title=event.payload.summary,
            severity=SEVERITIES[event.payload.severity],
            urgency="high" if event.payload.severity in {"critical", "error"} else "low",
            status="triggered",
            triggered_at=now,
            version=1,
        )
        db.add(incident)
        await db.flush()  # which gives the incident its number
    alert = Alert(
        id=uuid7(),
        integration_id=integration.id,
        service_id=integration.service.id,
        incident_id=incident.id,
        dedup_key=event.dedup_key,
        group_key=group_key,
        status="firing",
        summary=event.payload.summary,
        source=event.payload.source,
        severity=event.payload.severity,
        first_seen_at=now,
        last_seen_at=now,
        occurrences=1,
        labels={"component": event.payload.component, "group": event.payload.group, "class": event.payload.class_},
        details=event.payload.custom_details,
        links=[link.model_dump() for link in event.links],
    )
    db.add(alert)
    db.add(
        DomainEvent(
            kind="incident.triggered" if is_new else "alert.joined",
            at=now,
            incident_id=incident.id,
            body={
                "at": now.isoformat(),
                "incident_id": str(incident.id),
                "number": incident.number,
                "service_id": str(integration.service.id),
                "team_id": str(integration.team_id),
                "group_key": group_key,
                "title": incident.title,
                "severity": incident.severity,
                "urgency": incident.urgency,
                "via": "sender",
                "alert_id": str(alert.id),
            },
        )
    )
    if is_new:
        policy = integration.service.policy
        db.add(
            EscalationRun(
                id=uuid7(),
                incident_id=incident.id,
                policy_id=policy.id,
                policy_version=policy.version,
                status="running",
                round=0,
                step=0,
                next_deadline=now,
                started_at=now,
                version=1,
            )
        )


def serve(settings: Settings) -> None:
    host, port = settings.host_and_port
    uvicorn.run(
        create_app(settings),
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
