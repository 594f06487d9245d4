"""Running the service: one process, until it is told to stop."""

from __future__ import annotations

import contextlib
import socket
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn

from swayrank.errors import ParameterError, SwayrankError
from swayrank.ids import Ids
from swayrank.results import current_run
from swayrank.service.app import create_app
from swayrank.service.memory import few_heaps, settle
from swayrank.service.settings import Settings
from swayrank.service.wire import Wire

_GRACE_SECONDS = 10
_SWITCH_SECONDS = 0.0005  # a thread that reads a batch gives way to lookups ten times as often as usual


def serve(settings: Settings, started: Callable[[str, int, list[str]], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; requests that run are ended, then jobs are told.

    Parameters
    ----------
    settings : Settings
    started : callable
        Called with the address, the number of accounts and what to know, once the port is ours.

    Raises
    ------
    SwayrankError
        If there is no result, the store cannot be had, the port is taken, or a token is needed and none was made.
    """
    current_run(settings.out)  # where there is no result, that is what to tell, whatever the port
    sys.setswitchinterval(_SWITCH_SECONDS)
    few_heaps()
    # Being told to stop is no failure: neither while it starts, nor when uvicorn raises the signal again at its end.
    with contextlib.suppress(KeyboardInterrupt), _listen(settings) as listening:
        app = create_app(settings)
        service = app.state.service
        if service.needs_token and not any(token.revoked is None for token in service.store.tokens.list()):
            service.close()
            raise ParameterError(
                f"host {settings.host!r} can be reached from other machines, which needs a token; make one with: "
                f"swayrank token add {settings.out} --name NAME --scope read"
            )
        port = listening.getsockname()[1]
        shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        notes = [one["detail"] for one in service.warnings() if one["level"] == "warning"]
        address = f"http://{shown}:{port}/"
        service.log.write("serving", address=address, run=service.published.run, accounts=len(service.published))
        started(address, len(service.published), notes)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            proxy_headers=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            http=Wire,
        )
        Ids.from_values(["loads", "kernels"])  # no question shall wait for the compiler
        settle()
        _Server(config, service.stop_soon).run(sockets=[listening])


class _Server(uvicorn.Server):
    """Tells the service of the end as soon as the signal comes: streams have no end of their own."""

    def __init__(self, config: uvicorn.Config, stop: Callable[[], None]) -> None:
        super().__init__(config)
        self._stop = stop

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal to stop."""
        self._stop()
        super().handle_exit(sig, frame)


def _listen(settings: Settings) -> socket.socket:
    """The port, ours before anything slow is done."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        raise SwayrankError(
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror or error}; "
            "choose another with --port (0: any that is free)"
        ) from None
    listening.set_inheritable(True)
    return listening
