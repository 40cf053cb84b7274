"""When two outcomes of :mod:`compatibility.worker` mean the same to code written for 2.x."""

from __future__ import annotations

from typing import Any


def agree(theirs: dict[str, Any], ours: dict[str, Any]) -> bool:
    """Whether code that got the first goes on as it did when it gets the second.

    An exception may be of a subclass, its message may go on, and what can be called may accept more.
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
    """Whether a value is the same, or can be called with all that the other could be called with."""
    if isinstance(theirs, dict) and isinstance(ours, dict) and "parameters" in theirs and "parameters" in ours:
        return theirs["name"] == ours["name"] and accepts(theirs["parameters"], ours["parameters"])
    return bool(theirs == ours)


def accepts(theirs: list[list[Any]], ours: list[list[Any]]) -> bool:
    """Whether each way of giving the first parameters is a way of giving the second."""
    named = [each for each in theirs if not each[1].startswith("VAR_")]
    more = ours[len(named) :]
    takes_any_name = any(each[1] == "VAR_KEYWORD" for each in theirs)
    return (
        named == ours[: len(named)]
        and all(each[2] is not None or each[1].startswith("VAR_") for each in more)
        and (not takes_any_name or any(each[1] == "VAR_KEYWORD" for each in more))
    )
