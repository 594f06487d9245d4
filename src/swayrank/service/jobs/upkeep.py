"""What a service asks for by itself: what-if questions prepared for the served run, scores made anew with live events.

One loop looks every second; it queues at most one job of each kind and never one beside a like one that waits or runs.

- Where the served run is not prepared, a job prepares it, once for each run and service. Until then what-if questions
  are answered for the run that was served before, where there was one, and refused in words otherwise.
- Where live events came that the served run does not know, and `refresh_seconds` have passed since scores were last
  asked for, a job makes them anew. After failures it waits longer: twice as long each time, at most an hour (or
  `refresh_seconds`, where that is more).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from swayrank._text import printable
from swayrank.errors import FolderError, StoreError, SwayrankError
from swayrank.service.jobs.derive import is_prepared
from swayrank.service.jobs.scored import scored_upto
from swayrank.service.prepared import Prepared
from swayrank.stores.jobs import DONE, FAILED, QUEUED, RUNNING, Job

if TYPE_CHECKING:
    from swayrank.service.published import Published
    from swayrank.service.state import Service

LAST_REFRESH, LAST_SCORED = "last_refresh", "last_scored_seq"
_LOOK_SECONDS, _LONGEST_WAIT = 1.0, 3600.0


@dataclass(frozen=True)
class Live:
    """How far live events are scored.

    Attributes
    ----------
    last_seq, last_scored_seq : int
        The number of the newest event, and of the newest that the served run knows.
    unscored : int
        How many events the served run does not know.
    next_refresh : float or None
        When scores are made anew at the earliest, in seconds since 1970; None: nothing waits for that.
    """

    last_seq: int = 0
    last_scored_seq: int = 0
    unscored: int = 0
    next_refresh: float | None = None


class Upkeep:
    """Looks after one service.

    Parameters
    ----------
    service : Service

    Attributes
    ----------
    trouble : dict of str to str
        By "prepare" and "score": what went wrong last, in words.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._asked: set[str] = set()
        self._opened: str | None = None
        self._failures = 0
        self.trouble: dict[str, str] = {}
        service.jobs.ended.append(self._ended)

    async def run(self) -> None:
        """Look until the service stops."""
        stopping = self._service.stopping
        while not stopping.is_set():
            try:
                await self._prepare()
                await self._refresh()
            except StoreError as error:
                self._service.log.write("upkeep waits", detail=printable(error, 300))
            except (SwayrankError, OSError) as error:
                self._service.log.write("upkeep failed", detail=printable(error, 300))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), _LOOK_SECONDS)

    async def _ended(self, job: Job) -> None:
        """Serve what a job made at once, and remember what went wrong."""
        if job.kind not in ("score", "prepare"):
            return
        if job.status == FAILED:
            self.trouble[job.kind] = (job.error or {}).get("detail", "it failed")
            self._failures += job.kind == "score"
        if job.status == DONE:
            self.trouble.pop(job.kind, None)
            if job.kind == "score":
                self._failures = 0
                await asyncio.to_thread(self._service.reload)
                await self._remember()
            await self._prepare()

    async def _remember(self) -> None:
        upto = scored_upto(self._service.published.kept.manifest)
        await asyncio.to_thread(self._service.store.state.set, LAST_SCORED, str(upto))

    # -- what-if -------------------------------------------------------------------------------------------------------

    async def _prepare(self) -> None:
        """Open what is prepared for the served run, or have it prepared."""
        service, result = self._service, self._service.published
        if self._opened == result.run or not can_be_prepared(result):
            return
        if is_prepared(service.settings.out, result.run):
            try:
                service.prepared = await asyncio.to_thread(Prepared.load, result, service.settings.out)
            except (FolderError, SwayrankError, OSError) as error:
                service.log.write("not prepared", run=result.run, detail=printable(error, 300))
            else:
                self._opened = result.run
                self.trouble.pop("prepare", None)
                service.log.write("prepared", run=result.run)
                return
        if result.run in self._asked or await self._busy("prepare", "score"):
            return
        self._asked.add(result.run)
        await service.jobs.add("prepare", {"run": result.run})

    def why_not(self) -> str:
        """In words, why what-if questions have no answer."""
        result = self._service.published
        if not can_be_prepared(result):
            return "this run has no graph and no log: nobody knows who follows or reacts to whom"
        if "prepare" in self.trouble:
            return f"preparing failed: {self.trouble['prepare']}"
        return "what-if questions are being prepared for this run; look at /api/v1/jobs?kind=prepare, then ask again"

    # -- scores --------------------------------------------------------------------------------------------------------

    async def _refresh(self) -> None:
        """Have scores made anew, if it is time."""
        if not self._service.settings.refresh_seconds:
            return
        live = await asyncio.to_thread(self.live)
        if live.next_refresh is None or time.time() < live.next_refresh or await self._busy("score"):
            return
        await asyncio.to_thread(self._service.store.state.set, LAST_REFRESH, repr(time.time()))
        await self._service.jobs.add("score", {})

    def live(self) -> Live:
        """How far live events are scored; blocks."""
        service = self._service
        last, scored = service.store.events.last_seq(), scored_upto(service.published.kept.manifest)
        service.metrics.unscored.set(0 if last <= scored else last - scored)
        if last <= scored:
            return Live(last, scored)
        due = None
        if service.settings.refresh_seconds:
            before = _number(service.store.state.get(LAST_REFRESH))
            due = before + self._pause if before else time.time()
        return Live(last, scored, service.store.events.count_after(scored), due)

    @property
    def _pause(self) -> float:
        usual = self._service.settings.refresh_seconds
        return max(usual, min(usual * 2**self._failures, _LONGEST_WAIT))

    async def _busy(self, *kinds: str) -> bool:
        """Whether a job of such a kind waits or runs."""
        for kind in kinds:
            for status in (QUEUED, RUNNING):
                if (await self._service.jobs.newest(kind=kind, status=status, most=1))[1]:
                    return True
        return False

    def warnings(self) -> list[dict[str, Any]]:
        """What a reader of the result has to know."""
        words = {"score": "live events are not in the scores", "prepare": "what-if questions are not answered"}
        return [
            {"what": words[kind], "detail": detail, "level": "warning"} for kind, detail in sorted(self.trouble.items())
        ]


def can_be_prepared(result: Published) -> bool:
    """Whether a run rests on anything that tells who follows or reacts to whom, and names its files."""
    manifest = result.kept.manifest
    return bool({"graph", "events"} & set(manifest.get("data", {}))) and "recipe" in manifest


def _number(text: str | None) -> float:
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
