"""A headless Chromium of this machine, one page per test, logged in as who is asked for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PASSWORD = "correct horse battery"

# Playwright's synchronous interface keeps an event loop in this thread; the tests' own few ORM
# calls between its steps are safe.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    """Ends with its module: its event loop would be in the way of tests that start their own."""
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="playwright is not installed: pip install -r requirements-dev"
    )
    if not Path(CHROMIUM).exists():
        pytest.skip(f"No Chromium at {CHROMIUM}: install it, or name it in CHROMIUM.")
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def enter(chromium, live_server) -> Iterator[Callable[..., object]]:
    """`enter(user, width=…, theme=…)`: a logged-in page; faults in its console fail the test."""
    contexts, faults = [], []

    def open_page(name: str, *, width: int = 1440, height: int = 1000, theme: str = "light"):
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=theme,
            base_url=live_server.url,
        )  # fmt: skip
        contexts.append(context)
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on(
            "console",
            lambda told: (
                faults.append(told.text)
                if told.type == "error" and "status of 4" not in told.text
                else None
            ),
        )
        page.goto("/admin/login/")
        page.fill("#id_username", name)
        page.fill("#id_password", PASSWORD)
        page.press("#id_password", "Enter")
        page.wait_for_selector("#content")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults, faults
