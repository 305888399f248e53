from http import HTTPStatus

from dishka.integrations.litestar import FromDishka
from litestar import Controller, post
from litestar.params import FromPath

from adapters.inbound.http.incident_bodies import IncidentDetailBody
from adapters.inbound.http.incidents import incident_ref
from application.escalation.move import MoveToNewestVersion
from application.incident.find import FindIncident
from application.ports.readers import IncidentReader
from domain.identity.actor import Actor


class EscalationController(Controller):
    path = "/v1/incidents"
    tags = ("incidents",)

    @post("/{ref:str}/escalation/move", status_code=HTTPStatus.OK)
    async def move(
        self,
        ref: FromPath[str],
        find: FromDishka[FindIncident],
        move: FromDishka[MoveToNewestVersion],
        incidents: FromDishka[IncidentReader],
        actor: FromDishka[Actor],
    ) -> IncidentDetailBody:
        """Let an incident's escalation go on by the newest version of its policy, from the same step or the next."""
        incident_id = await find(incident_ref(ref), actor=actor)
        await move(incident_id, actor=actor)
        return IncidentDetailBody.of_detail(await incidents.get(incident_id))
