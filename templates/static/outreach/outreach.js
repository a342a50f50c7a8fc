// On every admin page: the offer to undo ends when the message may leave.
"use strict";
// The letter on the key; where it writes another script (Hebrew, Russian), the one of its place.
const outreachLetter = (event) => {
    if (event.key === "؟") return "?";
    const isOther = /^\p{L}{1,2}$/u.test(event.key) && !/\p{Script=Latin}/u.test(event.key);
    if (isOther && /^Key[A-Z]$/.test(event.code)) return event.code.slice(3).toLowerCase();
    return event.key.length === 1 ? event.key.toLowerCase() : "";
};
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
    // The key that stands on the button. The review page has its own keys, this one among them.
    if (document.getElementById("review")) return;
    document.addEventListener("keydown", (event) => {
        if (outreachLetter(event) !== "u" || event.ctrlKey || event.altKey || event.metaKey || event.repeat) return;
        if (event.target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
        if (undo.hidden || localStorage.getItem("outreach-review-keys") === "off") return;
        event.preventDefault();
        undo.requestSubmit();
    });
});
