"""How a service runs: where its result lies, who may reach it, and what it allows."""

from __future__ import annotations

import functools
import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from swayrank.errors import ParameterError

_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]", "::1")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set; the command `swayrank serve` has an option for each that people change.

    Attributes
    ----------
    out : Path
        The folder that `swayrank score -o` wrote.
    host, port : str and int
        Where to listen. Anything but loopback needs tokens.
    database : str or None
        ``postgresql://...``; None keeps jobs, tokens and live events in ``service.db`` in `out`.
    allow_hosts : tuple of str
        Names under which the service may be asked while no token is needed, beside loopback's.
    rate_limit : float
        Requests a second of one caller, on average; ten seconds' worth may come at once. 0: no limit.
    max_body : int
        Bytes of a request's body.
    timeout_seconds : float
        For the answer to a request (streams have no end of their own).
    refresh_seconds : float
        How often scores are made anew where live events came in; 0: never by itself.
    memory_limit : int or None
        Bytes that a job may allocate.
    job_seconds : float
        How long a job may run.
    log : Path or None
        Where log lines go; None: stderr.
    """

    out: Path
    host: str = "127.0.0.1"
    port: int = 8100
    database: str | None = None
    allow_hosts: tuple[str, ...] = field(default=())
    rate_limit: float = 1000.0
    max_body: int = 8_000_000
    timeout_seconds: float = 30.0
    refresh_seconds: float = 300.0
    memory_limit: int | None = None
    job_seconds: float = 24 * 3600.0
    log: Path | None = None

    def __post_init__(self) -> None:
        for name in ("port", "rate_limit", "max_body", "timeout_seconds", "refresh_seconds", "job_seconds"):
            if not getattr(self, name) >= 0:
                raise ParameterError(f"{name} must be at least 0, got {getattr(self, name)}")
        if self.port > 65535:
            raise ParameterError(f"port must be in [0, 65535], got {self.port}")
        if self.memory_limit is not None and self.memory_limit < 1 << 26:
            raise ParameterError(f"memory_limit must be at least 64 MB, got {self.memory_limit} bytes")

    @property
    def store(self) -> str | Path:
        """Where the store is."""
        return self.database or self.out / "service.db"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the service."""
        if self.host in _LOOPBACK_NAMES:
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @functools.cached_property
    def hosts(self) -> frozenset[str]:
        """Names under which the service may be asked while no token is needed."""
        return frozenset((*_LOOPBACK_NAMES, self.host, *self.allow_hosts))
