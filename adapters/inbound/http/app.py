"""The HTTP application: routes behind one guard, and what surrounds every request."""

from collections.abc import Sequence

from dishka import AsyncContainer
from dishka.integrations.litestar import DishkaRouter, setup_dishka
from litestar import Litestar
from litestar.types import ControllerRouterHandler
from prometheus_client import CollectorRegistry

from adapters.inbound.http.access_log import AccessLog
from adapters.inbound.http.api_keys import ApiKeyController
from adapters.inbound.http.asgi import App
from adapters.inbound.http.auth import require_actor
from adapters.inbound.http.body import check_body
from adapters.inbound.http.body_limit import BODY_BYTES, BodyLimit
from adapters.inbound.http.calendar_imports import CalendarImportController
from adapters.inbound.http.calendars import CalendarFeedController
from adapters.inbound.http.dependencies import DependencyController
from adapters.inbound.http.destinations import DestinationController
from adapters.inbound.http.docs import docs, docs_file
from adapters.inbound.http.event_explanations import EventExplanationController
from adapters.inbound.http.fall_backs import FallBackController
from adapters.inbound.http.headers import SecurityHeaders
from adapters.inbound.http.health import ReadinessCheck, health, ready_handler, version_handler
from adapters.inbound.http.heartbeats import HeartbeatController
from adapters.inbound.http.inhibitions import InhibitionController
from adapters.inbound.http.integration_health import IntegrationHealthController
from adapters.inbound.http.integrations import IntegrationController
from adapters.inbound.http.maintenance import MaintenanceController
from adapters.inbound.http.mappings import MappingController
from adapters.inbound.http.metrics import HttpMetrics, MeasureRequests, metrics_handler
from adapters.inbound.http.openapi import Description, config
from adapters.inbound.http.policies import PolicyController
from adapters.inbound.http.problem import to_response
from adapters.inbound.http.proofs import ProofController
from adapters.inbound.http.replays import ReplayController
from adapters.inbound.http.request_context import RequestContext
from adapters.inbound.http.routings import RoutingController, TryRoutingController
from adapters.inbound.http.schedule_answers import ScheduleAnswersController
from adapters.inbound.http.schedule_history import ScheduleHistoryController
from adapters.inbound.http.schedules import ScheduleController
from adapters.inbound.http.services import ServiceController
from adapters.inbound.http.sessions import SessionController
from adapters.inbound.http.shadows import ShadowController
from adapters.inbound.http.silences import SilenceController
from adapters.inbound.http.simulations import SimulationController
from adapters.inbound.http.subscriptions import SubscriptionController
from adapters.inbound.http.teams import TeamController
from adapters.inbound.http.temporaries import TemporaryScheduleController
from adapters.inbound.http.users import UserController
from application.ports.ids import IdFactory

CONFIGURATION: Sequence[ControllerRouterHandler] = (
    ServiceController,
    DependencyController,
    IntegrationController,
    HeartbeatController,
    IntegrationHealthController,
    MappingController,
    ReplayController,
    FallBackController,
    PolicyController,
    ScheduleController,
    TemporaryScheduleController,
    ShadowController,
    ScheduleHistoryController,
    ScheduleAnswersController,
    CalendarFeedController,
    CalendarImportController,
    SimulationController,
    ProofController,
    RoutingController,
    TryRoutingController,
    EventExplanationController,
    SilenceController,
    MaintenanceController,
    InhibitionController,
    SubscriptionController,
    DestinationController,
)
IDENTITY: Sequence[ControllerRouterHandler] = (SessionController, UserController, TeamController, ApiKeyController)


def create_app(
    *,
    container: AsyncContainer,
    route_handlers: Sequence[ControllerRouterHandler],
    ids: IdFactory,
    registry: CollectorRegistry,
    is_ready: ReadinessCheck,
    version: str,
    body_limit_bytes: int = BODY_BYTES,
) -> Litestar:
    """An application of these handlers, and of those that every application has: health, metrics and description.

    The container gives handlers what they name, `Actor` and `Cursors` among it. Everything needs an actor, unless its
    handler says `opt=PUBLIC`. The caller closes the container.
    """
    description = Description()
    system = [health, ready_handler(is_ready), version_handler(version), metrics_handler(registry)]
    pages = [docs, docs_file, description.handler()]
    app = Litestar(
        [DishkaRouter("", route_handlers=[*route_handlers, *system, *pages])],
        guards=[require_actor],
        before_request=check_body,
        exception_handlers={Exception: to_response},
        openapi_config=config(version),
        logging_config=None,  # errors are logged where they are answered, once
        request_max_body_size=None,  # `BodyLimit` bounds it
        debug=False,
    )
    setup_dishka(container, app)
    app.asgi_handler = _surrounded(app.asgi_handler, ids=ids, registry=registry, body_limit_bytes=body_limit_bytes)
    description.describe(app)
    return app


def _surrounded(app: App, *, ids: IdFactory, registry: CollectorRegistry, body_limit_bytes: int) -> App:
    """What happens around routing, so that it holds for a path that nobody serves too. Outermost is last."""
    app = BodyLimit(app, body_limit_bytes)
    app = SecurityHeaders(app)
    app = MeasureRequests(app, HttpMetrics(registry))
    app = AccessLog(app)
    return RequestContext(app, ids)
