"""What a job title says: how senior, and in which field. Pure; English, German, French, Spanish.

Of a title in another language nothing is claimed: its rank and field are spoken of as unknown.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

# Before "leiter" and "leitung"; a list, since a Halbleiter or a Zugbegleiter leads nobody.
LEADS = (
    r"abteilungs|bereichs|geschäftsbereichs|geschäftsstellen|haupt|fach|ressort|vertriebs|verkaufs|"
    r"marketing|kommunikations|personal|finanz|einkaufs|logistik|export|technik|qualitäts|service|"
    r"kundendienst|innendienst|außendienst|werks?|betriebs|produktions|fertigungs|entwicklungs|"
    r"standort|niederlassungs|regional|gebiets|länder|redaktions|kreativ|pflegedienst|klinik|schul|"
    r"instituts"
)


@dataclass(frozen=True, slots=True)
class Role:
    """Empty strings where the title does not say."""

    level: str = ""  # top, head, manager, senior, staff, junior
    field: str = ""  # a key of FIELDS


# The first that matches counts; helpers of the mighty come before the mighty.
LEVELS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("junior", r"\b(?:assistante?|assistenz|\w*assistent(?:in)?|asistente|secretary|"
         r"office of the|intern|internship|trainee|junior|jr|apprentice|praktikant(?:in)?|"
         r"werkstudent(?:in)?|stagiaire|student|graduate|becari[oa])\b(?!.{0,3}\b(?:professor|director|manager|vice))"),
        ("head", r"\b(?:vice[- ]?pr[eé]sident[ea]?|s?vp|evp|avp|managing editor)\b"),
        ("top", r"\b(?:chief\b.{0,40}\bofficer|c[efimoprst]o|ciso|co-?founder|founder|"
         r"founding partner|gründer(?:in)?|fondat(?:eur|rice)|fundador(?:a)?|owner"
         r"(?<!product owner)(?<!process owner)(?<!service owner)|inhaber(?:in)?|"
         r"dueñ[oa]|propietari[oa]|pr[eé]sident[ea]?|pdg|managing director|general manager|"
         r"geschäftsführer(?:in)?|geschäftsführende[rn]? gesellschafter(?:in)?|"
         r"(?:^|mitglied der )geschäfts(?:leitung|führung)|gérante?|"
         r"vorstand(?:smitglied|svorsitzende[rn]?)?|direct(?:eur|rice) générale?|"
         r"directora? general|consejer[oa] delegad[oa]|"
         r"managing partner|chair(?:man|woman|person)?|board member|"
         r"partner(?<!business partner)(?! (?:manager|success|marketing|sales|develop|account|"
         r"program|enable)))\b"),
        ("head", r"\b(?:head|director|directeur|directrice|directora?|direktor(?:in)?|"
         rf"(?:{LEADS})?leit(?:er(?:in)?|ung)|chef(?:arzt|ärztin)|dean|provost)\b"),
        ("manager", r"\b(?:manager|managerin|lead|team ?lead|principal|"
         r"(?:team|projekt|gruppen|schicht|filial|markt|bau)leit(?:er(?:in)?|ung)|prokurist(?:in)?|"
         r"cheff?e? de (?:projet|service|produit|secteur|groupe)|cheff?e? d'équipe|"
         r"supervisor|responsable|gerente|jefe|jefa|product owner|scrum master|coordinator)\b"),
        ("senior", r"\b(?:senior|sr|staff|expert|architect|architekt(?:in)?|professor|fellow|"
         r"consultant|\w*berater(?:in)?|ober(?:arzt|ärztin)|counsel|attorney|physician|advisor|"
         r"adviser)\b"),
    )
)  # fmt: skip
# The order decides between "Marketing Data Analyst" and the like: what is rarer comes first.
FIELDS: dict[str, re.Pattern[str]] = {
    name: re.compile(rf"\b(?:{pattern})", re.IGNORECASE)
    for name, pattern in {
        "legal": r"legal|counsel|attorney|lawyer|solicitor|jurist|rechtsanw|avocat|abogad|complian|"
        r"data protection|datenschutz|privacy",
        "security": r"security|ciso|infosec|cyber",
        "data": r"data|analytics|analyst|machine learning|\bml\b|\bai\b|statisti|scientist|bi\b|"
        r"daten|données|datos",
        "product": r"product|produkt|produit|producto",
        "design": r"design|ux\b|ui\b|creative|art director|gestalt",
        "engineering": r"engineer|developer|software|devops|\bsre\b|architect|technolog|technical|"
        r"cto\b|programm|entwickl|ingenieur|ingénieur|ingenier|informatik|it\b|infrastructure|cloud|"
        r"qa\b|tester",
        "marketing": r"marketing|brand|content|communicat|\bpr\b|press|media|growth|seo\b|cmo\b|"
        r"campaign|kommunikation|mercadeo|community",
        "people": r"human resources|\bhr\b|people|talent|recruit|personal(?:leit|entw)|chro\b|"
        r"learning|ressources humaines|recursos humanos",
        "finance": r"financ|account(?:ant|ing)|controll|cfo\b|audit|tax|treasur|invest|buchhalt|"
        r"steuer(?!ung)|bank|insurance|actuar|fund\b",
        "sales": r"sales|account (?:manager|executive|director)|business develop|vertrieb|ventes|"
        r"ventas|verk[aä]uf|comm?ercial|partner manager|customer|client|"
        r"partnership|revenue|cro\b|key account",
        "operations": r"operations|logisti|supply|procure|purchas|eink[aä]uf|achats|compras|"
        r"warehouse|plant|production|manufactur|quality|coo\b|proje[ck]t|program|office manager|"
        r"facilit|transport|opérations|operaciones|betrieb",
        "health": r"nurse|physician|doctor|clinic|medical|pharma|health|dentist|therap|hospital|"
        r"care\b",
        "education": r"teacher|professor|lecturer|school|university|educat|dean\b|research|"
        r"academic|lehr|forsch|postdoc",
        "leadership": r"ceo\b|chief executive|founder|owner|managing director|general manager|"
        r"pr[eé]sident|pdg\b|vorstand|geschäfts(?:führ|leit)|inhaber|dueñ|propietari|"
        r"gründer|partner|chair|board|director general|gérant|directeur général|fundador|fondat",
    }.items()
}
FIELD_NAMES = {
    "legal": "law and compliance", "security": "security", "data": "data and analytics",
    "product": "product", "design": "design", "engineering": "engineering and IT",
    "marketing": "marketing and communication", "people": "people and hiring",
    "finance": "finance", "sales": "sales", "operations": "operations", "health": "health care",
    "education": "education and research", "leadership": "running the company",
}  # fmt: skip
LEVEL_NAMES = {
    "top": "in the leadership of the company", "head": "leads a department",
    "manager": "leads a team or a topic",
    "senior": "senior", "staff": "no rank that we know in the title",
    "junior": "junior or assistant", "": "no title known",
}  # fmt: skip


@lru_cache(maxsize=20_000)
def classify(title: str) -> Role:
    """Level and field of a title; `staff` where it names no rank."""
    words = " ".join(title.split())
    if not any(char.isalpha() for char in words):
        return Role()
    level = next((name for name, pattern in LEVELS if pattern.search(words)), "staff")
    field = next((name for name, pattern in FIELDS.items() if pattern.search(words)), "")
    return Role(level, field)


def told(role: Role) -> str:
    """ "leads a department, sales": who leads the company is not said to be running it as well."""
    field = FIELD_NAMES.get(role.field, "") if role.field != "leadership" else ""
    return ", ".join(part for part in (LEVEL_NAMES[role.level], field) if part)
