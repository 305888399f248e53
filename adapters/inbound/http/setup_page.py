"""The page behind a set-up link: one user chooses a password, once."""

from http import HTTPStatus
from typing import Any, Final

from dishka.integrations.litestar import FromDishka
from litestar import Controller, HttpMethod, Request, Response, post, route
from litestar.params import FromPath

from adapters.inbound.http.attempts import AttemptLimiter
from adapters.inbound.http.auth import PUBLIC, address_of
from adapters.inbound.http.page import form_field, page, refused_page
from adapters.inbound.http.request_context import request_id_of
from application.errors import RateLimitedError, UnauthenticatedError
from application.identity.finish_setup import FinishSetup
from domain.identity.password import PASSWORD_CHARACTERS_MAX, PASSWORD_CHARACTERS_MIN
from domain.shared.errors import InvalidValueError

_TITLE: Final = "Choose a password"


class SetupPageController(Controller):
    path = "/setup"
    opt = PUBLIC  # the secret in the link lets in
    include_in_schema = False

    @route("/{secret:str}", http_method=[HttpMethod.GET, HttpMethod.HEAD])
    async def show(self, secret: FromPath[str]) -> Response[str]:
        """A form. Looking changes nothing, and does not tell whether the link is good."""
        return _form()

    @post("/{secret:str}", status_code=HTTPStatus.OK)
    async def finish(
        self,
        request: Request[Any, Any, Any],
        secret: FromPath[str],
        finish_setup: FromDishka[FinishSetup],
        attempts: FromDishka[AttemptLimiter],
    ) -> Response[str]:
        """Sets the password, which uses up the link."""
        address = address_of(request)
        try:
            await attempts.spend(f"address {address}")
            password = form_field(await request.body(), "password")
            await finish_setup(secret, password, address=address, request_id=request_id_of(request.scope))
        except InvalidValueError as error:
            return _form(problem=f"The password {error.reason}.", status=HTTPStatus.UNPROCESSABLE_ENTITY)
        except UnauthenticatedError:
            explanation = "It was used, replaced or has expired. Ask an admin for a new one."
            return refused_page(HTTPStatus.GONE, "This link does not work any more", explanation)
        except RateLimitedError as error:
            return refused_page(HTTPStatus.TOO_MANY_REQUESTS, "Too many attempts", str(error))
        return _form(is_done=True)


def _form(*, problem: str | None = None, is_done: bool = False, status: HTTPStatus = HTTPStatus.OK) -> Response[str]:
    return page(
        "setup.html",
        status=status,
        page_title=_TITLE,
        problem=problem,
        is_done=is_done,
        least=PASSWORD_CHARACTERS_MIN,
        most=PASSWORD_CHARACTERS_MAX,
    )
