"""What this package has and squareconnect 2.x lacks, which the comparison therefore leaves out."""

from __future__ import annotations

from typing import Any

MODELS: tuple[str, ...] = ()
"""The models that came later."""

FIELDS: dict[str, tuple[str, ...]] = {}
"""The fields that came later, by the names of their models, such as ``{"Customer": ("version",)}``."""


def without(models: Any, name: str) -> dict[str, str]:
    """Return the types of a model's fields by name, without the later ones."""
    types: dict[str, str] = getattr(models, name).swagger_types
    return {field: kind for field, kind in types.items() if field not in FIELDS.get(name, ())}


def leave_out(models: Any, fields: dict[str, tuple[str, ...]] = FIELDS) -> None:
    """Take later fields from the models of this process.

    :param models: the module of the models; those of 2.x have none.
    """
    for name, later in fields.items():
        model = getattr(models, name)
        for field in set(later) & vars(model).get("_fields", {}).keys():
            for known in (model._fields, model.swagger_types, model.attribute_map):
                del known[field]
            delattr(model, field)
