"""What exists only for callers of 2.x."""

from __future__ import annotations

from typing import Any

_JSON = "application/json"


class ClientOf2x:
    """The methods of 2.x's client that this package has no use for."""

    def select_header_accept(self, accepts: list[str]) -> str | None:
        """Return the ``Accept`` header for the media types that an endpoint can answer with: JSON if it can."""
        media_types = [each.lower() for each in accepts]
        return _JSON if _JSON in media_types else ", ".join(media_types) or None

    def select_header_content_type(self, content_types: list[str]) -> str:
        """Return the ``Content-Type`` header for the media types that an endpoint takes: JSON if it does."""
        media_types = [each.lower() for each in content_types]
        return media_types[0] if media_types and _JSON not in media_types else _JSON

    def to_path_value(self, obj: Any) -> str:
        """Return a parameter as it stands in a path or query: a list with commas, everything else as its text."""
        return ",".join(map(str, obj)) if isinstance(obj, list) else str(obj)
