"""What a run costs, told before it begins: steps of the inner loop and scratch memory, from sizes alone.

The nanoseconds of a step were measured on one core of a server of 2026; another machine may be two or three times
faster or slower, so that an estimate is an order, not an appointment.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Estimate:
    """About how long, and how much memory beside the data.

    Attributes
    ----------
    seconds : float
        Wall time, compilation left out.
    bytes : float
        Peak scratch memory, the result included.
    """

    seconds: float
    bytes: float

    def duration(self) -> str:
        """In words.

        >>> Estimate(7_400, 0).duration(), Estimate(0.02, 0).duration()
        ('about 2 hours', 'less than a second')
        """
        for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
            n = round(self.seconds / size)
            if self.seconds >= 1.5 * size or (unit == "second" and n >= 1):
                return f"about {n:,} {unit}{'s' * (n != 1)}"
        return "less than a second"

    def memory(self) -> str:
        """In words.

        >>> Estimate(0, 3.2e9).memory(), Estimate(0, 900).memory()
        ('3.2 GB', '1 kB')
        """
        for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
            if self.bytes >= size:
                return f"{self.bytes / size:.3g} {unit}"
        return f"{max(1, round(self.bytes / 1e3))} kB"


@dataclass(frozen=True)
class Work:
    """The cost of a run.

    Attributes
    ----------
    steps : float
        How often the inner loop runs, over all threads.
    ns_per_step : float
        Measured, on one core.
    bytes : float
        Scratch memory that does not depend on the number of threads, and the result.
    bytes_per_thread : float
        Scratch memory of each thread.
    parallel : bool
        Whether threads share the steps.
    """

    steps: float
    ns_per_step: float
    bytes: float
    bytes_per_thread: float = 0.0
    parallel: bool = True

    def estimate(self, threads: int) -> Estimate:
        """The cost on so many threads.

        >>> Work(4e9, 2.0, 1e6, 1e5).estimate(2)
        Estimate(seconds=4.0, bytes=1200000.0)
        """
        shared = threads if self.parallel else 1
        return Estimate(self.steps * self.ns_per_step * 1e-9 / shared, self.bytes + shared * self.bytes_per_thread)
