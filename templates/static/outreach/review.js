// The review page's keys: A E C R S B, J/K, U, ?. Off while typing; the switch is remembered here.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
    const STORE = "outreach-review-keys";
    const DOUBLE = 400; // milliseconds: a second press within them belongs to the first
    const page = document.getElementById("review");
    const keys = document.getElementById("keys");
    const say = document.getElementById("say");
    const end = document.getElementById("message-end");
    const state = document.getElementById("keys-state");
    const isOn = () => localStorage.getItem(STORE) !== "off";

    const showState = () => {
        state.textContent = isOn() ? "on" : "off";
        document.getElementById("keys-switch").textContent = isOn() ? "Switch keys off" : "Switch keys on";
    };
    document.getElementById("keys-switch").addEventListener("click", () => {
        localStorage.setItem(STORE, isOn() ? "off" : "on");
        showState();
    });
    document.getElementById("keys-open").addEventListener("click", () => keys.showModal());
    document.getElementById("keys-close").addEventListener("click", () => keys.close());
    showState();

    // The end of the text must have been in sight before a key may approve it.
    // "In sight" means above the bar of actions, which floats over the foot of the page.
    let seen = !end;
    const bar = document.querySelector(".oc-bar");
    const floor = () => (bar ? Math.min(bar.getBoundingClientRect().top, window.innerHeight) : window.innerHeight);
    // What is folded away has no place on the page: it is in no sight, wherever its end is said to be.
    const fold = end && end.closest("details");
    const look = () => { seen = seen || ((!fold || fold.open) && end.getBoundingClientRect().bottom <= floor()); };
    document.addEventListener("scroll", () => { if (end) look(); }, { passive: true });

    // Where its author would go on: behind the last own word, before what every letter ends with.
    const FOOT = "\n\n-- \n";
    const goOn = (field) => {
        if (field.id !== "edit-text" || field.dataset.caret) return;
        field.dataset.caret = "set";
        const foot = field.value.lastIndexOf(FOOT);
        field.setSelectionRange(foot < 0 ? field.value.length : foot, foot < 0 ? field.value.length : foot);
    };
    const open = (name, focus) => {
        const part = document.getElementById(name);
        if (!part) return;
        part.open = true;
        part.scrollIntoView({ block: "center" });
        const field = document.getElementById(focus) || part.querySelector("summary");
        goOn(field);
        field.focus();
    };
    document.querySelectorAll("[data-opens]").forEach((button) => {
        button.addEventListener("click", () => open(button.dataset.opens, button.dataset.focus));
    });
    document.querySelectorAll("select[data-fills]").forEach((select) => {
        select.addEventListener("change", () => {
            const field = document.getElementById(select.dataset.fills);
            field.value = select.value;
            field.focus();
        });
    });

    // Personal data is masked until asked for. Everything is in the page; nothing is fetched.
    const masked = () => [...document.querySelectorAll("#review .oc-private")].filter((one) => !one.dataset.seen);
    const unmask = (one, on) => {
        const button = one.nextElementSibling;
        one.classList.toggle("is-shown", on);
        button.setAttribute("aria-pressed", String(on));
        button.setAttribute("aria-label", on ? "Mask these words again" : "Show the masked words");
        button.textContent = on ? "mask" : "show";
        if (on) one.dataset.seen = "yes";
        if (!masked().length) {
            const seen = document.getElementById("seen-private");
            if (seen) seen.value = "1";
        }
    };
    document.querySelectorAll("#review .oc-show").forEach((button) => {
        const one = button.previousElementSibling;
        button.addEventListener("click", () => unmask(one, !one.classList.contains("is-shown")));
    });
    const unread = () => {
        const left = masked();
        if (!left.length) return false;
        left.forEach((one) => unmask(one, true));
        left[0].scrollIntoView({ block: "center" });
        say.textContent = "Personal data was masked. Read it, then approve.";
        return true;
    };

    // One decision per page: a second press while the first is on its way does nothing.
    let sent = false;
    document.querySelectorAll("form[method=post]").forEach((form) => {
        form.addEventListener("submit", (event) => {
            if (form.id === "approve-form" && holds()) { event.preventDefault(); return; }
            if (sent) event.preventDefault();
            sent = true;
        });
    });
    window.addEventListener("pageshow", () => { sent = false; });
    document.addEventListener("outreach:stays", () => { sent = false; }); // asked before words were lost

    // What is said of the time holds for an edit that is saved and approved, too.
    document.querySelectorAll("#approve-form [name=scheduled_for], #approve-form [name=no_time]").forEach((field) => {
        const twin = document.querySelector(`#edit-form [name=${field.name}]`);
        field.addEventListener("input", () => {
            twin.value = field.type === "checkbox" && !field.checked ? "" : field.value;
        });
    });

    // A half-typed edit is neither approved nor thrown away: its author says which. Compared with what
    // is saved: after a refusal the field comes with what was typed.
    const typed = () => [...document.querySelectorAll("#edit-form .oc-input")].some(
        (field) => field.value !== (field.dataset.saved ?? field.defaultValue));
    const other = () => [["return", "feedback", "You typed what should change: send it back"],
        ["reject", "reason", "You typed why to reject it: reject it"],
        ["block", "block-reason", "You typed why to block them: block them"],
    ].find(([, field]) => document.getElementById(field)?.value.trim());
    // Why this press, of the key or the button, does not approve yet. What it shows, the next press
    // may approve; a double click is one press. No field gets the focus: a hasty second press of the
    // key would be a letter in it.
    let shown = 0;
    const holds = () => {
        if (typed()) {
            open("edit");
            say.textContent = "Your edit is not saved: save and approve it here, or discard it first.";
            return true;
        }
        const begun = other();
        if (begun) {
            open(begun[0]);
            say.textContent = `${begun[2]} here, or empty the field first.`;
            return true;
        }
        if (Date.now() - shown < DOUBLE) return true;
        if (end) look();
        if (!seen) {
            say.textContent = "Read it to the end, then approve it."; // first: on a phone the bar grows by it
            if (fold) fold.open = true;
            const below = end.getBoundingClientRect().bottom - floor();
            window.scrollBy({ top: below + 16, behavior: "instant" });
            look();
        } else if (!unread()) return false;
        shown = Date.now();
        return true;
    };
    const approve = () => {
        const button = document.getElementById("approve");
        if (!button) return;
        if (button.disabled) say.textContent = "It cannot be approved as it stands.";
        else button.form.requestSubmit(button);
    };
    // What was refused stands open with its words, and typing goes on where it was.
    const refused = document.querySelector("[data-refused]");
    if (refused) {
        const field = document.getElementById(refused.dataset.refused);
        goOn(field);
        field.focus({ preventScroll: true });
        refused.scrollIntoView({ block: "start", behavior: "instant" });
    } else if (document.activeElement === document.body) {
        // After a decision the next item stands here: whoever listens to the page hears whom it is to.
        document.getElementById("to").focus({ preventScroll: true });
    }

    const go = (address, words) => {
        if (address) window.location.assign(address);
        else if (say) say.textContent = words;
    };
    const skip = () => go(page.dataset.next, "Nothing else waits in this list. This one stays where it is.");
    const only = document.querySelector("button#skip");
    if (only) only.addEventListener("click", skip);
    const acts = {
        a: approve,
        e: () => open("edit", "edit-text"),
        c: () => open("return", "feedback"),
        r: () => open("reject", "reason"),
        b: () => open("block", "block-reason"),
        s: skip,
        j: () => go(page.dataset.next, "This is the last one."),
        k: () => go(page.dataset.previous, "This is the first one."),
        u: () => { const undo = document.getElementById("undo-form"); if (undo && !undo.hidden) undo.requestSubmit(); },
        "?": () => keys.showModal(),
    };

    // In a field: Enter never decides by accident, Ctrl or Cmd with it presses the form's first button.
    document.querySelectorAll("#decide form").forEach((form) => {
        form.addEventListener("keydown", (event) => {
            if (event.key !== "Enter" || event.isComposing || event.target.tagName === "BUTTON") return;
            if (event.ctrlKey || event.metaKey) {
                const button = form.querySelector("button");
                event.preventDefault();
                if (button && isOn() && !event.repeat) form.requestSubmit(button);
            } else if (event.target.tagName === "INPUT") event.preventDefault();
        });
    });

    document.addEventListener("keydown", (event) => {
        if (event.key === "Escape" && document.activeElement) document.activeElement.blur();
        if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing || event.repeat) return;
        if (keys.open) return;
        const where = event.target;
        if (where.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(where.tagName)) return;
        const letter = outreachLetter(event);
        if (!isOn() && letter !== "?") return;
        const act = acts[letter];
        if (!act) return;
        event.preventDefault();
        event.stopPropagation();
        act();
    }, true);
});
