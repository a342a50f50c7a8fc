"""The writer's signature: a word of parting, then to the end only a name and how to reach it.

A line that merely begins with "Thanks" begins none, and neither does one with a sentence below it:
the telephone number there is somebody else's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from safety.contract.accounts import Span

MOST_LINES = 8  # below the word of parting, blank ones not counted

# In English, German, Spanish, French, Portuguese, Italian, Dutch and Chinese, without accents.
_FORMULA = (
    r"(?:(?:with |my |our )*(?:best|kind|warm|kindest|warmest|many|sincere)(?: and \w+)?"
    r" (?:regards|wishes|thanks|greetings)|all the best|best|warmly|kindly|cheers|regards"
    r"|sincerely(?: yours)?|(?:very truly )?yours(?: (?:sincerely|truly|faithfully))?|respectfully"
    r"|cordially|take care|(?:talk|speak|see you) soon|thanks|thank you|thx"
    r"|(?:mit )?(?:freundlich|best|herzlich|lieb|viel|schon)e[mnr]? (?:gru(?:ss|\u00df)e?n?|dank)"
    r"|gru(?:ss|\u00df)e?|[lvb]g|mfg|danke"
    r"|(?:un )?(?:cordial(?:es)? |muchos )?saludos?(?: cordial(?:es)?)?|atentamente"
    r"|(?:un )?(?:fuerte )?abrazo|(?:muchas )?gracias|(?:bien )?cordialement|bien a (?:vous|toi)"
    r"|(?:mes )?(?:meilleures|cordiales|sinceres) salutations|amicalement|merci(?: d'avance)?"
    r"|atenciosamente|(?:um )?abracos?|(?:com )?(?:os )?(?:melhores )?cumprimentos|obrigad[oa]"
    r"|(?:cordiali |distinti |cari )?saluti|grazie(?: mille)?|k?br|b?rgds|mvg|mvh"
    r"|(?:met )?(?:vriendelijke |hartelijke )?groet(?:en|jes)?"
    r"|\u6b64\u81f4|\u656c\u793c|\u81f4\u656c|\u795d\u597d|\u8c22\u8c22|\u987a\u9882\u5546\u797a)"
)
PARTING = re.compile(rf"--$|\W*+(?:{_FORMULA}(?!\w)[,.! ]*(?:and |und |y |et |e )?){{1,2}}", re.I)
_TALK = re.compile(r"[^.!?:@\d\n]{1,40}[.!,]*")  # "Thanks for your time today."
_NAME = re.compile(r"\s*[-~]*\s*[^\W\d_a-z][\w.'-]*(?: [^\W\d_a-z][\w.'-]*){0,3},?\s*")
# What may stand below a signature; nothing from there on is the writer's.
_BELOW = re.compile(
    r"^[ \t]*(?:>|[-_*]{3,}|p\.? ?s\.?\b|sent from|gesendet|envoye d|enviado d|inviato d"
    r"|this (?:e-?)?(?:mail|message)|unsubscribe|to (?:stop|unsubscribe|opt)|reply stop"
    r"|(?:on|el|le|am|em|il)\b[^\n]{4,160}:\s*$|(?:from|von|de|da): )",
    re.I | re.M,
)
_WAY = re.compile(  # to reach somebody
    r"\b(?:she|he|they)/(?:her|him|them)\b|\S+@\S+|(?:https?://|www\.)\S+"
    r"|[\w-]+(?:\.[\w-]+)*\.(?:[a-z]{2,3}|example)(?:/\S*)?(?!\w)"
    r"|\+?\(?\d[\d ().\-/]{4,}\d(?: ?(?:x|ext\.?) ?\d+)?"
)
_PIECE = re.compile(r"[^\s,|/\u2022\u00b7&()*<>\[\]-]+")
_LABEL = re.compile(
    r"t|p|m|f|e|o|d|w|c|tel|telephone|phone|mobile|mob|cell|fax|direct|office|main|email|mail"
    r"|web|website|linkedin|skype|whatsapp|wechat|twitter|instagram|ext|address|meeting"
    r"|calendar|call|pronouns|telefon|handy|mobil|telefono|movil|correo|portable|courriel"
    r"|telemovel|celular|cellulare|fisso|sito|site|vat|hrb|sitz|\u7535\u8bdd|\u624b\u673a"
    r"|\u90ae\u7bb1|\u5fae\u4fe1|\u5730\u5740|\u4f20\u771f"
)
_JOINER = re.compile(
    r"of|and|the|for|at|in|a|an|to|de|la|le|les|des|du|der|die|das|und|fur|von|van|zu|y|e|et"
    r"|da|do|dos|di|del|della|dell|los|las|con"
)
_WORK = re.compile(  # words of a post that are often written small
    r"account|accounts|advisor|agent|analyst|architect|area|assistant|associate|board|business"
    r"|chief|communications|community|consultant|coordinator|creative|customer|data|deputy"
    r"|design|designer|developer|development|digital|director|editor|engineer|engineering"
    r"|events|executive|finance|founder|general|global|growth|head|human|international|junior"
    r"|lead|legal|manager|managing|marketing|member|office|officer|operations|owner|partner"
    r"|partnerships|people|president|press|product|program|project|public|recruiter|recruiting"
    r"|regional|relations|representative|research|resources|sales|senior|service|services"
    r"|software|specialist|strategy|success|support|team|technical|technology|trainee|vice"
    r"|ventas|gerente|directora|jefe|jefa|comercial|commercial|commerciale|directeur|directrice|responsable|chef"
    r"|vendas|diretor|diretora|vendite|direttore|direttrice|responsabile"
)
_ASKS = re.compile(  # what tells the reader to do something is no signature
    r"call|ring|contact|reach|write|ask|please|tell|meet|speak|text|try|llame|llama|contacte"
    r"|appelez|contactez|rufen|kontaktieren|ligue|contate|chiama|contatti"
)
_KNOWN = (_LABEL, _JOINER, _WORK)
_MOST_PIECES, _LONGEST_LINE = 10, 160
_LONGEST_WORD = 12  # letters of a script without capitals, which writes no blanks


def signature(cased: str) -> Span:
    """Where the signature of a folded text begins and ends; empty, at its end, if it has none."""
    if "\n" not in cased:  # it stands below something
        return len(cased), len(cased)
    below = _BELOW.search(cased)
    for end in (len(cased), below.start() if below else 0):
        seen: list[str] = []  # from below
        for start, line in _lines_up(cased, end):
            if _parts(line, seen[::-1]) and cased[:start].strip():
                return start, end
            seen.append(line)
            if len(seen) > MOST_LINES or not _is_signed(line, is_first=True):
                break
    return len(cased), len(cased)


def closings(cased: str) -> Iterator[Span]:
    """Each word of parting that is a line, with the names and ways to reach them below it.

    Wherever it stands: notices and answers to other letters may follow.
    """
    lines = [found for found in re.finditer(r"[^\n]*\n|[^\n]+$", cased) if found[0].strip()]
    at = 0
    while at < len(lines):
        parting, at = lines[at], at + 1
        if not PARTING.fullmatch(parting[0].strip()):
            continue
        first, end = at, parting.end()
        while at < min(len(lines), first + MOST_LINES):
            line = lines[at]
            is_first = at == first
            gap = cased.count("\n", end, line.start())
            if gap > is_first or not _is_signed(line[0].strip(), is_first=is_first):
                break
            at, end = at + 1, line.end()
        yield parting.start(), end


def _lines_up(text: str, end: int) -> Iterator[tuple[int, str]]:
    """The lines above a place that hold something, the last one first, with their beginnings."""
    while end := len(text[:end].rstrip()):
        start = text.rfind("\n", 0, end) + 1
        yield start, text[start:end].lstrip()
        end = start


def _parts(line: str, below: Sequence[str]) -> bool:
    """Whether a line is the word of parting of what stands below it."""
    parting = PARTING.match(line)
    if not parting:
        return False
    if not all(_is_signed(each, is_first=not at) for at, each in enumerate(below)):
        return False
    rest = line[parting.end() :].strip()
    if not rest:
        return True
    if parting[0].rstrip()[-1] in ",.!":
        return _is_signed(rest)
    return bool(below and _TALK.fullmatch(rest) and _NAME.fullmatch(below[0]))


def _is_signed(line: str, *, is_first: bool = False) -> bool:
    """Whether a line holds only a name, a post, a firm, an address, or ways to reach somebody."""
    if len(line) > _LONGEST_LINE:
        return False
    pieces = _PIECE.findall(_WAY.sub(" ", re.sub(r"\s+:", ":", line)))
    if is_first and len(pieces) <= 2 and all(piece.isalpha() for piece in pieces):
        return not any(_ASKS.fullmatch(piece.lower()) for piece in pieces)
    return len(pieces) <= _MOST_PIECES and all(map(_is_of_signature, pieces))


def _is_of_signature(piece: str) -> bool:
    word = piece.lower().strip(".:'\"")
    if piece.endswith(":"):
        return bool(_LABEL.fullmatch(word))
    if piece[-1] in "!?;" or _ASKS.fullmatch(word):
        return False
    is_name = piece[0].isdigit() or piece[0].isupper()
    has_no_capitals = piece.upper() == piece.lower() and len(piece) <= _LONGEST_WORD
    return is_name or has_no_capitals or any(known.fullmatch(word) for known in _KNOWN)
