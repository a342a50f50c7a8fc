"""The link that stops, on a phone: no login, no script, one press; what the browser tells."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.utils import timezone

from channels import stop_link
from channels.models import Delivery
from outreach import testing
from safety.models import SystemControl

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PICTURES = os.environ.get("PICTURES")


@pytest.fixture
def phone(chromium, live_server):
    contexts = []

    def open_page(*, scripts: bool, theme: str = "light"):
        context = chromium.new_context(
            viewport={"width": 390, "height": 844}, java_script_enabled=scripts,
            base_url=live_server.url, color_scheme=theme,
        )  # fmt: skip
        contexts.append(context)
        context.set_default_timeout(10_000)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


def take(page, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"stop-link-{name}.png", full_page=True)


@pytest.mark.parametrize("scripts", [True, False])
def test_one_press_on_a_phone_stops_and_says_how_far_it_is(phone, live, scripts):
    given = testing.make_approved()
    row = Delivery.objects.create(
        workspace=given.workspace, approval=given, human_id=given.human_id, channel="email",
        status="sending", sender="00000000-0000-0000-0000-000000000001", place="elsewhere",
        boot_id="another", since=timezone.now(),
    )  # fmt: skip
    by = testing.olaf()
    link = stop_link.make(by=by, workspace=None, days=90, at=timezone.now())
    page = phone(scripts=scripts, theme="light" if scripts else "dark")
    told = []
    page.on("request", lambda request: told.append(request.all_headers().get("referer", "")))
    page.goto(f"/stop/{link.token()}")
    take(page, f"page-{scripts}")
    box = page.locator("#stop-now").bounding_box()
    assert box["width"] > 300 and box["y"] + box["height"] < 844
    assert not SystemControl.objects.filter(control_key="EMERGENCY_STOP", enabled=True).exists()
    page.fill("#reason", "wrong list")
    page.locator("#stop-now").click()
    page.get_by_text("waiting for 1 message").wait_for()
    take(page, f"waiting-{scripts}")
    stop = SystemControl.objects.get(control_key="EMERGENCY_STOP", workspace=None)
    assert (stop.enabled, stop.reason, stop.by_label) == (True, "wrong list", "Olaf")
    Delivery.objects.filter(pk=row.pk).update(status="unknown", ended_at=timezone.now())
    if not scripts:
        page.get_by_role("button", name="Look again").click()
    page.get_by_text("Nothing more leaves").wait_for()
    assert f"Delivery {row.pk} of" in page.locator("#may_have_left").inner_text()
    assert page.locator("#stop-progress").bounding_box()["width"] <= 390
    take(page, f"stopped-{scripts}")
    page.goto("/stop/wrong")
    take(page, f"wrong-{scripts}")
    assert page.locator("main").bounding_box()["width"] <= 390
    assert any(told) and not any("stop" in address for address in told)
