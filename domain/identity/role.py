"""Roles, and what they permit. Fixed and few, so that a table in a test can hold every answer."""

from enum import StrEnum


class Permission(StrEnum):
    READ = "read"  # incidents, schedules, services: everything but secrets and the audit trail
    RESPOND = "respond"  # acknowledge, resolve, annotate, trigger
    CONFIGURE = "configure"  # services, integrations, schedules, policies of a team
    ADMINISTER = "administer"  # users, teams, keys, dead letters, audit


class Role(StrEnum):
    VIEWER = "viewer"
    RESPONDER = "responder"
    MANAGER = "manager"  # configures what belongs to the teams it is a member of
    ADMIN = "admin"


PERMITTED: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset({Permission.READ}),
    Role.RESPONDER: frozenset({Permission.READ, Permission.RESPOND}),
    Role.MANAGER: frozenset({Permission.READ, Permission.RESPOND, Permission.CONFIGURE}),
    Role.ADMIN: frozenset(Permission),
}
