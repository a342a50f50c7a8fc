"""Words that stand where a name does and are none, or not its part that they seem. Data of `names`.

All are folded as `fold` does, letters and digits alone: a title is written "Г-н", "Dr." or "ד״ר".
"""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """Small letters without accents, by which words are compared."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c))


def bare(token: str) -> str:
    """A folded word without its dots, dashes, quotes and other signs."""
    return "".join(c for c in fold(token) if c.isalnum())


def _words(text: str) -> frozenset[str]:
    return frozenset(map(bare, text.split()))


TITLES = _words(
    "mr mrs ms miss mx sir dame lord lady dr drs prof professor doc doctor phd rev reverend "
    "fr father sister hon capt captain col colonel gen lt maj sgt eng engr ir ing dipl diplom "
    "dipling mag magister mba msc bsc ba ma md dds do jd llm lic licenciado dra profa sr sra "
    "srta herr frau hr fru monsieur madame mme mlle m don dona dott dottssa avv arch sig "
    "sigra univ habil priv pd doz dkfm kfm hc the ca cpa adv er shri smt sri herrn frl fraulein "
    "senor senora signor signora signore mevrouw meneer dhr mevr mw drssa rag geom arq abog enga "
    "exmo exma mgr inz bc judr mudr mvdr phdr rndr thdr paeddr pharmdr gdin gosp gospodin gospođa "
    "gđa gđica hra rva sayın sayin yrd ths pgs bapak ibu hj dato datuk datin encik "
    "г-н г-жа г-ца господин госпожа госпођа гђа др доктор проф профессор професор инж инженер акад "
    "академик арх пан пані панна κ κος κα κύριος κυρία δις δρ καθ καθηγητής καθηγήτρια "
    "د أد دكتور دكتورة الدكتور الدكتورة أستاذ أستاذة الأستاذ الأستاذة بروفيسور م مهندس مهندسة "
    "المهندس المهندسة السيدة الآنسة آقای دکتر جناب محترم ד״ר פרופ פרופסור מר גב גברת עו״ד אינג "
    "श्री श्रीमती सुश्री डॉ प्रो นาย นาง นางสาว คุณ ดร ბატონი ქალბატონი პროფ դր պարոն տիկին"
)
# Titles that people are called by as well: neither taken away nor greeted.
ALSO_CALLED = _words("السيد الشيخ شيخ الحاج حاج حاجي خانم مولانا")
DEGREES = TITLES | _words(
    "jr sr ii iii iv esq cfa cfp frm pmp pe rn cissp cism cisa csm acca fca aca fcca fcma cma "
    "cipd mcipd fcipd shrm phr sphr gphr psm safe itil mphil dphil edd dba emba mph mpa mpp "
    "mfa med meng beng bcom bba llb cpa ccie ccna aws obe mbe cbe frsa frcs facs psyd dmd dvm"
)
SUFFIXES = _words("jr sr ii iii iv phd mba md esq cpa llm msc bsc")
ORGANISATION = _words(
    "gmbh ag kg ohg ug mbh inc incorporated ltd limited llc llp corp corporation company co "
    "plc sa sas sarl srl spa bv nv oy ab as aps pty foundation stiftung verein institute "
    "university team office info contact sales support admin hello marketing hr jobs press "
    "newsletter service kundenservice sekretariat reception accounting billing noreply"
)
# Family names that often stand first when somebody writes one name in full.
FAMILY_FIRST = _words(
    "nguyen tran le pham hoang huynh phan vu vo dang bui do ho ngo duong ly li wang zhang liu "
    "chen yang huang zhao wu zhou xu sun ma zhu hu guo lin gao luo zheng liang kim park lee "
    "choi jung kang cho yoon jang lim tanaka suzuki sato takahashi watanabe ito yamamoto "
    "nakamura kobayashi nagy kovacs toth szabo horvath varga kiss molnar"
)
# Of those, the ones that nobody is called by: whoever has one in the cell of the given name wrote
# the family name there.
NEVER_GIVEN = _words("nguyen tran pham huynh dang ngo duong zhang zhao zheng")
# Degrees or titles that are family names, too, where they stand before the comma.
ALSO_FAMILY = _words("ma do pe ba er eng mba meng beng")
PARTICLES = _words(
    "de del della der den di da do dos das du des la le las los van von vom zu zur zum ter "
    "ten te bin ibn bint al el ben abu y e af av st saint mac mc"
)
# These are given names as well, and so no sign of a family name where they stand first.
ALSO_GIVEN = _words("ben mac")
# Whoever is written so is more than one, or nobody yet.
NOBODY = _words(
    "familie fam family famille familia famiglia ehepaar eheleute couple vorname nachname name "
    "firstname lastname surname prenom nombre apellido nome cognome keine angabe angaben "
    "unbekannt unknown inconnu anonym anonymous deleted geloscht none null undefined false true "
    "falsch wahr nobody noname niemand test user guest gast kunde customer empty leer"
)
# Between two names: two people.
BETWEEN = frozenset(["und", "and", "et", "y", "e", "og", "och", "en", "&", "+", "oder", "or", "/"])
NO_GREETING = (
    TITLES | ALSO_CALLED | ORGANISATION | NEVER_GIVEN | NOBODY | (PARTICLES - ALSO_GIVEN - {"abu"})
)
