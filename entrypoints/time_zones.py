import zoneinfo


def use_packaged_zones() -> None:
    """Time zones come from the pinned `tzdata` package alone, so that every host agrees on every clock change."""
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
