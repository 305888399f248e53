async def seed_into(container: object) -> None:
    return None
