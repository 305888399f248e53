"""What is counted at the doors for events."""

from functools import cache

from prometheus_client import CollectorRegistry, Counter


class IntakeMetrics:
    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "tocsin_intake_requests", "Requests at the doors for events", ("door", "status"), registry=registry
        )
        self.events = Counter("tocsin_intake_events", "Events stored", ("door",), registry=registry)
        self.throttled = Counter(
            "tocsin_intake_throttled",
            "Bodies refused because their integration sends too much",
            ("door",),
            registry=registry,
        )
        # Looking a label set up takes a lock and a walk, twice for each event.
        self.answered = cache(self.requests.labels)
        self.stored = cache(self.events.labels)
