// Looks once a second until nothing is in flight. Each look is a short request of its own.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
    const page = document.getElementById("stop-progress");
    const form = document.getElementById("look-form");
    const words = document.getElementById("stop-sentence");
    if (!page || page.dataset.stopped === "yes") return;
    const list = (name, rows) => {
        const place = document.getElementById(name);
        place.replaceChildren(...(rows.length ? rows : [null]).map((row) => {
            const line = document.createElement("li");
            line.textContent = row ? `Delivery ${row.delivery} of #${row.approval} by ${row.channel}` : place.dataset.none;
            return line;
        }));
        const around = place.closest("[data-list]"); // where a list is only shown with something in it
        if (around) around.hidden = !rows.length;
    };
    const look = async () => {
        try {
            const answer = await fetch(window.location.href, {
                method: "POST", body: new FormData(form), headers: { Accept: "application/json" }, credentials: "same-origin",
            });
            if (!answer.ok) throw new Error(String(answer.status));
            const report = await answer.json();
            if (words.textContent !== report.sentence) words.textContent = report.sentence;
            const names = ["may_have_left", "left_meanwhile", "unknown_before", "still_open"];
            names.forEach((name) => list(name, report[name]));
            const nothing = document.getElementById("nothing");
            if (nothing) nothing.hidden = names.some((name) => report[name].length);
            if (report.over && !report.stopped) return; // lifted since
            if (report.stopped) {
                page.dataset.stopped = "yes";
                words.className = "oc-banner oc-banner--success";
                return;
            }
        } catch {
            words.textContent = "The stop is set, but this page cannot look now. Press “Look again”, or run manage.py control --status on the host.";
        }
        setTimeout(look, 1000);
    };
    look();
});
