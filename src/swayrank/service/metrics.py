"""What is counted of the service, in Prometheus' form."""

from __future__ import annotations

from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0)


class Metrics:
    """Counters of one service; `text` gives them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        kwargs: dict[str, Any] = {"registry": self.registry}
        self._requests = Counter(
            "swayrank_requests", "Requests, by route, method and status", ("route", "method", "status"), **kwargs
        )
        self._seconds = Histogram(
            "swayrank_request_seconds", "Time to the end of the answer", ("route",), buckets=_BUCKETS, **kwargs
        )
        self.accounts = Gauge("swayrank_accounts", "Accounts of the served run", **kwargs)
        self.run_created = Gauge("swayrank_run_created_seconds", "When the served run was made", **kwargs)
        self.events = Counter("swayrank_events", "Live events, by what became of them", ("outcome",), **kwargs)
        self.unscored = Gauge("swayrank_events_unscored", "Live events that no run knows yet", **kwargs)
        self.jobs = Counter("swayrank_jobs", "Jobs that ended, by kind and status", ("kind", "status"), **kwargs)
        self.jobs_running = Gauge("swayrank_jobs_running", "Jobs that run", **kwargs)
        self._children: dict[tuple[str, str, int], tuple[Any, Any]] = {}

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        key = (route, method, status)
        found = self._children.get(key)
        if found is None:
            found = self._requests.labels(route, method, str(status)), self._seconds.labels(route)
            self._children[key] = found
        found[0].inc()
        found[1].observe(seconds)

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self.registry)
