// Before the approved text is copied, unchanged, the server is asked: a colleague may have it.
// Where the browser refuses to copy, the text is selected.
"use strict";
const MINUTE = 60000;
const copy = async (button) => {
    const field = document.getElementById(button.dataset.copy);
    const form = new FormData(button.form);
    form.append("act", "copy");
    let answer;
    try {
        answer = await fetch(window.location.href, {
            method: "POST", body: form, headers: { Accept: "application/json" }, credentials: "same-origin", redirect: "manual",
        });
    } catch {
        button.textContent = "Not copied: the server does not answer. Try again";
        return;
    }
    if (answer.status !== 204) {
        window.location.reload(); // it says why, and who has it
        return;
    }
    button.dataset.asked = Date.now();
    field.select();
    try {
        await navigator.clipboard.writeText(field.value);
        button.textContent = "Copied";
    } catch {
        button.textContent = "Selected: press Ctrl+C";
    }
};
document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    event.preventDefault();
    copy(button);
});
// Ctrl+C in the text asks as the button does, unless that has just asked.
document.addEventListener("copy", (event) => {
    const button = event.target.id && document.querySelector(`[data-copy="${event.target.id}"]`);
    if (!button || Date.now() - Number(button.dataset.asked || 0) < MINUTE) return;
    event.preventDefault();
    copy(button);
});
