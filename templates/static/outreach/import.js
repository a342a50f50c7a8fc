// Follows a running import once a second; the page is read anew when it has moved on.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
    const place = document.getElementById("import-progress");
    if (!place) return;
    const bar = place.querySelector("progress");
    const words = place.querySelector("[data-words]");
    const look = async () => {
        try {
            const answer = await fetch(place.dataset.look, { headers: { Accept: "application/json" }, credentials: "same-origin" });
            if (!answer.ok) throw new Error(String(answer.status));
            const said = await answer.json();
            if (said.status !== place.dataset.status) { window.location.reload(); return; }
            if (said.total) { bar.max = said.total; bar.value = said.done; }
            if (words.textContent !== said.sentence) words.textContent = said.sentence;
        } catch {
            words.textContent = "This page cannot look now; the import goes on. It tries again.";
        }
        setTimeout(look, 1000);
    };
    look();
});
