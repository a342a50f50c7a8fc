"""Exports by REST: one address for each kind, streamed as CSV, JSON or JSON Lines."""

from __future__ import annotations

import inspect
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from outreach.core.permissions import may_export
from outreach.edge import exporting
from outreach.edge.api.access import Access, access_of, place_of
from outreach.edge.api.base import refuse_strange
from outreach.edge.api.schema import WORKSPACE
from outreach.edge.api.throttling import PerCaller

KNOWN = frozenset({"format", "since", "until", "workspace"})
USUAL = "json"


class ExportsPerCaller(PerCaller):
    """Each reads a whole table, so there may be fewer of them."""

    scope = "exports"


class MayExport(BasePermission):
    """Whether this kind may be exported from anywhere; a refusal says who could change that."""

    message = "You may not do this here."

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user or not request.user.is_authenticated:
            return False
        access, kind = access_of(request), view.kind
        if _somewhere(access, kind):
            return True
        what = kind.title.lower()
        if access.principal.is_agent:
            self.message = (
                f"This key may not export {what}. An admin can give its agent audit:read and the "
                "scope that reads them; the suppression list is taken by people only."
            )
        else:
            self.message = f"Your role may not export {what}. Ask a reviewer or above."
        return False


def _somewhere(access: Access, kind: exporting.Kind) -> bool:
    places = access.places.values()
    return any(may_export(access.principal, kind.resource, place) for place in places)


class Export(APIView):
    """All rows of one kind of one workspace (docs/exports.md)."""

    http_method_names = ("get", "options")  # HEAD would read the table and be told as taken
    permission_classes = (MayExport,)
    throttle_classes = (PerCaller, ExportsPerCaller)
    kind: exporting.Kind = exporting.KINDS["activity"]

    def perform_content_negotiation(
        self, request: Request, force: bool = False
    ) -> tuple[BaseRenderer, str]:
        """`format` says what is streamed; a refusal is JSON whatever was asked for."""
        return JSONRenderer(), "application/json"

    def get(self, request: Request) -> StreamingHttpResponse:
        """Streamed. JSON and JSON Lines end with `count` and `complete`: without them it broke off.

        The log tells that it began and how it ended.
        """
        refuse_strange(request, KNOWN)
        words = request.query_params
        form = exporting.FORMATS.get(words.get("format", USUAL))
        if form is None:
            known = ", ".join(exporting.FORMATS)
            raise ValidationError({"format": [f"No such format. Known: {known}."]})
        try:
            span = exporting.span(words.get("since", ""), words.get("until", ""))
        except exporting.BadAsk as error:
            raise ValidationError({error.field: [str(error)]}) from None
        asked = exporting.Asked(self.kind, form, place_of(request), span)
        return exporting.answer(asked, by=access_of(request).principal, now=timezone.now)


def _described(kind: exporting.Kind) -> Any:
    return extend_schema(
        operation_id=f"export_{kind.resource}",
        description=f"{kind.about} {inspect.getdoc(Export.get)}",
        parameters=[
            WORKSPACE,
            OpenApiParameter("format", enum=list(exporting.FORMATS), default=USUAL),
            *(
                OpenApiParameter(
                    name,
                    {"type": "string", "format": "date-time"},
                    description=f"ISO 8601; only rows whose `{kind.moment}` is {words}.",
                )
                for name, words in (("since", "then or later"), ("until", "before"))
            ),
        ],
        responses={
            (200, "application/json"): _whole(kind),
            (200, "application/x-ndjson"): OpenApiTypes.STR,
            (200, "text/csv"): OpenApiTypes.STR,
        },
    )


def _whole(kind: exporting.Kind) -> dict[str, Any]:
    """The JSON of an export, as a schema."""
    names = list(kind.columns)
    row = {"type": "object", "required": names, "properties": {name: {} for name in names}}
    moment = {"type": "string", "format": "date-time", "nullable": True}
    properties = {
        "export": {"type": "string", "enum": [kind.name]},
        "workspace": {"type": "string"},
        "since": moment,
        "until": moment,
        "columns": {"type": "array", "items": {"type": "string"}},
        "rows": {"type": "array", "items": row},
        "count": {"type": "integer"},
        "complete": {"type": "boolean", "enum": [True]},
    }
    return {"type": "object", "required": list(properties), "properties": properties}


def view_of(kind: exporting.Kind) -> Any:
    """The view of one kind, with its columns in the schema."""
    named: type[Export] = type(
        f"Export{kind.resource.title().replace('_', '')}", (Export,), {"kind": kind}
    )
    return extend_schema_view(get=_described(kind))(named).as_view()
