"""How the system stands, the contract for a payload, and a workspace's Safe Mode."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
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

from approvals import auto_off, preflight, queue, safemode
from approvals.models import Approval
from channels import quiet
from outreach.core.models import Workspace
from outreach.core.permissions import NotAllowed, has_scope
from outreach.edge import health
from outreach.edge.api.access import access_of, named_place, place_of
from outreach.edge.api.approvals import ApprovalSerializer, QueuePages
from outreach.edge.api.base import (
    Resource,
    StrictFilters,
    StrictSerializer,
    refuse_strange,
    unknown_field,
)
from outreach.edge.api.choices import Choice
from outreach.edge.api.schema import WORKSPACE
from outreach.edge.insisting import insist
from safety import controls
from safety.contract.payload import PayloadError, parse_instant
from safety.contract.validate import validate_action
from safety.facts import own_words
from safety.models import ControlKey

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

    @extend_schema(parameters=[WORKSPACE], responses=DryRunSerializer)
    def get(self, request: Request) -> Response:
        """The strictest of the caller's workspaces counts, or the one that is named."""
        state = controls.read()
        ids: list[int | None] = [place.pk for place in _asked(request)] or [None]
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

    @extend_schema(
        operation_id="system_status", parameters=[WORKSPACE], responses=OpenApiTypes.OBJECT
    )
    def get(self, request: Request) -> Response:
        """Parts that must live, and each workspace's badge, brakes and rights, or those of one."""
        places, state, by = _asked(request), controls.read(), access_of(request).principal
        return Response(
            {
                "parts": health.parts(),
                "principal": {"kind": by.kind, "label": by.label},
                "scopes": list(by.agent.scopes) if by.agent else [],
                "workspaces": [_standing(place, state) for place in places],
            }
        )


def _asked(request: Request) -> list[Workspace]:
    """The caller's workspaces, or the one of them that is named."""
    refuse_strange(request, frozenset({"workspace"}))
    named = named_place(request)
    return [named] if named else list(access_of(request).places.values())


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


MOST_HISTORY = 1_000  # of whoever asks from afar: each text of theirs may be a request to stop


VALIDATED = {"payload", "history", "at"}


class ValidateBody(serializers.Serializer[Any]):
    """The seed's payload; `history` and `at` beside it. Read by the contract itself."""

    payload = serializers.DictField()
    history = serializers.ListField(
        child=serializers.DictField(), required=False, max_length=MOST_HISTORY
    )
    at = serializers.CharField(required=False)


class Validate(APIView):
    """The action contract for one payload (seed D), by the rules of the key's workspace: its zone
    where the recipient's is not known, and its own words. Nothing is sent or stored."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(request=ValidateBody, parameters=[WORKSPACE], responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        """ALLOW, REWRITE or BLOCK with every check. A bare payload is read as one, too.

        An empty history says that nothing passed; without one that is not judged. An `emergency`
        is a person's to declare: an agent's is refused (403).
        """
        by = access_of(request).principal
        if not has_scope(by, "actions:validate"):
            raise PermissionDenied(
                "This key lacks the scope actions:validate. An admin can give it to its agent."
            )
        body = request.data
        if not isinstance(body, dict):
            raise PayloadError(("The body is not an object.",))
        asked: dict[str, Any] = body if "payload" in body else {"payload": body}
        if strange := sorted(set(asked) - VALIDATED):
            said = [unknown_field(VALIDATED)]
            raise ValidationError(dict.fromkeys(strange, said), "unknown_field")
        payload, history = asked["payload"], asked.get("history")
        if isinstance(history, list) and len(history) > MOST_HISTORY:
            told = f"The history has more than {MOST_HISTORY} entries. Send the newest."
            raise PayloadError((told,))
        if by.agent and isinstance(payload, dict) and payload.get("emergency") is not None:
            raise NotAllowed(f"{by.label} may not declare an emergency. A person has to do this.")
        # Whoever belongs to no workspace is told what holds everywhere, by the clock of UTC.
        place = place_of(request) if access_of(request).places else named_place(request)
        decision = validate_action(
            payload,
            at=parse_instant(asked["at"], "at") if "at" in asked else timezone.now(),
            history=history,
            default_zone=place.time_zone if place else "UTC",
            extra_words=own_words(place.own_words) if place else (),
        )
        return Response(decision.as_dict())


# --- Workspaces ----------------------------------------------------------------------------------


class WorkspaceSerializer(serializers.ModelSerializer[Workspace]):
    class Meta:
        model = Workspace
        fields: tuple[str, ...] = (
            "id", "slug", "name", "time_zone", "safe_mode", "autonomy_mode", "four_eyes",
            "bulk_approves_normal", "approval_expiry_hours", "daily_quota", "created_at",
        )  # fmt: skip


class SwitchedSerializer(WorkspaceSerializer):
    """The workspace; where Safe Mode was switched on, how far that is."""

    returned = serializers.IntegerField(required=False, allow_null=True)
    effective = serializers.BooleanField(required=False)
    still_open = serializers.ListField(child=serializers.DictField(), required=False)
    may_have_left = serializers.ListField(child=serializers.DictField(), required=False)

    class Meta(WorkspaceSerializer.Meta):
        fields = (
            *WorkspaceSerializer.Meta.fields, "returned", "effective", "still_open",
            "may_have_left",
        )  # fmt: skip


class SafeModeBody(StrictSerializer):
    """`true` is enough to switch on; `false` needs the typed confirmation."""

    safe_mode = serializers.BooleanField()
    confirm = serializers.CharField(max_length=100, required=False, default="", allow_blank=True)
    reason = serializers.CharField(max_length=1000, required=False, default="", allow_blank=True)
    ticks = serializers.ListField(
        child=Choice(choices=list(preflight.TICKS)), required=False, default=list
    )


class Workspaces(mixins.ListModelMixin, mixins.RetrieveModelMixin, Resource):
    """The caller's workspaces, with their reviews and their Safe Mode."""

    resource = "workspaces"
    workspace_path = "pk"
    rows = Workspace.objects.all()
    serializer_class = WorkspaceSerializer

    @extend_schema(request=SafeModeBody, responses=SwitchedSerializer)
    def partial_update(self, request: Request, pk: str = "") -> Response:
        """Switch Safe Mode. Agents can do neither; off is refused with the preflight (409).

        On is a stop for what rules approved: `returned` of it are back in the queue (null: shortly)
        and `effective` is false while one is in flight. Ask again; on twice is on.
        """
        place, by = self.get_object(), self.principal
        if not by.is_user:
            raise NotAllowed(f"Agent {by.label} may not switch Safe Mode. A colleague has to.")
        words, more = self.read(SafeModeBody), {}
        if words["safe_mode"]:
            more = self._on(place, words["reason"])
        else:
            safemode.switch_off(
                place, by=by, at=self.now, confirm=words["confirm"], reason=words["reason"],
                ticks=words["ticks"],
            )  # fmt: skip
        return Response({**WorkspaceSerializer(self.rows.get(pk=place.pk)).data, **more})

    def _on(self, place: Workspace, reason: str) -> dict[str, Any]:
        """What went back to the queue, and what is in flight all the same."""
        by, at, rule = self.principal, self.now, Q(workspace=place) & auto_off.IN_FLIGHT
        done = insist(lambda: safemode.switch_on(place, by=by, at=at, reason=reason))
        report = quiet.progress(rule, set_at=at, seen=quiet.in_flight(rule), now=timezone.now())
        return {
            "returned": done.returned,
            "effective": report.stopped,
            "still_open": report.still_open,
            "may_have_left": report.may_have_left,
        }

    @extend_schema(responses=ApprovalSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"], pagination_class=QueuePages)
    def reviews(self, request: Request, pk: str = "") -> Response:
        """What waits for a decision here, critical first."""
        refuse_strange(request, StrictFilters.always)
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
