// What was sent when the session had ended comes back after the log-in: it stays in this tab until
// its answer is here, and is gone with the tab. `#kept` stands on the pages that say it was not taken.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
    const STORE = "outreach-kept";
    const turned = document.getElementById("kept");
    const user = document.querySelector("meta[name=oc-user]")?.content ?? "";
    const read = () => {
        try { return JSON.parse(sessionStorage.getItem(STORE)); } catch { return null; }
    };
    const write = (entry) => {
        try { sessionStorage.setItem(STORE, JSON.stringify(entry)); } catch { /* No room: nothing is kept. */ }
    };
    const forget = () => { try { sessionStorage.removeItem(STORE); } catch { /* Nothing was kept. */ } };
    const line = (words, link, said) => {
        const found = document.createElement("p");
        found.className = "oc-banner oc-banner--warning";
        found.setAttribute("role", "alert");
        found.append(words);
        if (link) {
            const there = document.createElement("a");
            there.className = "oc-link";
            there.href = link;
            there.append(said);
            found.append(" ", there);
        }
        return found;
    };
    const entry = read();

    if (turned) {
        if (!entry) return;
        write({ ...entry, lost: true });
        const back = entry.fields ? " What you typed is kept in this tab" : "";
        const then = turned.dataset.then === "open" ? ":" : ", and comes back when you have logged in.";
        turned.replaceWith(turned.dataset.then === "open"
            ? line(`Nothing of it was done.${back && back + then}`, entry.page, "Open the page again")
            : line(`Your session had ended before this was sent: nothing of it was done.${back && back + then}`));
        return;
    }

    const KEPT = /^(text|hidden|textarea|select-one|datetime-local)$/;
    const put = (field, value) => {
        if (field.type === "checkbox") field.checked = value === field.value;
        else field.value = value;
        if (value) field.closest("details")?.setAttribute("open", "");
    };
    const restore = (form) => {
        // As it was sent, with the text it was about: what changed since is refused, not passed over.
        Object.entries(entry.fields).forEach(([name, value]) => {
            [...form.elements].filter((one) => one.name === name && KEPT.test(one.type)).forEach((one) => put(one, value));
            if (!/^(scheduled_for|no_time)$/.test(name)) return;
            document.querySelectorAll(`#approve-form [name=${name}]`).forEach((one) => put(one, value));
        });
        form.closest("details")?.setAttribute("open", "");
        form.prepend(line("Your session had ended, so this was not saved. Your words are back: send them now."));
        const field = form.querySelector("textarea");
        field?.focus({ preventScroll: true });
        form.scrollIntoView({ block: "start", behavior: "instant" });
    };
    const show = () => {
        const words = document.createElement("textarea");
        words.className = "oc-input";
        words.rows = 10;
        words.readOnly = true;
        words.setAttribute("aria-label", "What you had typed");
        words.value = entry.words;
        document.getElementById("content").prepend(
            line("Your session had ended, so this was not saved, and it cannot be sent any more. Copy what you need:"), words);
    };

    if (!entry?.lost || !entry.fields || entry.user !== user) forget();
    else if (entry.page.split("?")[0] !== window.location.pathname) {
        document.getElementById("content")?.prepend(
            line("Your session had ended, and what you typed was not saved.", entry.page, "Open its page: your words are back there."));
    } else {
        forget();
        const form = document.getElementById(entry.form);
        if (form) restore(form);
        else show();
    }

    document.addEventListener("submit", (event) => {
        const form = event.target;
        if (event.defaultPrevented || form.method !== "post" || !form.closest("#content")) return;
        const kept = { user, page: window.location.pathname + window.location.search, form: form.id };
        if (form.hasAttribute("data-keep")) {
            const fields = [...form.elements].filter((one) => one.name && one.name !== "csrfmiddlewaretoken" && KEPT.test(one.type));
            kept.fields = Object.fromEntries(fields.map((one) => [one.name, one.value]));
            kept.words = fields.filter((one) => one.type === "textarea").map((one) => one.value).join("\n\n");
        }
        write(kept);
    });
});
