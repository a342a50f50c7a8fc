"""Takes the pictures of docs/tour.md anew, from a demo that runs:

make run PORT=8123            # in a fresh checkout; then, with what stands in var/demo_login:
python -m tests_e2e.pictures http://localhost:8123 demo-admin PASSWORD
"""

from __future__ import annotations

import sys

from playwright.sync_api import sync_playwright

from tests_e2e.conftest import ARGUMENTS, CHROMIUM
from tools.steps import ROOT

FOLDER = ROOT / "docs" / "pictures"
PAGES = {
    "overview": "/admin/",
    "queue": "/admin/approvals/approval/",
    "controls": "/admin/controls/",
}


def main() -> int:
    address, name, password = sys.argv[1:]
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        page = browser.new_page(
            viewport={"width": 1280, "height": 800}, base_url=address, color_scheme="light"
        )
        page.goto("/admin/login/")
        page.fill("#id_username", name)
        page.fill("#id_password", password)
        page.press("#id_password", "Enter")
        page.wait_for_selector("#content")
        for title, path in PAGES.items():
            page.goto(path)
            page.wait_for_load_state("networkidle")
            page.screenshot(path=FOLDER / f"{title}.png")
            if title == "queue":
                page.locator("#result_list tbody th a, #result_list tbody a").first.click()
                page.wait_for_load_state("networkidle")
                page.screenshot(path=FOLDER / "review.png")
        browser.close()
    for picture in sorted(FOLDER.glob("*.png")):
        print(f"{picture.relative_to(ROOT)}: {picture.stat().st_size // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
