"""Everything that is served: Square's API, the control interface, and the page."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from squareconnect.emulator.answers import failure, refused
from squareconnect.emulator.control import PREFIX, Control
from squareconnect.emulator.refusals import RefusalError
from squareconnect.emulator.square import BODY_LIMIT, SquareApi
from squareconnect.emulator.web_page import WebPage

if TYPE_CHECKING:
    from squareconnect.emulator.guard import Guard
    from squareconnect.emulator.state import State
    from squareconnect.emulator.wire import Answer, Request

CONTROL_BODY_LIMIT = 1024 * 1024 * 1024
"""The maximum number of bytes in the body of a request to the control interface, for example a snapshot."""

_MIRROR = f"{PREFIX}/v2/"
_log = logging.getLogger("squareconnect.emulator")


def body_limit(path: str) -> int:
    """Return the maximum number of bytes in the body of a request to a path."""
    is_control = path.startswith(f"{PREFIX}/") and not path.startswith(_MIRROR)
    return CONTROL_BODY_LIMIT if is_control else BODY_LIMIT


class App:
    """Answers every request.

    :param state: the emulator's state.
    :param access_token: the token that clients of Square's API must send.
    :param guard: decides who may use what.
    :param with_page: whether `GET /` returns the web page.
    """

    def __init__(self, state: State, access_token: str, guard: Guard, *, with_page: bool) -> None:
        self._state = state
        self._square = SquareApi(state, access_token)
        self._guard = guard
        self._control = Control(state)
        self._page = WebPage() if with_page else None

    async def __call__(self, request: Request) -> Answer:
        """Answer a request. Nothing is raised: an error is logged and answered with status 500."""
        try:
            return await self._answer(request)
        except RefusalError as refusal:
            return refused(refusal)
        except Exception:
            _log.exception("The emulator failed.")
            return refused(failure())

    async def _answer(self, request: Request) -> Answer:
        if self._page is not None and self._page.knows(request):
            self._guard.check_host(request)
            return self._page.answer(request)
        if request.path.startswith(_MIRROR):
            self._guard.check_control(request)
            request.path = request.path.removeprefix(PREFIX)
            return await self._square.answer_unseen(request)
        if request.path.startswith(f"{PREFIX}/"):
            self._guard.check_control(request)
            return await self._control.answer(request)
        return await self._square.answer(request, self._guard)
