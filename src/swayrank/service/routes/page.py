"""The web page: its files, and one document for all its addresses, which its own router tells apart."""

from __future__ import annotations

import functools
import gzip
import hashlib
from pathlib import Path

from fastapi import APIRouter, Request, Response

from swayrank.service.problems import Problem

FOLDER = Path(__file__).parents[1] / "page"
VIEWS = ("accounts", "compare", "weights", "communities", "map", "planner", "whatif", "jobs", "data", "live")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_PLOTLY = "plotly.min.js"
_WORTH = 1000  # bytes from which compressing pays

router = APIRouter(include_in_schema=False)


@functools.cache
def _files() -> dict[str, Path]:
    """Every file that may be asked for, by its address below /page/: nothing else can be reached."""
    found = {path.relative_to(FOLDER).as_posix(): path for path in FOLDER.rglob("*") if path.suffix in _TYPES}
    try:
        import plotly

        found[_PLOTLY] = Path(plotly.__file__).parent / "package_data" / _PLOTLY
    except ImportError:
        pass
    return found


@functools.lru_cache(maxsize=256)
def _content(path: Path, _changed: int) -> tuple[bytes, bytes | None, str]:
    """A file, the same compressed, and its tag."""
    plain = path.read_bytes()
    packed = gzip.compress(plain, 6, mtime=0) if len(plain) > _WORTH else None
    return plain, packed, '"' + hashlib.blake2b(plain, digest_size=12).hexdigest() + '"'


def _send(request: Request, name: str) -> Response:
    path = _files().get(name)
    if path is None or not path.is_file():
        raise Problem(404, "not-found", "there is nothing at this address")
    plain, packed, tag = _content(path, path.stat().st_mtime_ns)
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    body = plain
    if packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"], body = "gzip", packed
    return Response(body, 200, headers, _TYPES[path.suffix])


@router.get("/page/{name:path}")
def file(request: Request, name: str) -> Response:
    """A file of the page."""
    return _send(request, name)


@router.get("/favicon.ico")
def icon(request: Request) -> Response:
    """The icon."""
    return _send(request, "icon.svg")


def lost(request: Request) -> Response | None:
    """The page, which says that there is nothing here, for people in a browser; None for programs."""
    if request.url.path.startswith(("/api/", "/page/")) or "text/html" not in request.headers.get("accept", ""):
        return None
    shown = _send(request, "index.html")
    shown.status_code = 404
    return shown


def document(request: Request) -> Response:
    """The page."""
    return _send(request, "index.html")


for _address in ("/", *(f"/{view}" for view in VIEWS), "/accounts/{account:path}", "/jobs/{job}"):
    router.add_api_route(_address, document, methods=["GET"])
