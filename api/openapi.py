"""The OpenAPI file, made true where the framework's own account of errors is not ours."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from api.problems import Problem


def complete(app: FastAPI) -> None:
    """Give the application's schema the problem type in place of the framework's validation error."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema:
            return app.openapi_schema
        schema = plain()
        kept = schema.setdefault("components", {}).setdefault("schemas", {})
        kept.pop("HTTPValidationError", None)
        kept.pop("ValidationError", None)
        described = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        kept.update(described.pop("$defs", {}))
        kept["Problem"] = described
        app.openapi_schema = schema
        return schema

    app.openapi = openapi  # type: ignore[method-assign]
