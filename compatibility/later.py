"""The models and fields that squareconnect 2.x lacks. The comparison leaves them out."""

from __future__ import annotations

from typing import Any

MODELS: tuple[str, ...] = ()
"""The models that 2.x lacks."""

FIELDS: dict[str, tuple[str, ...]] = {}
"""The fields that 2.x lacks, by the names of their models, such as ``{"Customer": ("version",)}``."""


def without(models: Any, name: str) -> dict[str, str]:
    """Return the types of a model's fields by name, without the fields that 2.x lacks."""
    types: dict[str, str] = getattr(models, name).swagger_types
    return {field: kind for field, kind in types.items() if field not in FIELDS.get(name, ())}


def leave_out(models: Any, fields: dict[str, tuple[str, ...]] = FIELDS) -> None:
    """Remove the fields that 2.x lacks from the models of this process.

    :param models: the module of the models; nothing is removed from those of 2.x.
    """
    for name, later in fields.items():
        model = getattr(models, name)
        for field in set(later) & vars(model).get("_fields", {}).keys():
            for known in (model._fields, model.swagger_types, model.attribute_map):
                del known[field]
            delattr(model, field)
