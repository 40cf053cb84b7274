"""Use models as fields of pydantic's models, and as FastAPI's bodies and responses. Imported when pydantic needs it.

A model is validated from a JSON object, or accepted as an instance. It is serialized as it is sent to Square: without
Nones, and with its ``additional_properties`` next to its fields.
"""

from __future__ import annotations

from typing import Any, get_type_hints

from pydantic_core import core_schema as core

from squareconnect.models._null import NULL


def core_schema_of(model: Any, handler: Any) -> Any:
    """Return pydantic's schema for a model."""
    hints = get_type_hints(model)
    values = core.typed_dict_schema(
        {name: core.typed_dict_field(handler.generate_schema(hints[name]), required=False) for name in model._fields},
        extra_behavior="allow",
        config=core.CoreConfig(strict=True),
    )
    made = core.no_info_after_validator_function(lambda given: _made(model, given), values)
    return core.json_or_python_schema(
        made,
        core.union_schema([core.is_instance_schema(model), made]),
        serialization=core.plain_serializer_function_ser_schema(_written, return_schema=values),
        ref=f"{model.__module__}.{model.__qualname__}",
    )


def _made(model: Any, given: dict[str, Any]) -> Any:
    made = model(**{name: value for name, value in given.items() if name in model._fields})
    if unknown := {name: value for name, value in given.items() if name not in model._fields}:
        made.additional_properties.update(unknown)
    return made


def _written(model: Any) -> dict[str, Any]:
    present: dict[str, Any] = {
        name: None if value is NULL else value for name, value in model.__dict__.items() if value is not None
    }
    return {**present.pop("additional_properties", {}), **present}


def json_schema_of(model: Any, schema: Any, handler: Any) -> Any:
    """Return the JSON schema of a model, with its description and those of its fields."""
    written = handler(schema)
    details = handler.resolve_ref_schema(written)
    details["title"] = model.__name__
    details["description"] = (model.__doc__ or "").partition("\n\n:param")[0]
    for name, each in details.get("properties", {}).items():
        each["description"] = model._fields[name].description
    return written
