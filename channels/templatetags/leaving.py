"""What a page that stands left of the channels may show of them, and never decides by."""

from __future__ import annotations

from django import template
from django.utils import timezone

from approvals.models import Approval
from channels import windows

register = template.Library()


@register.simple_tag
def way_out(approval: Approval) -> windows.Way | None:
    """As `windows.way_of` has it, at this moment."""
    return windows.way_of(approval, at=timezone.now())
