"""Decide whether two outcomes of :mod:`compatibility.worker` mean the same to code written for 2.x."""

from __future__ import annotations

from typing import Any


def agree(theirs: dict[str, Any], ours: dict[str, Any]) -> bool:
    """Return whether code that worked with the first outcome works with the second.

    An exception may be of a subclass, its message may be longer, and a callable may accept more parameters.
    """
    if theirs["requests"] != ours["requests"]:
        return False
    if "raises" not in theirs:
        return "value" in ours and fits(theirs["value"], ours["value"])
    if theirs["raises"][0] not in ours.get("raises", ()):
        return False
    if "ApiException" in theirs["raises"]:
        return all(theirs[name] == ours[name] for name in ("status", "reason", "body", "headers"))
    return bool(ours["message"].startswith(theirs["message"]))


def fits(theirs: Any, ours: Any) -> bool:
    """Return whether two values are equal, or the second can be called in every way the first can."""
    if isinstance(theirs, dict) and isinstance(ours, dict) and "parameters" in theirs and "parameters" in ours:
        return theirs["name"] == ours["name"] and accepts(theirs["parameters"], ours["parameters"])
    return bool(theirs == ours)


def accepts(theirs: list[list[Any]], ours: list[list[Any]]) -> bool:
    """Return whether every call that fits the first parameters fits the second as well."""
    named = [each for each in theirs if not each[1].startswith("VAR_")]
    more = ours[len(named) :]
    takes_any_name = any(each[1] == "VAR_KEYWORD" for each in theirs)
    return (
        named == ours[: len(named)]
        and all(each[2] is not None or each[1].startswith("VAR_") for each in more)
        and (not takes_any_name or any(each[1] == "VAR_KEYWORD" for each in more))
    )
