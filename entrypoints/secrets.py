"""What lies sealed in the database, looked after by whoever operates it."""

from collections.abc import Callable

from adapters.inbound.cli.operations import Record
from adapters.outbound.postgres.sealed import ClearSecrets, SealedSecrets
from adapters.outbound.postgres.session import Pool, PostgresSession
from application.ports.vault import Vault
from entrypoints.container import production_container
from entrypoints.settings import Settings


async def seal(settings: Settings, told: Callable[[int], None]) -> Record:
    """What lies clear, and then anew what the secret key before sealed; how many of each, and how many nobody can read.

    Raises `TransientPortError`.
    """
    container = production_container(settings)
    try:
        session, vault = PostgresSession(await container.get(Pool)), await container.get(Vault)
        clear = await ClearSecrets(session, vault).seal()
        return (await SealedSecrets(session, vault).renew(told))._replace(clear=clear)._asdict()
    finally:
        await container.close()
