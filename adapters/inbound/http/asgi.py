"""ASGI as it is on the wire: dictionaries. The framework's typed ones say less than they promise."""

from collections.abc import Awaitable, Callable
from typing import Any

type Scope = Any  # a mutable mapping with at least "type"
type Message = Any  # a mutable mapping with at least "type"
type Receive = Callable[[], Awaitable[Message]]
type Send = Callable[[Message], Awaitable[None]]
type App = Callable[[Scope, Any, Any], Awaitable[None]]
