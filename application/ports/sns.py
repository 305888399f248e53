from abc import abstractmethod
from typing import Protocol


class SnsEndpoint(Protocol):
    """SNS itself, asked over the network for what a posted message needs to be believed and wanted."""

    @abstractmethod
    async def certificate(self, url: str) -> bytes:
        """A certificate, in PEM. Raises `TransientPortError`, `PermanentPortError`."""

    @abstractmethod
    async def confirm(self, *, region: str, topic_arn: str, token: str) -> None:
        """Confirm that we want what the topic publishes. Raises `TransientPortError`, `PermanentPortError`."""
