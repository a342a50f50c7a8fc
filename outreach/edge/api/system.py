"""How the system stands, the contract for a payload, the controls, and a workspace's Safe Mode."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from approvals import preflight, queue, safemode
from approvals.models import Approval
from channels import quiet, stop
from outreach.core.models import Workspace
from outreach.core.permissions import NotAllowed, has_scope
from outreach.edge import health
from outreach.edge.api.access import MayRead, access_of, place_of
from outreach.edge.api.approvals import ApprovalSerializer, QueuePages
from outreach.edge.api.base import Resource, StrictSerializer
from outreach.edge.api.schema import WORKSPACE
from safety import controls
from safety.contract.payload import PayloadError, parse_instant
from safety.contract.validate import validate_action
from safety.models import BRAKES, ControlKey

DryRunSerializer = inline_serializer(
    "DryRun",
    {
        "dry_run": serializers.BooleanField(),
        "source": serializers.ChoiceField(choices=["environment", "control"]),
        "badge": serializers.CharField(),
    },
)


class DryRun(APIView):
    """Whether anything can leave (seed A)."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(responses=DryRunSerializer)
    def get(self, request: Request) -> Response:
        """The strictest of the caller's workspaces counts."""
        state = controls.read()
        ids: list[int | None] = [*access_of(request).places] or [None]
        brakes = [each for pk in ids for each in state.brakes(ControlKey.DRY_RUN, pk)]
        named = any(each.source == "environment" for each in brakes)
        badges = [controls.badge(pk, state) for pk in ids]
        order = {"STOPPED": 0, "DRY RUN": 1, "LIVE": 2}
        worst = min(badges, key=lambda badge: order.get(badge.text, 0))
        source = "environment" if named or not brakes else "control"
        return Response({"dry_run": bool(brakes), "source": source, "badge": worst.text})


class Status(APIView):
    """What a program should know before it proposes."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="system_status", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Parts that must live, and each workspace's badge, brakes and rights."""
        access, state = access_of(request), controls.read()
        by = access.principal
        return Response(
            {
                "parts": health.parts(),
                "principal": {"kind": by.kind, "label": by.label},
                "scopes": list(by.agent.scopes) if by.agent else [],
                "workspaces": [_standing(place, state) for place in access.places.values()],
            }
        )


def _standing(place: Workspace, state: controls.Controls) -> dict[str, Any]:
    badge = controls.badge(place.pk, state)
    return {
        "slug": place.slug,
        "badge": badge.text,
        "sentence": badge.sentence,
        "safe_mode": place.safe_mode,
        "autonomy_mode": place.autonomy_mode,
        "brakes": [each.key for key in ControlKey for each in state.brakes(key, place.pk)],
    }


class ValidateBody(serializers.Serializer[Any]):
    """The seed's payload; `history` and `at` beside it. Read by the contract itself."""

    payload = serializers.DictField()
    history = serializers.ListField(child=serializers.DictField(), required=False)
    at = serializers.CharField(required=False)


class Validate(APIView):
    """The action contract for one payload (seed D). Nothing is sent or stored."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(request=ValidateBody, responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        """ALLOW, REWRITE or BLOCK with every check. A bare payload is read as one, too."""
        by = access_of(request).principal
        if not has_scope(by, "actions:validate"):
            raise PermissionDenied(
                "This key lacks the scope actions:validate. An admin can give it to its agent."
            )
        body = request.data
        if not isinstance(body, dict):
            raise PayloadError(("The body is not an object.",))
        asked = body if "payload" in body else {"payload": body}
        strange = sorted(set(asked) - {"payload", "history", "at"})
        if strange:
            raise ValidationError({name: ["Unknown field."] for name in strange}, "unknown_field")
        at = parse_instant(asked["at"], "at") if "at" in asked else timezone.now()
        history: Any = asked.get("history", [])
        decision = validate_action(asked["payload"], at=at, history=history)
        return Response(decision.as_dict())


# --- Controls ------------------------------------------------------------------------------------


class ControlBody(StrictSerializer):
    """Which switch, off or on, why, and for how long."""

    control = serializers.ChoiceField(choices=[*controls.WORDS, "emergency-stop"])
    enabled = serializers.BooleanField(help_text="Of a switch: on. Of a brake: braking.")
    reason = serializers.CharField(max_length=500)
    hours = serializers.IntegerField(min_value=1, max_value=8760, required=False)
    everywhere = serializers.BooleanField(
        required=False, default=False, help_text="The whole system; operators only."
    )


class Controls(APIView):
    """Switches and brakes. Agents read; people set. Dry run is never lifted from here."""

    permission_classes = (MayRead,)
    resource = "controls"

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Every key of the caller's workspaces, and why it brakes."""
        state = controls.read()
        return Response(
            {
                place.slug: {
                    key.value: [each.sentence() for each in state.brakes(key, place.pk)]
                    for key in ControlKey
                }
                for place in access_of(request).places.values()
            }
        )

    @extend_schema(request=ControlBody, parameters=[WORKSPACE], responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        """Set one. `effective` is false while a message is still in flight: ask again.

        A stop also says what is `still_open`, what was in flight at it and `may_have_left`, and
        what was `unknown_before` it already.
        """
        by = access_of(request).principal
        if not by.is_user:
            raise NotAllowed(f"Agent {by.label} may not change controls. A person has to do this.")
        body = ControlBody(data=request.data)
        body.is_valid(raise_exception=True)
        words, at = body.validated_data, timezone.now()
        place = None if words["everywhere"] else place_of(request)
        how = {"workspace": place, "reason": words["reason"], "by": by, "at": at}
        _set(words, how)
        scope = quiet.scope_of(workspace=place)
        said = {"control": words["control"], "enabled": words["enabled"], "set_at": at.isoformat()}
        flying = quiet.in_flight(scope)
        if not _stops(words):
            return Response({**said, "effective": not flying})
        report = quiet.progress(scope, set_at=at, seen=flying, now=timezone.now())
        lists = ("still_open", "may_have_left", "unknown_before", "left_meanwhile")
        told = {name: getattr(report, name) for name in lists}
        return Response({**said, "effective": report.stopped, **told})


def _stops(words: dict[str, Any]) -> bool:
    """Whether this is a brake put on or a switch put off."""
    key = controls.WORDS.get(words["control"], ControlKey.EMERGENCY_STOP)
    return bool(words["enabled"]) == (key in BRAKES)


def _set(words: dict[str, Any], how: dict[str, Any]) -> None:
    name, on = words["control"], words["enabled"]
    if "hours" in words and (name == "emergency-stop" or (on and name != "dry-run")):
        raise ValidationError({"hours": ["Only a switch put off comes back by itself. Leave it."]})
    if name == "emergency-stop":
        if not on:
            stop.enable_all(**how)
        else:
            stop.emergency_stop(**how)
        return
    key = controls.WORDS[name]
    if key == ControlKey.DRY_RUN and not on:
        stop.lift_dry_run(**how)  # refuses: only the host does that
    elif key != ControlKey.DRY_RUN and on:
        stop.switch_on(key, **how)
    else:
        hours = words.get("hours")
        until = how["at"] + timedelta(hours=hours) if hours else None
        stop.set_brake(key, auto_restore_at=until, **how)


# --- Workspaces ----------------------------------------------------------------------------------


class WorkspaceSerializer(serializers.ModelSerializer[Workspace]):
    class Meta:
        model = Workspace
        fields = (
            "id", "slug", "name", "time_zone", "safe_mode", "autonomy_mode", "four_eyes",
            "approval_expiry_hours", "daily_quota", "created_at",
        )  # fmt: skip


class SafeModeBody(StrictSerializer):
    """`true` is enough to switch on; `false` needs the typed confirmation."""

    safe_mode = serializers.BooleanField()
    confirm = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)
    reason = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)
    ticks = serializers.ListField(
        child=serializers.ChoiceField(choices=list(preflight.TICKS)), required=False, default=list
    )


class Workspaces(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """The caller's workspaces, with their reviews and their Safe Mode."""

    resource = "workspaces"
    workspace_path = "pk"
    rows = Workspace.objects.all()
    serializer_class = WorkspaceSerializer

    def get_queryset(self) -> Any:
        if getattr(self, "swagger_fake_view", False):
            return self.rows.none()
        return self.rows.filter(pk__in=access_of(self.request).ids(self.resource))

    @extend_schema(request=SafeModeBody, responses=WorkspaceSerializer)
    def partial_update(self, request: Request, pk: str = "") -> Response:
        """Switch Safe Mode. Agents can do neither; off is refused with the preflight (409)."""
        place, by = self.get_object(), self.principal
        if not by.is_user:
            raise NotAllowed(f"Agent {by.label} may not switch Safe Mode. A colleague has to.")
        words = self.read(SafeModeBody)
        if words["safe_mode"]:
            safemode.switch_on(place, by=by, at=self.now, reason=words["reason"])
        else:
            safemode.switch_off(
                place, by=by, at=self.now, confirm=words["confirm"], reason=words["reason"],
                ticks=words["ticks"],
            )  # fmt: skip
        return Response(WorkspaceSerializer(self.rows.get(pk=place.pk)).data)

    @extend_schema(responses=ApprovalSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=QueuePages)
    def reviews(self, request: Request, pk: str = "") -> Response:
        """What waits for a decision here, critical first."""
        place = self.get_object()
        if place.pk not in access_of(request).ids("approvals"):
            raise PermissionDenied("This key may not read reviews: it lacks reviews:read.")
        rows = (
            Approval.objects.filter(workspace=place, status="pending")
            .select_related("workspace", "revision", "draft__person")
            .order_by(*queue.ORDER)
        )
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(ApprovalSerializer(page, many=True).data)
