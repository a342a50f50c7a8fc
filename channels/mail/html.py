"""HTML mail as plain text: what a reader sees, quoted blocks marked with `>`."""

from __future__ import annotations

from html.parser import HTMLParser

_BREAKS = frozenset(("p", "br", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "table"))
_UNSEEN = frozenset(("script", "style", "head", "title", "template"))


def to_text(html: str) -> str:
    """The words of `html`, one line per block."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.out).split("\n"))
    return "\n".join(lines).strip("\n")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.out: list[str] = []
        self.unseen = 0
        self.quoted = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNSEEN:
            self.unseen += 1
        elif tag == "blockquote":
            self.quoted += 1
            self._break()
        elif tag in _BREAKS:
            self._break()

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNSEEN:
            self.unseen = max(0, self.unseen - 1)
        elif tag == "blockquote":
            self.quoted = max(0, self.quoted - 1)
            self._break()
        elif tag in _BREAKS and tag != "br":
            self._break()

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.out.append(" ".join(data.split("\n")))

    def _break(self) -> None:
        self.out.append("\n" + "> " * min(self.quoted, 1))
