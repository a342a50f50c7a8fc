// On every admin page: the offer to undo ends when the message may leave.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
    const undo = document.getElementById("undo-form");
    if (!undo) return;
    // Counted from when the page came: this machine's clock may be wrong by hours.
    const until = performance.now() + 1000 * (Number(undo.dataset.until) - Number(undo.dataset.now));
    const button = undo.querySelector("button");
    const words = button.firstChild;
    const label = words.textContent;
    const tick = () => {
        const left = Math.ceil((until - performance.now()) / 1000);
        if (left <= 0) { undo.hidden = true; return; }
        // Of what has a time of its own nobody counts the seconds.
        words.textContent = left > 600 ? label : `${label} (${left} s)`;
        setTimeout(tick, 500);
    };
    tick();
});
