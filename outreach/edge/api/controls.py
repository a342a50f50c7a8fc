"""The switches and brakes: what each brakes now, and setting one and seeing it take hold."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from channels import quiet, stop
from channels.letting import leaving
from outreach.core import visible
from outreach.core.models import Workspace
from outreach.core.permissions import NotAllowed
from outreach.core.principal import Principal
from outreach.edge import stop_told
from outreach.edge.api import shapes
from outreach.edge.api.access import MayRead, access_of, named_place, place_of
from outreach.edge.api.base import StrictSerializer, refuse_strange
from outreach.edge.api.choices import Choice
from outreach.edge.api.schema import WORKSPACE
from outreach.edge.control_rows import Back
from outreach.edge.insisting import insist
from safety import controls
from safety.models import BRAKES, ControlKey


class ControlBody(StrictSerializer):
    """Which switch, off or on, why, and for how long."""

    control = Choice(choices=[*controls.WORDS, "emergency-stop"])
    enabled = serializers.BooleanField(help_text="Of a switch: on. Of a brake: braking.")
    reason = shapes.StopReason()
    hours = serializers.IntegerField(min_value=1, max_value=8760, required=False)
    since = serializers.DateTimeField(
        required=False, help_text="Only ask how far the stop is that was set at this `set_at`."
    )
    everywhere = serializers.BooleanField(
        required=False, default=False, help_text="The whole system; operators only."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not _stops(attrs) and not visible.signs(attrs["reason"]):
            raise ValidationError({"reason": [stop.WHY]})
        return attrs


class Controls(APIView):
    """Switches and brakes. Agents read; people set. Dry run is never lifted from here."""

    permission_classes = (MayRead,)
    resource = "controls"

    @extend_schema(parameters=[WORKSPACE], responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """Every key of the caller's workspaces, or of one, and why it brakes."""
        refuse_strange(request, frozenset({"workspace"}))
        named, state = named_place(request), controls.read()
        places = [named] if named else list(access_of(request).places.values())
        return Response(
            {
                place.slug: {
                    key.value: [each.sentence() for each in state.brakes(key, place.pk)]
                    for key in ControlKey
                }
                for place in places
            }
        )

    @extend_schema(request=ControlBody, parameters=[WORKSPACE], responses=OpenApiTypes.OBJECT)
    def post(self, request: Request) -> Response:
        """Set one. `effective` is false while a message is still in flight: ask again.

        What lets go (a switch put on, a brake lifted) is `effective` at once. Lifting
        `emergency-stop` also switches messaging, auto-reply, auto-approve and experiment on:
        `lifted` names what was let go, `were_off` says how it had been set, `still_braking` what
        brakes all the same (dry run, another scope, the environment), `reopened` how many that were
        approved before the stop went back to the queue. `leaving` is how many approved messages are
        due now that nothing brakes them, such as those approved under the stop.

        A switch put off says when it `restores_at` (null: never by itself), which is later than
        asked for if it `was_off_for_longer`; where its coming back lets messages go, how many of
        those approved by now are due by then (`leaving_then`).

        Ask again with the `set_at` you got as `since`: then nothing is set anew, and a sender on
        this machine that holds a message longer than STOP_PATIENCE_SECONDS after it is killed.

        Where the database is locked it is tried for a while; 503 `not_stopped` says that it stays
        so, and what to do.

        A stop also says what is `still_open`, what was in flight at it and `may_have_left`, and
        what was `unknown_before` it already; the emergency stop how many approvals it has
        `reopened`, which are back in the queue, and how many are `left_approved` until it is lifted
        because another held them. Neither leaves.
        """
        by = access_of(request).principal
        if not by.is_user:
            raise NotAllowed(f"Agent {by.label} may not change controls. A person has to do this.")
        body = ControlBody(data=request.data)
        body.is_valid(raise_exception=True)
        words, at = body.validated_data, timezone.now()
        place = None if words["everywhere"] else place_of(request)
        how = {"workspace": place, "reason": words["reason"], "by": by, "at": at}
        more: dict[str, Any] = {}
        if "since" in words:
            at = _still_set(words, place, by)
        else:
            at, more = _set(words, how)
        scope = quiet.scope_of(workspace=place)
        told = {"control": words["control"], "enabled": words["enabled"], "set_at": at.isoformat()}
        said = {**told, **more}
        if not _stops(words):
            return Response({**said, "effective": True})
        flying = quiet.in_flight(scope)
        report = quiet.progress(scope, set_at=at, seen=flying, now=timezone.now())
        lists = ("still_open", "may_have_left", "unknown_before", "left_meanwhile")
        listed = {name: getattr(report, name) for name in lists}
        if words["control"] == "emergency-stop":
            stop_told.back_in_the_queue(report, place.pk if place else None)
            listed |= {
                name: getattr(report, name) for name in ("reopened", "left_approved", "back")
            }
        return Response({**said, "effective": report.stopped, **listed})


def _still_set(words: dict[str, Any], place: Workspace | None, by: Principal) -> datetime:
    """When the brake that is asked about was set; raises if it is another one by now, or none."""
    stop.may_brake(by, place)
    key = controls.WORDS.get(words["control"], ControlKey.EMERGENCY_STOP)
    row = controls.read().rows.get((place.pk if place else None, key))
    if not _stops(words) or row is None or not row.is_braking or row.changed_at != words["since"]:
        raise ValidationError(
            {"since": ["Since then it was lifted or set anew. Leave `since` out to set it now."]}
        )
    at: datetime = words["since"]
    return at


def _stops(words: dict[str, Any]) -> bool:
    """Whether this is a brake put on or a switch put off."""
    key = controls.WORDS.get(words["control"], ControlKey.EMERGENCY_STOP)
    return bool(words["enabled"]) == (key in BRAKES)


def _set(words: dict[str, Any], how: dict[str, Any]) -> tuple[datetime, dict[str, Any]]:
    """Set or lift what is named; when that was done, and what else is to be told of it."""
    at: datetime = how["at"]
    name, on = words["control"], words["enabled"]
    if "hours" in words and (name == "emergency-stop" or (on and name != "dry-run")):
        raise ValidationError({"hours": ["Only a switch put off comes back by itself. Leave it."]})
    if name == "emergency-stop":
        if on:
            del how["at"]
            return insist(lambda: stop.emergency_stop(clock=timezone.now, **how)), {}
        lifted = asdict(stop.enable_all(**how))
        return at, {**lifted, "leaving": leaving(how["workspace"], at=at)}
    key = controls.WORDS[name]
    if key == ControlKey.DRY_RUN and not on:
        stop.lift_dry_run(**how)  # refuses: only the host does that
    elif key != ControlKey.DRY_RUN and on:
        stop.switch_on(key, **how)
        return at, {"leaving": leaving(how["workspace"], at=at)}
    else:
        hours = words.get("hours")
        until = at + timedelta(hours=hours) if hours else None
        row = insist(lambda: stop.set_brake(key, auto_restore_at=until, **how))
        return at, Back.of(row, until).as_dict()
    return at, {}
