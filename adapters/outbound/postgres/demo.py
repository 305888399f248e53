"""Which rows are the demonstration's, and how they go away again without a trace."""

from dataclasses import dataclass

from adapters.outbound.postgres.named import hint_configuration
from adapters.outbound.postgres.session import PostgresSession

_MARK = tuple(
    f"UPDATE {table} SET is_demo = true WHERE id = ANY($1::uuid[])"  # noqa: S608  # names from the next line
    for table in ("users", "teams", "policies", "schedules", "services")
)
_INCIDENTS = "SELECT i.id FROM incidents i JOIN services s ON s.id = i.service_id WHERE s.is_demo"
_INTEGRATIONS = "SELECT g.id FROM integrations g JOIN services s ON s.id = g.service_id WHERE s.is_demo"
_USERS = "SELECT id FROM users WHERE is_demo"
_NOTICES = "SELECT n.id FROM notifications n JOIN users u ON u.id = n.user_id WHERE u.is_demo AND n.purpose = 'notice'"
_TEAMS = "SELECT id FROM teams WHERE is_demo"
_SUBSCRIPTIONS = f"SELECT id FROM subscriptions WHERE team_id IN ({_TEAMS})"  # noqa: S608
_ROUTINGS = f"SELECT owner_id FROM routings WHERE team_id IN ({_TEAMS})"  # noqa: S608
_COVERS = "SELECT r.id FROM cover_requests r JOIN schedules s ON s.id = r.schedule_id WHERE s.is_demo"
# Children before parents. Nothing but the constants above is put into the text.
_REMOVE = (
    f"DELETE FROM mailbox_messages WHERE incident_id IN ({_INCIDENTS})",  # noqa: S608
    f"DELETE FROM delivery_attempts WHERE incident_id IN ({_INCIDENTS})",  # noqa: S608
    f"DELETE FROM notifications WHERE incident_id IN ({_INCIDENTS})",  # noqa: S608
    f"DELETE FROM mailbox_messages WHERE notification_id IN ({_NOTICES})",  # noqa: S608
    f"DELETE FROM delivery_attempts WHERE notification_id IN ({_NOTICES})",  # noqa: S608
    f"DELETE FROM notifications WHERE id IN ({_NOTICES})",  # noqa: S608
    f"DELETE FROM escalation_runs WHERE incident_id IN ({_INCIDENTS})",  # noqa: S608
    f"DELETE FROM domain_events WHERE incident_id IN ({_INCIDENTS})",  # noqa: S608
    f"DELETE FROM alerts WHERE incident_id IN ({_INCIDENTS})",  # noqa: S608
    f"DELETE FROM raw_events WHERE integration_id IN ({_INTEGRATIONS})",  # noqa: S608
    f"DELETE FROM dead_letters WHERE integration_id IN ({_INTEGRATIONS})",  # noqa: S608
    f"DELETE FROM change_events WHERE integration_id IN ({_INTEGRATIONS})",  # noqa: S608
    f"DELETE FROM alert_requests WHERE integration_id IN ({_INTEGRATIONS})",  # noqa: S608
    f"DELETE FROM heartbeats WHERE integration_id IN ({_INTEGRATIONS})",  # noqa: S608
    f"DELETE FROM incidents WHERE id IN ({_INCIDENTS})",  # noqa: S608
    f"DELETE FROM quiet_watches WHERE integration_id IN ({_INTEGRATIONS})",  # noqa: S608
    f"DELETE FROM routing_versions WHERE owner_id IN ({_ROUTINGS})",  # noqa: S608
    f"DELETE FROM routings WHERE owner_id IN ({_ROUTINGS})",  # noqa: S608
    f"DELETE FROM integrations WHERE id IN ({_INTEGRATIONS})",  # noqa: S608
    "DELETE FROM services WHERE is_demo",
    "DELETE FROM step_turns t USING policies p WHERE p.id = t.policy_id AND p.is_demo",
    "DELETE FROM policy_versions v USING policies p WHERE p.id = v.policy_id AND p.is_demo",
    "DELETE FROM policies WHERE is_demo",
    f"DELETE FROM destinations WHERE team_id IN ({_TEAMS})",  # noqa: S608
    f"DELETE FROM silences WHERE team_id IN ({_TEAMS}) OR author_id IN ({_USERS})",  # noqa: S608
    f"DELETE FROM maintenance_windows WHERE team_id IN ({_TEAMS})",  # noqa: S608
    f"DELETE FROM inhibitions WHERE team_id IN ({_TEAMS})",  # noqa: S608
    *(
        f"DELETE FROM {table} WHERE subscription_id IN ({_SUBSCRIPTIONS})"  # noqa: S608  # names from the next line
        for table in (
            "event_deliveries",
            *(f"subscription_{part}" for part in ("cursors", "lanes", "health", "secrets")),
        )
    ),
    f"DELETE FROM subscriptions WHERE id IN ({_SUBSCRIPTIONS})",  # noqa: S608
    f"DELETE FROM calendar_feeds WHERE owner_id IN ({_USERS}) OR user_id IN ({_USERS})",  # noqa: S608
    "DELETE FROM calendar_feeds f USING schedules s WHERE s.id = f.schedule_id AND s.is_demo",
    "DELETE FROM schedule_override_versions v USING schedules s WHERE s.id = v.schedule_id AND s.is_demo",
    "DELETE FROM schedule_temporary_versions v USING schedules s WHERE s.id = v.schedule_id AND s.is_demo",
    "DELETE FROM schedule_shadow_versions v USING schedules s WHERE s.id = v.schedule_id AND s.is_demo",
    "DELETE FROM schedule_versions v USING schedules s WHERE s.id = v.schedule_id AND s.is_demo",
    f"DELETE FROM cover_request_people WHERE request_id IN ({_COVERS})",  # noqa: S608
    f"DELETE FROM cover_requests WHERE id IN ({_COVERS})",  # noqa: S608
    "DELETE FROM calendar_imports c USING schedules s WHERE s.id = c.schedule_id AND s.is_demo",
    f"DELETE FROM absences WHERE user_id IN ({_USERS})",  # noqa: S608
    "DELETE FROM schedule_overrides o USING schedules s WHERE s.id = o.schedule_id AND s.is_demo",
    "DELETE FROM schedule_temporaries t USING schedules s WHERE s.id = t.schedule_id AND s.is_demo",
    "DELETE FROM schedule_shadows w USING schedules s WHERE s.id = w.schedule_id AND s.is_demo",
    "DELETE FROM schedules WHERE is_demo",
    "DELETE FROM team_members m USING teams t WHERE t.id = m.team_id AND t.is_demo",
    "DELETE FROM fall_backs f USING teams t WHERE t.id = f.team_id AND t.is_demo",
    "DELETE FROM teams WHERE is_demo",
    f"DELETE FROM team_members WHERE user_id IN ({_USERS})",  # noqa: S608
    f"UPDATE routing_versions SET saved_by = NULL WHERE saved_by IN ({_USERS})",  # noqa: S608
    f"DELETE FROM user_quiet_hours WHERE user_id IN ({_USERS})",  # noqa: S608
    f"DELETE FROM notification_rules WHERE user_id IN ({_USERS})",  # noqa: S608
    f"DELETE FROM contacts WHERE user_id IN ({_USERS})",  # noqa: S608
    f"DELETE FROM setup_links WHERE user_id IN ({_USERS})",  # noqa: S608
    f"DELETE FROM sessions WHERE user_id IN ({_USERS})",  # noqa: S608
    f"DELETE FROM api_keys WHERE user_id IN ({_USERS})",  # noqa: S608
    "DELETE FROM users WHERE is_demo",
)


@dataclass(frozen=True, slots=True)
class DemoRows:
    session: PostgresSession

    async def exist(self) -> bool:
        rows = await self.session.fetch("SELECT EXISTS (SELECT FROM users WHERE is_demo) AS there")
        return bool(rows[0]["there"])

    async def mark(self, ids: list[object]) -> None:
        """Every row with one of these ids is the demonstration's. Inside the current transaction."""
        for statement in _MARK:
            await self.session.connection.execute(statement, ids)

    async def remove(self) -> None:
        """Inside the current transaction. Raises `ConflictError` when something else has come to use any of it."""
        for statement in _REMOVE:
            await self.session.connection.execute(statement)
        await hint_configuration(self.session)
