// The review page tells that somebody reads it, while they do; and shows who else does.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
    const page = document.getElementById("review");
    const banner = document.getElementById("readers");
    const token = document.querySelector("#review input[name=csrfmiddlewaretoken]");
    if (!page || !page.dataset.open || !token) return;
    const EVERY = 45000;
    let seen = "";
    let told = 0;
    let busy = false;
    const form = (what) => {
        const data = new FormData();
        data.append("csrfmiddlewaretoken", token.value);
        data.append("what", what);
        data.append("seen", seen);
        return data;
    };
    const tell = async () => {
        if (busy || document.hidden) return;
        busy = true;
        told = Date.now();
        try {
            const answer = await fetch(page.dataset.open, { method: "POST", body: form("open"), credentials: "same-origin", keepalive: true });
            if (answer.ok) {
                const said = await answer.json();
                seen = said.seen;
                const words = said.readers.length ? `${said.readers.join(". ")}.` : "";
                if (banner.textContent !== words) banner.textContent = words;
                banner.hidden = !words;
            }
        } catch { /* Nobody is held up by this: the next sign of life tells it. */ }
        busy = false;
    };
    // Only a reader at work counts: without a movement the item is free again after four minutes.
    const alive = () => { if (Date.now() - told > EVERY) tell(); };
    ["keydown", "pointermove", "pointerdown", "scroll"].forEach((name) => document.addEventListener(name, alive, { passive: true }));
    document.addEventListener("visibilitychange", alive);
    window.addEventListener("pagehide", () => { if (seen) navigator.sendBeacon(page.dataset.open, form("left")); });
    window.addEventListener("pageshow", (event) => { if (event.persisted) tell(); });
    tell();
});
