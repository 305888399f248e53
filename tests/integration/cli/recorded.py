"""Answers of the API, as it gave them."""

from typing import Any

SERVICE_ID = "01a1dc80-f000-71c5-a9cc-a5e16f7556c8"
TEAM_ID = "01a1dc80-f000-71c5-a9cc-a5cfb3c80ca5"
USER_ID = "01a1dc80-f000-71c5-a9cc-a5cc2ab1b2e2"

INCIDENT: dict[str, Any] = {
    "id": "01a20525-e7e0-701f-9f98-e71f1f76b4da",
    "number": 15,
    "reference": "INC-15",
    "title": "Payment page weight above budget",
    "severity": "SEV3",
    "urgency": "low",
    "priority": "P3",
    "status": "triggered",
    "service": {"id": SERVICE_ID, "name": "checkout"},
    "team": {"id": TEAM_ID, "name": "Payments"},
    "triggered_at": "2026-11-23T09:00:00Z",
    "acknowledged_at": None,
    "acknowledged_by": None,
    "acknowledgements": {"given": [], "required": 1, "missing": 1},
    "snoozed_until": None,
    "responders": [],
    "resolved_at": None,
    "resolved_by": None,
    "escalation": "running",
    "next_escalation_at": "2026-11-23T12:05:00Z",
    "muted": None,
    "version": 1,
}
ACKNOWLEDGED = INCIDENT | {
    "status": "acknowledged",
    "acknowledged_at": "2026-11-23T09:10:00Z",
    "acknowledged_by": {"id": USER_ID, "name": "Mira Yilmaz"},
    "escalation": "stopped",
    "next_escalation_at": None,
    "version": 2,
}
DETAIL: dict[str, Any] = {
    "group_key": "g",
    "service_description": "Takes the money",
    "runbook_url": "https://runbooks.example.com/c",
    "may_be_caused_by": [
        {
            "id": "01a20525-e7e0-701f-9f98-e71f1f76b4dd",
            "reference": "INC-7",
            "title": "no money",
            "severity": "SEV1",
            "service": {"id": SERVICE_ID, "name": "bank"},
            "way": ["checkout", "ledger", "bank"],
        }
    ],
    "group_window": None,
    "takes_alerts_until": None,
    "followed_by": None,
    "trace_id": "0af7651916cd43dd8448eb211c80319c",
}

ALERT: dict[str, Any] = {
    "id": "01a20525-e7e0-701f-9f98-e71f1f76b4dc",
    "status": "firing",
    "summary": "page weight 2.1 MB",
    "source": "web-3",
    "first_seen_at": "2026-11-23T09:00:00Z",
    "occurrences": 3,
    "labels": {"page": "pay"},
    "event_id": "01a20525-e7e0-701f-9f98-e71f1f76b4dd",
}
TIMELINE: dict[str, Any] = {
    "position": "1-1",
    "kind": "incident.triggered",
    "at": "2026-11-23T09:00:00Z",
    "text": "The sender triggered SEV3: Payment page weight above budget",
    "data": {},
    "people": {},
}
DELIVERY: dict[str, Any] = {
    "id": "01a20525-e7e0-701f-9f98-e71f1f76b4db",
    "purpose": "page",
    "user": {"id": USER_ID, "name": "Mira Yilmaz"},
    "destination": None,
    "channel": "slack",
    "address": "UMIRA",
    "status": "sent",
    "round": 1,
    "step": 1,
    "created_at": "2026-11-23T09:00:00Z",
    "next_attempt_at": None,
    "may_be_repeat": False,
    "was_overtaken": False,
    "receipt": {},
    "attempts": [
        {
            "number": 1,
            "started_at": "2026-11-23T09:00:00Z",
            "finished_at": "2026-11-23T09:00:01Z",
            "outcome": "delivered",
            "detail": "",
        }
    ],
}
SERVICE = {
    "id": SERVICE_ID,
    "team_id": TEAM_ID,
    "policy_id": "01a1dc80-f000-71c5-a9cc-a5e555093f93",
    "name": "checkout",
    "description": "",
    "runbook_url": None,
    "urgency_rule": "by_severity",
    "version": 1,
}
TEAM = {"id": TEAM_ID, "name": "Payments", "member_ids": [USER_ID], "version": 1}
POLICY = {
    "id": "01a1dc80-f000-71c5-a9cc-a5e555093f93",
    "team_id": TEAM_ID,
    "name": "Payments escalation",
    "steps": [],
    "repeats": 2,
    "version": 1,
}


def page(*items: dict[str, Any], next_cursor: str | None = None) -> dict[str, Any]:
    return {"items": list(items), "next_cursor": next_cursor, "has_more": next_cursor is not None}
