"""Argon2id by the passlib API (the `libpass` distribution keeps it alive), at OWASP's first recommended setting."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from passlib.context import CryptContext
from passlib.exc import UnknownHashError

from application.ports.passwords import PasswordCheck, PasswordHasher

# OWASP Password Storage Cheat Sheet: 19 MiB of memory, 2 iterations, 1 degree of parallelism
MEMORY_KIB: Final = 19 * 1024
ROUNDS: Final = 2
PARALLELISM: Final = 1
AT_ONCE: Final = 2  # so a storm of logins takes two threads and 38 MiB, and no more


@dataclass(frozen=True, slots=True)
class ArgonPasswordHasher(PasswordHasher):
    """Hashes in threads, few at a time. A hash made at another cost is replaced when its password is next seen."""

    memory_kib: int = MEMORY_KIB
    rounds: int = ROUNDS
    parallelism: int = PARALLELISM
    at_once: int = AT_ONCE
    _context: CryptContext = field(init=False, repr=False)
    _turn: asyncio.Semaphore = field(init=False, repr=False)

    def __post_init__(self) -> None:
        context = CryptContext(
            schemes=["argon2"],
            argon2__type="ID",
            argon2__memory_cost=self.memory_kib,
            argon2__rounds=self.rounds,
            argon2__parallelism=self.parallelism,
        )
        context.dummy_verify()  # makes the hash of nobody now, so that the first unknown user takes no longer
        object.__setattr__(self, "_context", context)
        object.__setattr__(self, "_turn", asyncio.Semaphore(self.at_once))

    async def hash(self, password: str) -> str:
        async with self._turn:
            return await asyncio.to_thread(self._context.hash, password)

    async def check(self, password: str, password_hash: str) -> PasswordCheck:
        async with self._turn:
            try:
                is_right, new_hash = await asyncio.to_thread(self._context.verify_and_update, password, password_hash)
            except (UnknownHashError, ValueError):
                return PasswordCheck(is_right=False)
        return PasswordCheck(is_right=is_right, new_hash=new_hash)

    async def check_nobody(self) -> None:
        async with self._turn:
            await asyncio.to_thread(self._context.dummy_verify)
