"""The product's tables as an application would map them with SQLAlchemy's ORM."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import DeclarativeBase, Mapped, relationship

from adapters.outbound.postgres import tables


class Model(DeclarativeBase):
    metadata = tables.metadata


class User(Model):
    __table__ = tables.users
    id: Mapped[UUID]
    name: Mapped[str]


class Team(Model):
    __table__ = tables.teams
    id: Mapped[UUID]
    name: Mapped[str]


class Policy(Model):
    __table__ = tables.policies
    id: Mapped[UUID]
    version: Mapped[int]


class Service(Model):
    __table__ = tables.services
    id: Mapped[UUID]
    name: Mapped[str]
    urgency_rule: Mapped[str]
    policy: Mapped[Policy] = relationship()


class Integration(Model):
    __table__ = tables.integrations
    id: Mapped[UUID]
    key_hash: Mapped[bytes]
    team_id: Mapped[UUID]
    service: Mapped[Service] = relationship()


class EscalationRun(Model):
    __table__ = tables.escalation_runs
    id: Mapped[UUID]
    incident_id: Mapped[UUID]
    status: Mapped[str]
    next_deadline: Mapped[datetime | None]
    started_at: Mapped[datetime]


class Incident(Model):
    __table__ = tables.incidents
    id: Mapped[UUID]
    number: Mapped[int]
    service_id: Mapped[UUID]
    group_key: Mapped[str]
    title: Mapped[str]
    severity: Mapped[str]
    urgency: Mapped[str]
    status: Mapped[str]
    triggered_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    service: Mapped[Service] = relationship()
    team: Mapped[Team] = relationship()
    acknowledger: Mapped[User | None] = relationship(foreign_keys=[tables.incidents.c.acknowledged_by])
    resolver: Mapped[User | None] = relationship(foreign_keys=[tables.incidents.c.resolved_by])
    runs: Mapped[list[EscalationRun]] = relationship(
        primaryjoin=tables.incidents.c.id == tables.escalation_runs.c.incident_id,
        foreign_keys=[tables.escalation_runs.c.incident_id],
        order_by=tables.escalation_runs.c.started_at.desc(),
    )


class Alert(Model):
    __table__ = tables.alerts
    id: Mapped[UUID]
    integration_id: Mapped[UUID]
    dedup_key: Mapped[str]
    status: Mapped[str]
    occurrences: Mapped[int]
    last_seen_at: Mapped[datetime]


class DomainEvent(Model):
    __table__ = tables.domain_events


class RawEvent(Model):
    __table__ = tables.raw_events
