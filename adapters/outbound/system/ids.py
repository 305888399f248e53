from uuid import UUID

from uuid_utils.compat import uuid7

from application.ports.ids import IdFactory


class UuidFactory(IdFactory):
    def new(self) -> UUID:
        return uuid7()
