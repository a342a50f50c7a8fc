// The button copies the approved text, unchanged; where the browser refuses, the text is selected.
"use strict";
document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try {
        await navigator.clipboard.writeText(field.value);
        button.textContent = "Copied";
    } catch {
        button.textContent = "Selected: press Ctrl+C";
    }
});
