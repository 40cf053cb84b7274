"""The files of the web page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from squareconnect.emulator.wire import Answer

if TYPE_CHECKING:
    from squareconnect.emulator.wire import Request

_FOLDER = Path(__file__).parent / "page"
_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/_emulator/page/icon.svg": ("icon.svg", "image/svg+xml"),
    "/_emulator/page/style.css": ("style.css", "text/css; charset=utf-8"),
    "/_emulator/page/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
_HEADERS = {
    "cache-control": "no-cache",
    "content-security-policy": "default-src 'self'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


class WebPage:
    """Serves the files of the page.

    :param folder: where the files are.
    """

    def __init__(self, folder: Path = _FOLDER) -> None:
        self._folder = folder

    def knows(self, request: Request) -> bool:
        """Return whether a request asks for one of the files."""
        return request.method == "GET" and request.path in _FILES

    def answer(self, request: Request) -> Answer:
        """Return a file."""
        name, content_type = _FILES[request.path]
        return Answer(200, (self._folder / name).read_bytes(), {**_HEADERS, "content-type": content_type})
