"""Dependencies between services: what one needs, and who needs it."""

from typing import Annotated, Any, Self
from uuid import UUID

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, Response, get, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from adapters.inbound.http.etag import require_match, tagged, version_tag
from adapters.inbound.http.fields import Version
from adapters.inbound.http.pagination import (
    LIMIT_DEFAULT,
    Cursors,
    CursorText,
    Limit,
    PageBody,
    page_request,
    page_response,
)
from application.dependency.get import GetDependencies, ShownDependencies
from application.dependency.list_dependents import ListDependents
from application.dependency.set import SetDependencies
from application.ports.dependencies import NamedDependency
from domain.identity.actor import Actor
from domain.routing.dependency import Dependency
from domain.shared.ids import ServiceId
from domain.shared.limits import DEPENDENCIES
from domain.shared.severity import Severity

LeastSeverity = Annotated[Severity, Meta(description="Incidents upstream count from this severity on.")]
Mutes = Annotated[bool, Meta(description="What begins while the upstream has one pages nobody until that is over.")]


class DependencyBody(msgspec.Struct):
    """The service at the other end, how severe an incident upstream must be, and whether it mutes."""

    service_id: UUID
    service_name: str
    least_severity: LeastSeverity
    mutes: Mutes

    @classmethod
    def of(cls, named: NamedDependency) -> Self:
        return cls(named.id, named.name, named.dependency.least_severity, named.dependency.mutes)


class DependenciesBody(msgspec.Struct):
    """What a service needs itself, in its order; under the version of the service."""

    dependencies: list[DependencyBody]
    version: Version

    @classmethod
    def of(cls, shown: ShownDependencies) -> Self:
        return cls([DependencyBody.of(each) for each in shown.needs], shown.service.version)


class SetDependencyBody(msgspec.Struct, forbid_unknown_fields=True):
    service_id: UUID
    least_severity: LeastSeverity = Severity.SEV2
    mutes: Mutes = False


class SetDependenciesBody(msgspec.Struct, forbid_unknown_fields=True):
    dependencies: Annotated[list[SetDependencyBody], Meta(max_length=DEPENDENCIES)]


class DependencyController(Controller):
    path = "/v1/services/{service_id:uuid}"
    tags = ("services",)

    @get("/dependencies")
    async def read(
        self,
        request: Request[Any, Any, Any],
        service_id: FromPath[UUID],
        get_dependencies: FromDishka[GetDependencies],
        actor: FromDishka[Actor],
    ) -> Response[DependenciesBody]:
        """Which services it needs itself."""
        return _shown(request, await get_dependencies(ServiceId(service_id), actor=actor))

    @put("/dependencies")
    async def replace(
        self,
        request: Request[Any, Any, Any],
        service_id: FromPath[UUID],
        data: JSONBody[SetDependenciesBody],
        get_dependencies: FromDishka[GetDependencies],
        set_dependencies: FromDishka[SetDependencies],
        actor: FromDishka[Actor],
    ) -> Response[DependenciesBody]:
        """Say which services it needs, all of them: the next version of the service. A circle is refused by its way."""
        owner_id = ServiceId(service_id)
        version = (await get_dependencies(owner_id, actor=actor)).service.version
        require_match(request, tag=version_tag(version))
        wanted = [
            Dependency(
                service_id=owner_id,
                upstream_id=ServiceId(each.service_id),
                least_severity=each.least_severity,
                mutes=each.mutes,
            )
            for each in data.dependencies
        ]
        return _shown(request, await set_dependencies(owner_id, wanted, version=version, actor=actor))

    @get("/dependents")
    async def list_dependents(
        self,
        request: Request[Any, Any, Any],
        service_id: FromPath[UUID],
        use_case: FromDishka[ListDependents],
        cursors: FromDishka[Cursors],
        actor: FromDishka[Actor],
        limit: Limit = LIMIT_DEFAULT,
        cursor: CursorText = None,
    ) -> Response[PageBody[DependencyBody]]:
        """Who needs it, by name."""
        page = page_request(request, cursors, limit=limit, cursor=cursor)
        found = await use_case(ServiceId(service_id), page, actor=actor)
        return page_response(request, cursors, found, body=DependencyBody.of, key=lambda each: (each.name, each.id))


def _shown(request: Request[Any, Any, Any], shown: ShownDependencies) -> Response[DependenciesBody]:
    return tagged(request, DependenciesBody.of(shown), tag=version_tag(shown.service.version))
