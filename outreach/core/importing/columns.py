"""Which column of a file means what: header words in six languages, folded before comparing.

Pure. A word stands here only when it can mean one thing; `website` is not a profile and a bare
`id` is nobody's identity.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

WORDS: dict[str, str] = {
    "first_name": (
        "first name|firstname|given name|given names|forename|first|fname|vorname|rufname|prénom|"
        "prénoms|nombre de pila|nome proprio|primeiro nome|primo nome|voornaam|"
        "contact first name"
    ),
    "last_name": (
        "last name|lastname|surname|family name|last|lname|nachname|familienname|zuname|"
        "nom de famille|apellido|apellidos|cognome|sobrenome|apelido|último nome|achternaam|"
        "contact last name"
    ),
    "full_name": (
        "name|full name|fullname|display name|contact|contact name|person|person name|"
        "vollständiger name|kontakt|kontaktname|nom complet|nom et prénom|nombre completo|"
        "nombre y apellidos|contacto|nome completo|nome e cognome|contatto|contato|"
        "first and last name|vor- und nachname|volledige naam"
    ),
    "alone_or_part": "nom|nome|naam|nombre|nombres",
    "email": (
        "e-mail|email|e-mail address|email address|mail|mail address|emails|e-mails|"
        "primary email|work email|business email|email 1|e-mail 1|e-mail 1 - value|"
        "email 2|e-mail 2|e-mail 2 - value|e-mail 2 address|personal email|private email|"
        "e-mail-adresse|emailadresse|mailadresse|e-mail adresse|e-mail (geschäftlich)|"
        "adresse e-mail|adresse email|adresse mail|courriel|adresse courriel|mél|"
        "correo|correo electrónico|dirección de correo electrónico|dirección de correo|"
        "posta elettronica|indirizzo e-mail|indirizzo email|indirizzo di posta elettronica|"
        "endereço de e-mail|endereço de email|correio eletrónico|correio eletrônico"
    ),
    "phone": (
        "phone|phone number|telephone|telephone number|tel|tel.|mobile|mobile phone|"
        "mobile number|cell|cell phone|cellphone|phone 1 - value|work phone|business phone|"
        "primary phone|direct phone|telefon|telefonnummer|handy|handynummer|mobil|mobiltelefon|"
        "mobilnummer|rufnummer|téléphone|numéro de téléphone|portable|téléphone portable|"
        "teléfono|número de teléfono|móvil|teléfono móvil|celular|telefono|"
        "numero di telefono|cellulare|telefone|número de telefone|telemóvel|telefoon"
    ),
    "whatsapp": "whatsapp|whatsapp number|whatsapp phone|whatsapp-nummer",
    "instagram": "instagram|instagram name|instagram handle|instagram username|insta",
    "company": (
        "company|company name|organization|organisation|organization name|organization 1 - name|"
        "account|account name|employer|current company|firma|firmenname|unternehmen|"
        "arbeitgeber|entreprise|société|employeur|organisme|empresa|compañía|"
        "nombre de la empresa|organización|azienda|società|ditta|impresa|nome azienda|"
        "nome da empresa|organização|companhia|bedrijf"
    ),
    "position": (
        "position|title|job title|jobtitle|job|role|job position|occupation|headline|"
        "organization 1 - title|organization title|stelle|berufsbezeichnung|jobtitel|"
        "funktion|beruf|poste|fonction|titre|intitulé du poste|cargo|puesto|título|"
        "posición|posizione|ruolo|qualifica|mansione|posição|função|título do cargo|functie"
    ),
    "profile": (
        "linkedin|linkedin url|linkedin profile|linkedin profile url|linkedin-profil|"
        "linkedin page|person linkedin url|linkedin link|profil linkedin|perfil de linkedin|"
        "profilo linkedin|perfil do linkedin|public profile url|profile url|profile link"
    ),
    "url": "url|link|web address|profile|profil|perfil|profilo",
    "connected_on": (
        "connected on|connected|connection date|verbunden am|vernetzt am|kontakt seit|"
        "connecté le|en relation depuis|date de connexion|conectado el|conectado en|"
        "fecha de conexión|collegato il|data di collegamento|collegati il|conectado em|"
        "data da conexão|ligado em"
    ),
    "time_zone": (
        "time zone|timezone|tz|zeitzone|fuseau horaire|fuseau|zona horaria|huso horario|"
        "fuso orario|fuso horário|tijdzone"
    ),
    "country": (
        "country|country/region|country code|country or region|nation|land|staat|"
        "ländercode|pays|país|paese|nazione|code pays|código de país"
    ),
    "notes": (
        "notes|note|comment|comments|remarks|notiz|notizen|bemerkung|bemerkungen|anmerkung|"
        "anmerkungen|kommentar|remarque|remarques|commentaire|commentaires|nota|notas|"
        "observaciones|comentario|comentarios|osservazioni|commenti|commento|observações|"
        "comentários|opmerkingen"
    ),
}  # fmt: skip
IDENTIFYING = frozenset(
    {"first_name", "last_name", "full_name", "email", "phone", "whatsapp", "instagram", "profile"}
)
LINKEDIN = frozenset({"first_name", "last_name", "connected_on"})
LABELS = {
    "first_name": "first name",
    "last_name": "last name",
    "full_name": "name",
    "email": "e-mail",
    "time_zone": "time zone",
    "connected_on": "connected on",
    "profile": "profile",
    "url": "profile",
}
Columns = dict[str, tuple[int, ...]]


@lru_cache(maxsize=4096)
def fold(word: str) -> str:
    """A header word without case, accents, signs and spaces."""
    parts = unicodedata.normalize("NFKD", word.casefold().replace("ß", "ss"))
    return re.sub(r"[\W_]+", "", "".join(c for c in parts if not unicodedata.combining(c)))


MEANING = {fold(word): field for field, words in WORDS.items() for word in words.split("|")}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a header line means: column numbers by field, and the header words left unread."""

    columns: Columns
    unread: tuple[str, ...]

    @property
    def identifies(self) -> bool:
        return not IDENTIFYING.isdisjoint(self.columns)

    @property
    def is_linkedin(self) -> bool:
        return set(self.columns) >= LINKEDIN


def read_header(cells: Sequence[str]) -> Reading:
    """The meaning of each header cell. Of several columns the first filled one counts."""
    found: dict[str, list[int]] = {}
    unread = []
    for index, cell in enumerate(cells):
        field = MEANING.get(fold(cell))
        if field is None:
            if cell.strip():
                unread.append(cell.strip())
        else:
            found.setdefault(field, []).append(index)
    _settle_names(found)
    return Reading({field: tuple(indexes) for field, indexes in found.items()}, tuple(unread))


def _settle_names(found: dict[str, list[int]]) -> None:
    """Words that mean a part of the name beside its other part, and the whole name alone.

    `Nom` beside `Prénom` and `Name` beside `Vorname` are family names; `Nombre` beside
    `Apellidos` and `Nome` beside `Cognome` are given names.
    """
    alone = found.pop("alone_or_part", None)
    has_first, has_last = "first_name" in found, "last_name" in found
    if alone is not None:
        part = "last_name" if has_first and not has_last else "first_name"
        found.setdefault(part if has_first != has_last else "full_name", alone)
    elif has_first and not has_last and "full_name" in found:
        found["last_name"] = found.pop("full_name")


def twice(cells: Sequence[str]) -> str:
    """The header word that stands twice, or empty."""
    seen = set()
    for cell in cells:
        word = fold(cell)
        if word and word in seen:
            return cell.strip()
        seen.add(word)
    return ""
