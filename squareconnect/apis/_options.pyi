# The options of a call, for type checkers only.
from collections.abc import Mapping
from typing import Literal

from typing_extensions import Required, TypedDict

class _CallOptions(TypedDict, total=False):
    _request_timeout: float | tuple[float, float] | None
    _headers: Mapping[str, str] | None

class ForModel(_CallOptions, total=False):
    _return_http_data_only: Literal[True]
    _preload_content: Literal[True]

class ForApiResponse(_CallOptions, total=False):
    _return_http_data_only: Required[Literal[False]]
    _preload_content: Literal[True]

class ForRESTResponse(_CallOptions, total=False):
    _return_http_data_only: Literal[True]
    _preload_content: Required[Literal[False]]
