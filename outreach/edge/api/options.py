"""How the REST face is put together: the settings of the libraries under it. No Django here."""

from __future__ import annotations

from typing import Any


def rest_framework(per_minute: int, *, proxies: int) -> dict[str, Any]:
    """DRF's settings; `per_minute` is how often one caller may ask, `proxies` are ours."""
    return {
        "DEFAULT_AUTHENTICATION_CLASSES": [
            "outreach.edge.api.access.KeyAuthentication",
            "outreach.edge.api.access.QuietSession",
        ],
        "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_PARSER_CLASSES": ["outreach.edge.api.parsing.StrictJSONParser"],
        "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
        "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
        "DEFAULT_THROTTLE_CLASSES": ["outreach.edge.api.throttling.PerCaller"],
        "DEFAULT_THROTTLE_RATES": {
            "caller": f"{per_minute}/min",
            "exports": "20/min",
            "wrong_keys": "30/min",
            "wrong_links": "30/min",
        },
        "NUM_PROXIES": proxies,  # else X-Forwarded-For would be believed, whoever wrote it
        "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    }


OPEN_API: dict[str, Any] = {
    "TITLE": "Outreach Command Center",
    "DESCRIPTION": "Programs propose, people decide. No key of an agent approves, sends or "
    "switches anything.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",  # works without a network
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_SPLIT_PATCH": False,  # each body says itself what may be left out
    "ENFORCE_NON_BLANK_FIELDS": True,
    "SCHEMA_PATH_PREFIX": r"/api",
    "POSTPROCESSING_HOOKS": ["outreach.edge.api.schema.with_errors"],
}
