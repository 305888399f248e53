from typing import Any, Literal, Self

import msgspec
from dishka.integrations.litestar import FromDishka
from litestar import Controller, Request, post
from litestar.params import JSONBody

from adapters.inbound.http.attempts import AttemptLimiter
from adapters.inbound.http.auth import PUBLIC, address_of
from adapters.inbound.http.fields import Email, Password, Secret
from adapters.inbound.http.request_context import request_id_of
from application.identity.finish_setup import FinishSetup
from application.identity.log_in import LogIn
from application.identity.log_out import LogOut
from application.identity.refresh_session import RefreshSession
from application.identity.tokens import Tokens


class TokensBody(msgspec.Struct):
    """What a login leaves with its client. Each refresh token works once."""

    access_token: str
    refresh_token: str
    expires_in: int  # seconds, of the access token
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105  # RFC 6749, 5.1: what kind of token it is

    @classmethod
    def of(cls, tokens: Tokens) -> Self:
        return cls(
            access_token=tokens.access_token,
            refresh_token=tokens.refresh_token,
            expires_in=int(tokens.expires_in.total_seconds()),
        )


class LogInBody(msgspec.Struct, forbid_unknown_fields=True):
    email: Email
    password: Password


class RefreshTokenBody(msgspec.Struct, forbid_unknown_fields=True):
    refresh_token: Secret


class FinishSetupBody(msgspec.Struct, forbid_unknown_fields=True):
    setup_secret: Secret
    new_password: Password


class SessionController(Controller):
    path = "/v1"
    tags = ("sessions",)
    opt = PUBLIC

    @post("/login", status_code=200)
    async def log_in(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[LogInBody],
        log_in: FromDishka[LogIn],
        attempts: FromDishka[AttemptLimiter],
    ) -> TokensBody:
        """Begin a session with a password."""
        address = address_of(request)
        await attempts.spend(f"address {address}", f"account {data.email.strip().lower()}")
        tokens = await log_in(data.email, data.password, address=address, request_id=request_id_of(request.scope))
        return TokensBody.of(tokens)

    @post("/sessions/refresh", status_code=200)
    async def refresh(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[RefreshTokenBody],
        refresh_session: FromDishka[RefreshSession],
        attempts: FromDishka[AttemptLimiter],
    ) -> TokensBody:
        """Trade a refresh token for new ones. One that is shown twice ends its session."""
        address = address_of(request)
        await attempts.spend(f"refresh {address}")
        tokens = await refresh_session(data.refresh_token, address=address, request_id=request_id_of(request.scope))
        return TokensBody.of(tokens)

    @post("/logout", status_code=204)
    async def log_out(
        self, request: Request[Any, Any, Any], data: JSONBody[RefreshTokenBody], log_out: FromDishka[LogOut]
    ) -> None:
        """End a session by its refresh token; one that is nobody's has no effect."""
        await log_out(data.refresh_token, address=address_of(request), request_id=request_id_of(request.scope))

    @post("/setup", status_code=200)
    async def finish_setup(
        self,
        request: Request[Any, Any, Any],
        data: JSONBody[FinishSetupBody],
        finish_setup: FromDishka[FinishSetup],
        attempts: FromDishka[AttemptLimiter],
    ) -> TokensBody:
        """Choose a password by a setup link, which works once."""
        address = address_of(request)
        await attempts.spend(f"address {address}")
        tokens = await finish_setup(
            data.setup_secret, data.new_password, address=address, request_id=request_id_of(request.scope)
        )
        return TokensBody.of(tokens)
