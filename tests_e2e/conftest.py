"""A headless Chromium of this machine, a page for each who is asked for, logged in."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PASSWORD = "correct horse battery"

# Playwright's synchronous interface keeps an event loop in this thread; the tests' own few ORM
# calls between its steps are safe.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="package")
def chromium() -> Iterator[object]:
    """Ends with this folder: its event loop would be in the way of tests that start their own."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install -r requirements-dev"
    )
    if not Path(CHROMIUM).exists():
        pytest.skip(f"No Chromium at {CHROMIUM}: install it, or name it in CHROMIUM.")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Window:
    """A tab in a profile of its own, kept open from test to test: each new one reads and compiles
    all scripts, styles and fonts anew, which cost more than the tests. What a test leaves in it,
    cookies, rights and stored words, `leave` takes away."""

    def __init__(self, chromium, address: str) -> None:
        self.faults: list[str] = []
        self.address = address
        self._context = chromium.new_context(base_url=address)
        self._context.set_default_timeout(10_000)
        self.page = self._context.new_page()
        self.page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        self.page.on("console", self._hear)

    def _hear(self, told) -> None:
        if told.type == "error" and "status of 4" not in told.text:
            self.faults.append(told.text)

    def enter(self, name: str) -> None:
        client = Client()
        client.force_login(get_user_model().objects.get(username=name))
        cookie = settings.SESSION_COOKIE_NAME
        self._context.add_cookies(
            [{"name": cookie, "value": client.cookies[cookie].value, "url": self.address}]
        )

    def enter_by_form(self, name: str) -> None:
        self.page.goto("/admin/login/")
        self.page.fill("#id_username", name)
        self.page.fill("#id_password", PASSWORD)
        self.page.press("#id_password", "Enter")
        self.page.wait_for_selector("#content")

    def leave(self) -> None:
        self._context.clear_cookies()  # first: what the page still says when left, nobody says
        self._context.clear_permissions()
        self.page.goto("/static/outreach/outreach.css")
        self.page.evaluate("localStorage.clear(); sessionStorage.clear()")
        self.page.goto("about:blank")
        self.faults.clear()

    def close(self) -> None:
        self._context.close()


@pytest.fixture(scope="package")
def windows(chromium) -> list[Window]:
    return []


@pytest.fixture
def enter(chromium, windows, live_server) -> Iterator[Callable[..., object]]:
    """`enter(user, width=…, theme=…)`: a tab of somebody who is logged in, still empty.
    Faults in its console fail the test."""
    used: list[Window] = []

    def open_page(
        name: str,
        *,
        width: int = 1440,
        height: int = 1000,
        theme: str = "light",
        by_form: bool = False,
    ):
        if len(used) == len(windows):
            windows.append(Window(chromium, live_server.url))
        window = windows[len(used)]
        used.append(window)
        window.page.set_viewport_size({"width": width, "height": height})
        window.page.emulate_media(color_scheme=theme)
        window.enter_by_form(name) if by_form else window.enter(name)
        return window.page

    yield open_page
    faults = [fault for window in used for fault in window.faults]
    for window in used:
        try:
            window.leave()
        except Exception:  # the next test gets a new one; what broke this one is told by its test
            windows.remove(window)
            window.close()
    assert not faults, faults
