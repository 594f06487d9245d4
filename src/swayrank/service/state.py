"""A running service: the result that it serves, its store, and what goes on beside requests."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from swayrank._text import printable
from swayrank.errors import StoreError, SwayrankError
from swayrank.results import current_run
from swayrank.service.history import Past
from swayrank.service.incoming import Reader
from swayrank.service.ingest import Ingest
from swayrank.service.jobs.confine import usual_memory
from swayrank.service.jobs.runner import JobRunner
from swayrank.service.jobs.upkeep import Upkeep
from swayrank.service.logs import Log
from swayrank.service.memory import trim
from swayrank.service.metrics import Metrics
from swayrank.service.places import without_folders
from swayrank.service.published import Published
from swayrank.service.pulse import Pulse
from swayrank.service.settings import Settings
from swayrank.stores import Store, open_store

if TYPE_CHECKING:
    from swayrank.service.prepared import Prepared
    from swayrank.stores.tokens import Token

_LOOK_SECONDS = 1.0
_TRUST_SECONDS = 2.0
_TRUST_SECONDS_ALONE = 900.0  # while the store cannot be reached


class Service:
    """What requests share.

    Parameters
    ----------
    settings : Settings

    Attributes
    ----------
    settings : Settings
    store : Store
    ingest : Ingest
        Takes live events in.
    published : Published
        The result that is served; replaced whole.
    log, metrics : Log and Metrics
    jobs : JobRunner
    upkeep : Upkeep
        What the service asks for by itself.
    prepared : Prepared or None
        Answers what-if questions.
    pulse : Pulse
        Whether the store answers.
    trouble : str or None
        Why a newer run is not served, in words.

    Raises
    ------
    SwayrankError
        If there is no result, the store cannot be had, or others could reach the service and no token was made.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.published = Published.load(settings.out)
        self.log = Log(settings.log)
        self.metrics = Metrics()
        self.store: Store = open_store(settings.store)
        known = self.published.kept.manifest["parameters"].get("action_weights") or ()
        self.ingest = Ingest(self.store, Reader(known))
        self.pulse = Pulse(self.store)
        self.trouble: str | None = None
        self.needs_token = not settings.is_loopback
        self.stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tokens: dict[str, tuple[float, float, Token | None]] = {}  # when asked, when answered, what
        self._loading = threading.Lock()
        self._refused: Path | None = None
        self.past = Past(settings.out)
        self.jobs = JobRunner(
            self.store,
            settings.out,
            store_place=str(settings.store),
            log=self.log,
            metrics=self.metrics,
            memory_limit=settings.memory_limit or usual_memory(),
            seconds=settings.job_seconds,
        )
        self.upkeep = Upkeep(self)
        self.prepared: Prepared | None = None
        self._count()
        self.look_for_tokens()

    def _count(self) -> None:
        self.metrics.accounts.set(len(self.published))
        self.metrics.run_created.set(datetime.fromisoformat(self.published.kept.manifest["created"]).timestamp())

    # -- tokens --------------------------------------------------------------------------------------------------------

    def look_for_tokens(self) -> None:
        """Ask for tokens from now on, if any was ever made: revoking the last one opens nothing."""
        with contextlib.suppress(SwayrankError):
            if not self.needs_token and self.store.tokens.list():  # whoever looked a moment ago opens nothing either
                self.needs_token = True

    async def token_of(self, secret: str) -> Token | None:
        """Whose secret it is; known for two seconds before the store is asked again, longer while it is lost.

        Raises
        ------
        StoreError
            If the store cannot be asked about a secret that is not known.
        """
        now, tokens = asyncio.get_running_loop().time(), self._tokens
        found = tokens.get(secret)
        if found is not None and now - found[0] < _TRUST_SECONDS:
            return found[2]
        try:
            token = await asyncio.to_thread(self.store.tokens.check, secret)
        except StoreError:  # lookups need no store: whoever was known goes on
            if found is None or found[2] is None or now - found[1] > _TRUST_SECONDS_ALONE:
                raise
            tokens[secret] = (now, found[1], found[2])
            return found[2]
        if len(tokens) > 1000:  # many wrong secrets must not fill the memory
            tokens.clear()
        tokens[secret] = (now, now, token)
        return token

    def forget_tokens(self) -> None:
        """Ask the store anew about every secret."""
        self._tokens = {}  # another one: what is being asked now was perhaps read before
        self.look_for_tokens()

    # -- the run -------------------------------------------------------------------------------------------------------

    def reload(self) -> bool:
        """Serve the current run, if it is another one and can be read; whether it was replaced."""
        with self._loading:
            folder = None
            try:
                folder = current_run(self.settings.out)
                if folder.name == self.published.run or folder == self._refused:
                    return False
                fresh = Published.load(folder)
            except Exception as error:  # whatever is wrong with a newer run, the earlier one is served
                told = f"a newer run cannot be read, the earlier one is served: {self._told(error)}"
                self._refused = folder  # the one that was read: by now, the current one may be another
                if told != self.trouble:
                    self.log.write("run refused", detail=told)
                self.trouble = told
                return False
            self.past.forget()
            self.published, self.trouble, self._refused = fresh, None, None
            self._count()
            trim()
            return True

    def _told(self, error: Exception) -> str:
        """In words, without where the result lies on this machine's disk."""
        return printable(str(error).replace(f"{self.settings.out}/", ""), 300)

    def stop_soon(self) -> None:
        """Begin to stop; may be called from a signal handler."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.stopping.set)

    async def watch(self) -> None:
        """Look for newer runs and tokens until the service stops."""
        self._loop = asyncio.get_running_loop()
        while not self.stopping.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), _LOOK_SECONDS)
            if not self.stopping.is_set():
                await asyncio.to_thread(self.reload)
                await asyncio.to_thread(self.look_for_tokens)
                self.log.flush()

    def warnings(self) -> list[dict[str, Any]]:
        """What a reader of the result has to know, what is wrong now first."""
        trouble = [] if self.trouble is None else [{"what": "newer run", "detail": self.trouble, "level": "warning"}]
        told = [*trouble, *self.upkeep.warnings(), *self.published.warnings]
        return [{**one, "detail": without_folders(one["detail"])} for one in told]

    def close(self) -> None:
        """Give up what is open."""
        self.ingest.close()
        self.pulse.close()
        self.store.close()
        self.log.close()
