// Words that were typed and not saved are not left in silence: the browser asks. Compared with what is
// saved; what is being sent, what is discarded and the emergency stop are left without a question.
"use strict";
document.addEventListener("DOMContentLoaded", () => {
    const WORDS = /^(text|textarea|email|url|tel|search|number|date|time)$/;
    const CHOICES = /^(select-one|select-multiple|checkbox|radio)$/;
    const LOST = "Something else that you typed on this page is not saved, and is lost if you go on.";
    let gone = null; // the form that is on its way, or discarded; "all" where the reader said so
    const forms = () => [...document.querySelectorAll("#content form")].filter(
        (form) => form.method === "post" && form.id !== "changelist-form");
    const differs = (field) => {
        if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
        if (!field.options) return field.value !== (field.dataset.saved ?? field.defaultValue);
        const options = [...field.options];
        if (field.multiple) return options.some((one) => one.selected !== one.defaultSelected);
        return field.selectedIndex !== Math.max(0, options.findIndex((one) => one.defaultSelected));
    };
    // A choice is asked about where it is a setting; elsewhere it only helps to say something once.
    const isSettings = (form) => (form.getAttribute("id") ?? "").endsWith("_form") || form.hasAttribute("data-settings");
    // What was refused stands in its fields as if it were saved; of settings the page has one form then.
    const answers = document.querySelector("meta[name=oc-answer]") !== null && forms().filter(isSettings).length === 1;
    const typed = (form) => (answers && isSettings(form))
        || [...form.elements].some((field) => field.name && !field.readOnly && differs(field)
            && (WORDS.test(field.type) || (CHOICES.test(field.type) && isSettings(form))));
    const unsaved = (besides) => gone !== "all" && forms().some((form) => form !== besides && typed(form));

    document.addEventListener("submit", (event) => {
        const form = event.target;
        if (event.defaultPrevented || form.method !== "post") return;
        const known = gone;
        gone = null;
        const others = unsaved(form);
        gone = others ? "all" : form;
        if (!others || window.confirm(LOST)) return;
        gone = known;
        event.preventDefault();
        document.dispatchEvent(new Event("outreach:stays"));
    });
    document.addEventListener("click", (event) => {
        const named = event.target.closest("[data-discards]")?.dataset.discards;
        if (named) gone = document.getElementById(named) ?? "all";
    });
    document.addEventListener("input", () => { gone = null; });
    window.addEventListener("pageshow", () => { gone = null; });
    window.addEventListener("beforeunload", (event) => {
        if (unsaved(gone)) event.preventDefault();
    });
});
