"""The options of a call, as type checkers see them. At run time nothing of it exists."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from typing_extensions import Required, TypedDict

    class CallOptions(TypedDict, total=False):
        """What leaves the result's type as it is."""

        _request_timeout: float | tuple[float, float] | None
        _headers: Mapping[str, str] | None

    class ForModel(CallOptions, total=False):
        """The call gives a model."""

        _return_http_data_only: Literal[True]
        _preload_content: Literal[True]

    class ForApiResponse(CallOptions, total=False):
        """The call gives an ``ApiResponse`` of a model."""

        _return_http_data_only: Required[Literal[False]]
        _preload_content: Literal[True]

    class ForRESTResponse(CallOptions, total=False):
        """The call gives a ``RESTResponse``."""

        _return_http_data_only: Literal[True]
        _preload_content: Required[Literal[False]]
