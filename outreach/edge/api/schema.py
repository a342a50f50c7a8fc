"""What the OpenAPI page says of errors: one shape, the same codes wherever they may come."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerExtension,
)
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import Direction, OpenApiParameter

SAID = {
    "400": "Cannot be read or validated; `attr` names the field.",
    "401": "No key, or one that does not work.",
    "403": "This caller may not do this; `detail` says who may.",
    "404": "Not there, or not in your workspaces.",
    "406": "Only JSON is served.",
    "409": "The state is against it: decided already, changed since you read it, stopped.",
    "429": "Too often; `Retry-After` says when.",
    "503": "The database is away; whether a change was done is not known: read it again.",
}
OF_BODIES = {
    "413": "The body is larger than 1 MiB.",
    "415": "The body is not JSON; send `Content-Type: application/json`.",
}
WORKSPACE = OpenApiParameter(
    "workspace", OpenApiTypes.STR, description="The slug of one of the caller's workspaces."
)
ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["type", "errors"],
    "properties": {
        "type": {"type": "string", "enum": ["client_error", "validation_error", "server_error"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "detail", "attr"],
                "properties": {
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                    "attr": {"type": "string", "nullable": True},
                },
            },
        },
    },
}
VERBS = ("get", "post", "patch", "put", "delete")


def with_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Add the one error shape to every operation (a hook of drf-spectacular)."""
    result.setdefault("components", {}).setdefault("schemas", {})["Error"] = ERROR
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    for operations in result["paths"].values():
        for verb in VERBS:
            if verb not in operations:
                continue
            told = operations[verb].get("description", "").partition("\n\n")[0]
            if told:
                operations[verb].setdefault("summary", " ".join(told.split()))
            answers = operations[verb].setdefault("responses", {})
            more = OF_BODIES if "requestBody" in operations[verb] else {}
            for status, sentence in {**SAID, **more}.items():
                answers.setdefault(status, {"description": sentence, "content": content})
            if verb == "post" and any(
                row.get("name") == "Idempotency-Key"
                for row in operations[verb].get("parameters", ())
            ):
                sentence = "The Idempotency-Key was used before, for something else."
                answers["422"] = {"description": sentence, "content": content}
    return result


class Described(AutoSchema):
    """Says of every view of rows that it can be narrowed to one workspace."""

    def get_override_parameters(self) -> list[Any]:
        view: Any = self.view
        return [] if view.detail else [WORKSPACE]


class StrictBody(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """A body that takes no field it does not know says so."""

    target_class = "outreach.edge.api.base.StrictSerializer"
    match_subclasses = True

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> Any:
        made = auto_schema._map_serializer(  # type: ignore[no-untyped-call]
            self.target, direction, bypass_extensions=True
        )
        return {**made, "additionalProperties": False}


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A key in the Authorization header."""

    target_class = "outreach.edge.api.access.KeyAuthentication"
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A key made in the admin."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """A colleague's browser session."""

    target_class = "outreach.edge.api.access.QuietSession"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
