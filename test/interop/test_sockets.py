"""Tools that replace the sockets, the TLS or the names that the SDK works with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from test.interop.through import TOOLS

if TYPE_CHECKING:
    from collections.abc import Callable

    from test.interop.peer import Peer


@pytest.mark.parametrize("moment", ["early", "late", "warm"])
@pytest.mark.parametrize("tool", TOOLS)
def test_calls_go_through_the_tool_and_end_at_their_deadline(
    tool: str, moment: str, peer: Peer, python: Callable[..., str]
) -> None:
    assert python("-m", "test.interop.through", tool, moment, *peer).endswith("done\n")
