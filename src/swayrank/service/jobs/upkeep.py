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
from typing import TYPE_CHECKING, Any

from swayrank._text import printable
from swayrank.errors import StoreError, SwayrankError
from swayrank.events import iso
from swayrank.service.ingest import scored_seq
from swayrank.service.jobs.derive import is_prepared
from swayrank.service.memory import trim
from swayrank.service.prepared import Prepared
from swayrank.stores.jobs import DONE, FAILED, QUEUED, RUNNING, Job

if TYPE_CHECKING:
    from swayrank.service.published import Published
    from swayrank.service.state import Service

LAST_REFRESH, LAST_SCORED = "last_refresh", "last_scored_seq"
_LOOK_SECONDS, _LONGEST_WAIT = 1.0, 3600.0


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
        self._preparing = asyncio.Lock()
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
        upto = scored_seq(self._service.published.kept.manifest, self._service.store.identity)
        await asyncio.to_thread(self._service.store.state.set, LAST_SCORED, str(upto))

    # -- what-if -------------------------------------------------------------------------------------------------------

    async def _prepare(self) -> None:
        """Open what is prepared for the served run, or have it prepared."""
        async with self._preparing:  # the loop does so, and the end of a job: both would ask for a job
            await self._open_or_ask()

    async def _open_or_ask(self) -> None:
        service, result = self._service, self._service.published
        if self._opened == result.run or not can_be_prepared(result):
            return
        if is_prepared(service.settings.out, result.run):
            try:
                service.prepared = await asyncio.to_thread(Prepared.load, result, service.settings.out)
                await asyncio.to_thread(trim)
            except (SwayrankError, OSError) as error:
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
        if "recipe" not in result.kept.manifest:
            return "this run was saved from Python and does not name its files; score them with `swayrank score`"
        if not can_be_prepared(result):
            return "this run has no graph and no log: nobody knows who follows or reacts to whom"
        if "prepare" in self.trouble:
            return f"preparing failed: {self.trouble['prepare']}"
        return "what-if questions are being prepared for this run; look at /api/v1/jobs?kind=prepare, then ask again"

    # -- scores --------------------------------------------------------------------------------------------------------

    async def _refresh(self) -> None:
        """Have scores made anew, if it is time."""
        due = await asyncio.to_thread(self._due)
        self._service.jobs.next_refresh = None if due is None else iso(int(due * 1e6))
        if due is None or time.time() < due or await self._busy("score"):
            return
        await asyncio.to_thread(self._service.reload)  # a job that ended just now made a run that nobody looked at yet
        if await asyncio.to_thread(self._due) is None:
            return
        await asyncio.to_thread(self._service.store.state.set, LAST_REFRESH, repr(time.time()))
        await self._service.jobs.add("score", {})

    def _due(self) -> float | None:
        """When scores are to be made anew, in seconds since 1970; None: no event waits for that, or nobody wants it."""
        service = self._service
        last = service.store.events.last_seq()
        scored = scored_seq(service.published.kept.manifest, service.store.identity)
        service.metrics.unscored.set(max(0, last - scored))
        if last <= scored or not service.settings.refresh_seconds:
            return None
        before = _number(service.store.state.get(LAST_REFRESH))
        return before + self._pause if before else time.time()

    @property
    def _pause(self) -> float:
        usual = self._service.settings.refresh_seconds
        longest = max(usual, _LONGEST_WAIT)
        return float(min(usual * 2.0**self._failures, longest))

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
