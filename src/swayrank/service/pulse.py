"""Does the store answer? Asked by a thread of its own, once for all who want to know, and answered in time.

Whoever looks after a service kills it when it does not answer: so a store that hangs is told of after two seconds, and
no other work, however much, stands before the question.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future, ThreadPoolExecutor

from swayrank.errors import StoreUnavailableError
from swayrank.stores import Store

_SECONDS = 2.0


class Pulse:
    """Asks a store whether it is there.

    Parameters
    ----------
    store : Store
    seconds : float, default 2
        How long it may take to answer.
    """

    def __init__(self, store: Store, *, seconds: float = _SECONDS) -> None:
        self._store, self._seconds = store, seconds
        self._thread = ThreadPoolExecutor(1, "swayrank-pulse")
        self._asked: Future[str | None] | None = None

    async def felt(self) -> None:
        """Returns where the store answers.

        Raises
        ------
        StoreError
            If it does not, or not in time.
        """
        if self._asked is None or self._asked.done():
            self._asked = self._thread.submit(self._store.state.get, "version")
        asked = self._asked
        try:
            await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(asked)), self._seconds)
        except TimeoutError:
            raise StoreUnavailableError(f"the store: has not answered for {self._seconds:g} seconds") from None

    def close(self) -> None:
        """Ask no more."""
        self._thread.shutdown(wait=False, cancel_futures=True)
