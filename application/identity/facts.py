"""What the audit trail tells of users, teams and keys. A password's or a key's hash is never among it."""

from collections.abc import Mapping

from application.ports.directory import Reachability
from domain.identity.credential import ApiKey
from domain.identity.team import Team
from domain.identity.user import User


def user_facts(user: User) -> Mapping[str, object]:
    return {
        "email": user.email,
        "name": user.name,
        "role": user.role.value,
        "time_zone": user.time_zone,
        "slack_user_id": user.slack_user_id,
        "is_active": user.is_active,
    }


def team_facts(team: Team) -> Mapping[str, object]:
    return {
        "name": team.name,
        "member_ids": [str(member) for member in team.member_ids],
        "proof": {
            "weeks": team.proof.weeks,
            "within_seconds": round(team.proof.within.total_seconds()),
            "refuses": team.proof.refuses,
        },
    }


def key_facts(key: ApiKey) -> Mapping[str, object]:
    return {
        "name": key.name,
        "user_id": str(key.user_id),
        "scopes": sorted(key.scopes),
        "expires_at": None if key.expires_at is None else key.expires_at.isoformat(),
        "revoked_at": None if key.revoked_at is None else key.revoked_at.isoformat(),
    }


def reachability_facts(reachability: Reachability) -> Mapping[str, object]:
    by_id = {contact.id: contact for contact in reachability.contacts}
    quiet = reachability.quiet_hours
    return {
        "quiet_hours": None if quiet is None else [quiet.starts.isoformat(), quiet.ends.isoformat()],
        "contacts": [
            {"channel": contact.channel.value, "address": contact.address, "label": contact.label}
            for contact in reachability.contacts
        ],
        "rules": [
            {
                "urgency": rule.urgency.value,
                "position": rule.position,
                "channel": by_id[rule.contact_id].channel.value,
                "address": by_id[rule.contact_id].address,
                "delay_seconds": round(rule.delay.total_seconds()),
            }
            for rule in reachability.rules
        ],
    }
