"""What a file can be, by its ending, its declared media type and its first bytes. Pure.

Tables only; what follows from them is judged in `safety.attachments`.
"""

from __future__ import annotations

import re

UNKNOWN_TYPE = "application/octet-stream"  # says nothing, so it is wrong for no file

# First bytes → what it is. Longer beginnings first where one contains another.
MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"MZ", "program"),
    (b"\x7fELF", "program"),
    (b"\xca\xfe\xba\xbe", "program"),  # Mach-O for several machines, and Java classes
    (b"\xce\xfa\xed\xfe", "program"),
    (b"\xcf\xfa\xed\xfe", "program"),
    (b"\xfe\xed\xfa", "program"),
    (b"\x00asm", "program"),
    (b"dex\n", "program"),
    (b"L\x00\x00\x00\x01\x14\x02\x00", "program"),  # a Windows shortcut runs what it points at
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF87a", "image"),
    (b"GIF89a", "image"),
    (b"II*\x00", "image"),
    (b"MM\x00*", "image"),
    (b"\x00\x00\x01\xba", "video"),
    (b"\x1aE\xdf\xa3", "video"),
    (b"FLV\x01", "video"),
    (b"ID3", "audio"),
    (b"OggS", "audio"),
    (b"fLaC", "audio"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"Rar!\x1a\x07", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"\x1f\x8b", "archive"),
    (b"\xfd7zXZ\x00", "archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old office"),
)
# Beginnings that are plain letters begin texts, too ("MZ Motorräder"): they prove something only
# beside a byte that no text holds. Each of these formats has one in its first 64: an MZ program
# says there where its Windows part begins, and four letters would be a place behind 150 MB.
LETTERS = (b"MZ", b"dex\n", b"GIF8", b"ID3", b"OggS", b"fLaC")
_NO_TEXT = re.compile(rb"[^\t\n\r\x20-\xff]")
_BZIP = re.compile(rb"BZh[1-9](?:1AY&SY|\x17rE8P)")
_SCRIPT = re.compile(rb"#![ \t]*/")
# Where a reader of pages or PDFs begins to read: behind a byte order mark and blanks.
_LEADING = re.compile(rb"(?:\xef\xbb\xbf|[\t\n\x0b\f\r \0])+")
_MARKUP = re.compile(rb"\{\\rtf|<[a-z!?]|.*<(?:html|svg|script|iframe|!doctype)\b", re.S | re.I)

# What runs, is shown as a page that can hold script, or is brought back by Gmail for either.
PROGRAM_ENDINGS = frozenset(
    {
        "exe", "com", "bat", "cmd", "msi", "msp", "mst", "scr", "pif", "cpl", "dll", "sys", "vxd",
        "lnk", "url", "scf", "ex", "ex_", "lib", "cab", "diagcab", "diagcfg", "diagpkg", "msc",
        "js", "jse", "mjs", "vb", "vbs", "vbe", "ws", "wsc", "wsf", "wsh", "hta", "htc", "sct",
        "shb", "ps1", "psm1", "reg", "inf", "ins", "isp", "nsh", "jnlp", "ade", "adp", "mde",
        "jar", "class", "wasm", "apk", "ipa", "app", "dmg", "pkg", "deb", "rpm", "appimage", "run",
        "bin", "sh", "bash", "zsh", "csh", "ksh", "tcl", "shar", "command", "py", "pyc", "pyo",
        "pyw", "pyz", "pl", "rb", "php", "iso", "img", "vhd", "vhdx",
        "docm", "dotm", "xlsm", "xltm", "xlam", "pptm", "potm", "ppam", "ppsm", "sldm", "xll",
        "chm", "html", "htm", "xhtml", "xht", "xhtm", "shtml", "svg", "svgz", "xsl", "xslt", "mht",
        "mhtml", "swf", "one", "theme", "gadget", "msix", "msixbundle", "appx", "appxbundle",
    }
)  # fmt: skip
# Media types that run, or are shown as pages that can hold script. Whatever a file is called,
# some mail programs and browsers go by the type.
_RENDERS = re.compile(r"html|svg|(?:java|j|ecma|live|vb|tcl)script|macro-?enabled|flash|/xslt?\b")
_RUNS = re.compile(
    r"(?:text|application)/(?:x-)?(?:hta|ms-?download|ms-?dos-program|dosexec"
    r"|(?:pie-|ms-dos-)?executable|elf|sharedlib|object|mach-binary|(?:c|k|z|ba)?sh"
    r"|shellscript|shar|bat|msi|ms-installer|ms-shortcut|mswinurl|ms-application"
    r"|python(?:-code|-bytecode)?|perl|(?:httpd-)?php|ruby|tcl|powershell|wasm|java.*"
    r"|apple-diskimage|iso9660-image|deb(?:ian-package)?|rpm"
    r"|redhat-package-manager|component|silverlight.*)"
    r"|application/(?:postscript|vnd\.microsoft\.portable-executable"
    r"|vnd\.android\.package-archive|vnd\.debian\.binary-package"
    r"|vnd\.appimage|x-iso9660-appimage)"
)
_OOXML, _ODF = "application/vnd.openxmlformats-officedocument", "application/vnd.oasis.opendocument"
# Kind of content → endings it may stand behind, and the media types of those, ours first.
_ROWS: tuple[tuple[str, str, str], ...] = (
    ("image", "jpg jpeg", "image/jpeg image/jpg image/pjpeg"),
    ("image", "png", "image/png image/x-png"),
    ("image", "gif", "image/gif"),
    ("image", "bmp", "image/bmp image/x-bmp image/x-ms-bmp"),
    ("image", "tif tiff", "image/tiff"),
    ("image", "webp", "image/webp"),
    ("image", "heic", "image/heic image/heif"),
    ("image", "avif", "image/avif"),
    ("video", "mp4 m4v", "video/mp4 video/x-m4v"),
    ("video", "mov", "video/quicktime"),
    ("video", "avi", "video/x-msvideo video/avi video/msvideo video/vnd.avi"),
    ("video", "mkv", "video/x-matroska video/matroska"),
    ("video", "webm", "video/webm"),
    ("video", "mpg mpeg", "video/mpeg"),
    ("video", "3gp", "video/3gpp"),
    ("video", "flv", "video/x-flv"),
    ("audio", "mp3", "audio/mpeg audio/mp3"),
    ("audio", "ogg oga opus", "audio/ogg audio/opus application/ogg"),
    ("audio", "flac", "audio/flac audio/x-flac"),
    ("audio", "wav", "audio/wav audio/x-wav audio/wave audio/vnd.wave"),
    ("audio", "m4a", "audio/mp4 audio/x-m4a audio/m4a"),
    ("audio", "aac", "audio/aac audio/x-aac"),
    ("zip", "docx", f"{_OOXML}.wordprocessingml.document"),
    ("zip", "xlsx", f"{_OOXML}.spreadsheetml.sheet"),
    ("zip", "pptx", f"{_OOXML}.presentationml.presentation"),
    ("zip", "odt", f"{_ODF}.text"),
    ("zip", "ods", f"{_ODF}.spreadsheet"),
    ("zip", "odp", f"{_ODF}.presentation"),
    ("zip", "epub", "application/epub+zip"),
    ("zip", "zip", "application/zip application/x-zip-compressed application/x-zip"),
    ("old office", "doc", "application/msword"),
    ("old office", "xls", "application/vnd.ms-excel application/msexcel"),
    ("old office", "ppt", "application/vnd.ms-powerpoint application/mspowerpoint"),
    ("old office", "msg", "application/vnd.ms-outlook"),
    ("text", "txt", "text/plain"),
    ("text", "csv", "text/csv application/csv text/x-csv text/comma-separated-values text/plain"
                    " application/vnd.ms-excel"),  # so Windows with Excel calls it
    ("text", "ics", "text/calendar text/plain"),
    ("text", "vcf", "text/vcard text/x-vcard text/directory text/plain"),
    ("text", "md", "text/markdown text/x-markdown text/plain"),
    ("text", "json", "application/json text/json text/plain"),
    ("text", "xml", "application/xml text/xml text/plain"),
    ("text", "eml", UNKNOWN_TYPE),  # message/rfc822 may not be carried as bytes (RFC 2046, 5.2.1)
    ("text", "rtf", "application/rtf text/rtf application/x-rtf"),
    ("archive", "rar", "application/vnd.rar application/x-rar-compressed application/x-rar"),
    ("archive", "7z", "application/x-7z-compressed"),
    ("archive", "gz tgz", "application/gzip application/x-gzip application/x-tar"
                          " application/x-gtar application/x-compressed-tar"),
    ("archive", "bz2", "application/x-bzip2 application/bzip2 application/x-tar"),
    ("archive", "xz", "application/x-xz application/x-tar"),
    ("pdf", "pdf", "application/pdf application/x-pdf"),
)  # fmt: skip
KINDS = {ending: kind for kind, endings, _ in _ROWS for ending in endings.split()}
TYPES = {ending: tuple(types.split()) for _, endings, types in _ROWS for ending in endings.split()}
PACKED = frozenset({"zip", "rar", "7z", "gz", "tgz", "bz2", "xz"})
_MACROS = "look whether it asks to switch macros on when it is opened, or send it as a PDF"
_INSIDE = "look who wrote it, where its links lead and what hangs on it in turn"
# Ending → what may do something when such a file is opened, and what a person looks for.
ACTIVE: dict[str, str] = {
    **dict.fromkeys(("doc", "xls", "ppt"), f"an old office file can hold macros: {_MACROS}"),
    **dict.fromkeys(("odt", "ods", "odp"), f"an OpenDocument can hold macros: {_MACROS}"),
    **dict.fromkeys(("msg", "eml"), f"a whole message is inside: {_INSIDE}"),
    "rtf": "RTF can hold other files: look for anything in it that asks for a click",
    "xml": "XML can hold script: look for <script>, a stylesheet or an <!ENTITY> in it",
    "epub": "a book is made of pages that can hold script: look where it comes from",
}
MARKUP = "its content is HTML, XML or RTF: look for script, forms and links in it"


def ending_of(name: str) -> str:
    """What decides which program opens it: Windows overlooks dots and blanks behind it."""
    return name.rstrip(". ").lower().rpartition(".")[2]


def type_of(name: str) -> str:
    """The media type to give a file for which none was declared; never that of a page."""
    return TYPES.get(ending_of(name), (UNKNOWN_TYPE,))[0]


def runs(declared: str) -> bool:
    """Whether this media type, in lower case and without parameters, runs or renders script."""
    return bool(_RENDERS.search(declared) or _RUNS.fullmatch(declared))


def kind_of(head: bytes) -> str:
    """What content that begins so is: program, image, pdf, zip, markup, text … or empty."""
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"heic", b"heix", b"avif", b"mif1", b"msf1"):
            return "image"
        return "audio" if brand == b"M4A " else "video"
    if head[:4] == b"RIFF":
        return {b"WEBP": "image", b"AVI ": "video", b"WAVE": "audio"}.get(head[8:12], "")
    if head[:2] == b"BM" and head[6:10] == bytes(4):  # two letters alone are no proof
        return "image"
    is_text = _NO_TEXT.search(head) is None
    for beginning, kind in MAGIC:
        if head.startswith(beginning) and not (is_text and beginning.startswith(LETTERS)):
            return kind
    if _BZIP.match(head):
        return "archive"
    if head[:2] in (b"\xff\xfb", b"\xff\xf3", b"\xff\xf2", b"\xff\xf1"):
        return "audio"
    return _reading(head)


def _reading(head: bytes) -> str:
    """What a reader that passes over what stands before it would take it for."""
    if _SCRIPT.match(head):
        return "program"
    begun = _LEADING.match(head)
    rest = head[begun.end() :] if begun else head
    if rest.startswith(b"%PDF-"):
        return "pdf"
    if b"\0" in head:
        return ""
    return "markup" if _MARKUP.match(rest) else "text"
