"""What is muted, looked at sooner."""

from dataclasses import replace
from datetime import datetime

from application.ports.incidents import IncidentRepository


async def end_mutes(incidents: IncidentRepository, *by: str, until: datetime, at: datetime) -> None:
    """Have incidents looked at sooner whose mute now ends sooner, in the transaction that ends it sooner."""
    if not by:
        return
    sooner = [
        incident.mute(replace(incident.muted, until=until), at=at)
        for incident in await incidents.muted_by(*by)
        if incident.muted is not None and (incident.muted.until is None or incident.muted.until > until)
    ]
    await incidents.save_all(sooner)
