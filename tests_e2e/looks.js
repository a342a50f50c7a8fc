// What a page must not have: fields without a name, text too faint to read, short words and numbers broken in two.
() => {
    const fields = "#content :is(input:not([type=hidden]), select, textarea, button)";
    const nameless = [...document.querySelectorAll(fields)].filter((one) => one.offsetParent !== null
        && !(one.labels && one.labels.length) && !one.getAttribute("aria-label") && !one.textContent.trim());
    const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    const painted = new Map(); // colours and grounds are few, and reading a canvas takes its time
    const rgba = (colour) => {
        if (!painted.has(colour)) {
            canvas.clearRect(0, 0, 1, 1);
            canvas.fillStyle = colour;
            canvas.fillRect(0, 0, 1, 1);
            painted.set(colour, [...canvas.getImageData(0, 0, 1, 1).data]);
        }
        return painted.get(colour);
    };
    const over = (top, below) => below.map((v, i) => top[i] * top[3] / 255 + v * (1 - top[3] / 255));
    const grounds = new Map([[null, [255, 255, 255]]]);
    const ground = (one) => {
        if (!grounds.has(one)) grounds.set(one, over(rgba(getComputedStyle(one).backgroundColor), ground(one.parentElement)));
        return grounds.get(one);
    };
    const light = (rgb) => {
        const [r, g, b] = rgb.map((v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const broken = (one) => one.checkVisibility() && [...one.childNodes].some((node) => {
        const text = node.nodeType === 3 ? node.textContent.trim() : "";
        if (!text || text.length > 6 || /\s/.test(text)) return false;
        const range = document.createRange();
        range.selectNodeContents(node);
        return new Set([...range.getClientRects()].filter((box) => box.width).map((box) => Math.round(box.top))).size > 1;
    });
    const faint = [];
    for (const one of document.querySelectorAll('[class*="oc-"], [class*="oc-"] *')) {
        const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
        if (!own || one.offsetParent === null || one.matches(".oc-sr, option, kbd, [disabled]")) continue;
        if (broken(one)) faint.push(`broken ${one.className} ${one.textContent.trim()}`);
        const below = ground(one);
        const [a, b] = [light(over(rgba(getComputedStyle(one).color), below)), light(below)];
        const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (contrast < 4.5) faint.push(`${contrast.toFixed(2)} ${one.className} ${one.textContent.trim().slice(0, 40)}`);
    }
    return [...nameless.map((one) => one.outerHTML.slice(0, 120)), ...faint];
}
