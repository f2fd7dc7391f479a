"""Texts that only announce a text, or ask what it should be about: `I will write a new text for you.`

On purpose narrow: support agents promise, customers ask, and both are what datasets are made of. A text is an
announcement when it is, from its first word to its last, what an assistant says before it writes: that it will write,
or has written, a *text*, a *record*, an *example* as it was asked to, or the question what to write about. One
sentence of anything else, and it is somebody's words. So is every text where base rows give what it answers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from datagen_cli.core.fields import About
from datagen_cli.core.pattern import compiled_later

MAX_CHARACTERS = 400
_COMPOSE = r"(?:writ(?:e|ing)|generat(?:e|ing)|compos(?:e|ing)|craft(?:ing)?|com(?:e|ing) up with|draft(?:ing)?)"
_WRITE = rf"(?:{_COMPOSE}|creat(?:e|ing)|produc(?:e|ing)|provid(?:e|ing)|mak(?:e|ing))"
_COMPOSED = r"(?:written|generated|composed|crafted|drafted|come up with)"
_WRITTEN = rf"(?:{_COMPOSED}|created|produced|made)"
_WHICH = (
    r"(?:(?:an?|the|some|another|one|your|my) |(?:the |your )?next )"
    r"(?:(?:new|next|short|good|unique|original|fictional|suitable|sample|example|realistic|different|requested) )*"
)
_MADE = r"(?:texts?|records?|examples?|data ?sets?|data ?points?|samples?|entry|entries|training examples?)"
_TEXT = r"(?:texts?|data ?sets?|data ?points?|training examples?)"
_AS_ASKED = (
    r",? (?:as (?:you )?(?:requested|asked|instructed)|in the (?:same )?(?:style|form|format|manner)"
    r"|(?:based on|following|according to|using|with) (?:the|your|these|this) (?:\w+ ){0,2}(?:attributes|instructions"
    r"|examples?|requirements|rules|guidelines|information|prompt|topic|label|description|constraints)"
    r"|(?:that|which) (?:meets?|follows?|fits?|matches|adheres? to|satisf(?:y|ies)) (?:the|your|all|these)"
    r"|based on (?:them|it|that))\b[^.!?:\n]{0,60}"
)
"""What nobody says who makes records and entries of patients and guests."""
_SO = (
    r"(?:,? (?:for you|now|next|in a moment|right away|below|accordingly|as (?:you )?(?:requested|asked|instructed)"
    r"|(?:based on|following|according to|using|with) (?:the|your|these|this|that|all|it|them)\b[^.!?:\n]{0,60}"
    r"|(?:that|which) (?:meets?|follows?|fits?|matches|adheres?|satisf(?:y|ies))\b[^.!?:\n]{0,60}"
    r"|in the (?:same )?(?:style|form|format|manner)(?: (?:of|as) the examples?)?"
    r"|you (?:requested|asked for|need|want))){0,2}"
)
_POLITE = (
    r"(?:certainly|sure(?: thing)?|of course|absolutely|ok(?:ay)?|alright|great|gladly|understood|got it|i understand"
    r"|no problem"
    r"|thank(?:s| you)(?: (?:so|very) much)? for (?:the|your|providing (?:the|these|your)|sharing (?:the|your))"
    r" (?:clear |detailed )*(?:instructions?|examples?|information|clarification|details|guidelines|context|prompt))"
)
_WANT = r"(?:(?:you(?:['’]d| would)?|would you) (?:like|want|need|prefer)|should)"
_ABOUT = r"(?:topics?|subjects?|themes?|categor(?:y|ies)|labels?)"
_ME = rf"(?:me|i) (?:to )?(?:help (?:you )?(?:to )?)?{_WRITE}(?: about| on)?(?: for you)?"
_GOES_ON = rf"(?:,? (?:and|so(?: that)?) i(?:['’]ll| will| can) {_WRITE} (?:it|one|{_WHICH}{_MADE}){_SO})?"
_ITEM = rf"{_WHICH}{_MADE}"
_WILL = (
    r"(?:i(?:['’]ll| will|['’]m going to| am going to|['’]m about to| am about to| shall| can)(?: now)?(?: gladly)?"
    r"|let me(?: now)?|i(?:['’]d| would)(?: be)? (?:happy|glad|love|like) to"
    r"|i(?:['’]m| am) (?:ready|happy|glad|here) to)"
)
_ASKS = r"(?:(?:could|can|would|will) you (?:please |kindly )?|please |kindly )"
_TELL = r"(?:provide|tell|specify|clarify|give|share|let me know|state|describe|choose)(?: (?:me(?: with)?|us))?"
_FIRM = (
    # that it will write, or has written, what it was asked for
    rf"{_WILL} (?:(?:help|assist) (?:you )?(?:to |with |in )?)?"
    rf"(?:{_COMPOSE} (?:{_ITEM}|{{mine}})|{_WRITE} {_WHICH}{_TEXT}){_SO}{_GOES_ON}",
    rf"{_WILL} (?:(?:help|assist) (?:you )?(?:to |with |in )?)?{_WRITE} (?:{_ITEM}|{{mine}})(?: for you)?{_AS_ASKED}",
    rf"i(?:['’]ve| have) (?:{_COMPOSED} (?:{_ITEM}|{{mine}})|{_WRITTEN} {_WHICH}{_TEXT}){_SO}",
    rf"i(?:['’]ve| have) {_WRITTEN} (?:{_ITEM}|{{mine}})(?: for you)?{_AS_ASKED}",
    r"i(?:['’]ve| have) thought of (?:a good )?one and will write it down(?: in a moment| now)?",
    rf"{_WILL} write (?:one|it)(?: down)? (?:for you )?in a moment(?=\. does that suit)",
    # that it follows
    rf"(?:here(?:['’]s| is| are)|below is|the following is|this is) (?:{_ITEM}|{{mine}})(?: of {_ITEM})?{_SO}(?=:)",
    rf"(?:here(?:['’]s| is| are)|below is|the following is) {_ITEM}"
    r"(?: (?:that |which )?you(?:['’]ve| have)? (?:requested|asked for)|,? based on (?:the|your)\b[^.!?:\n]{0,60}"
    r"|,? (?:that|which) (?:meets?|follows?|fits?|matches|satisf(?:y|ies)) (?:the|your|all)\b[^.!?:\n]{0,60})",
    r"as (?:you )?(?:requested|asked),? (?:here(?:['’]s| is| are)|below is|the following is) (?:an?|some)"
    rf" (?:new |short |sample )*(?:{_MADE}|ticket|review|story|poem|message|e-?mail|post|question|sentence|description"
    r"|dialogue|conversation|comment|paragraph|summary|article)(?: for you)?",
    r"here(?:['’]s| is) what i(?:['’]ll| will) (?:do|write)(?=:)",
    # what it should write about
    rf"(?:what|which)(?: (?:kind|type|sort)s? of)? (?:specific )?(?:{_ABOUT}|{_MADE}) {_WANT} {_ME}",
    rf"(?:what|which)(?: (?:kind|type|sort)s? of)? (?:specific )?{_ABOUT} {_WANT} (?:the|your) {_MADE} to be about",
    rf"what {_WANT} (?:me|i) (?:to )?{_WRITE} about",
    rf"do you have (?:a|any) (?:specific |particular )*{_ABOUT} in mind[^.!?\n]{{0,60}}",
    rf"{_ASKS}{_TELL} [^.!?\n]{{0,70}}\b{_WANT} {_ME}{_GOES_ON}",
    rf"{_ASKS}{_TELL} [^.!?\n]{{0,50}}\b{_ABOUT}\b[^.!?\n]{{0,20}},? and i(?:['’]ll| will| can) {_WRITE}"
    rf" (?:it|one|{_ITEM}){_SO}",
    rf"{_ASKS}{_TELL} [^.!?\n]{{0,50}}\bso (?:that )?i can {_WRITE} (?:it|one|{_ITEM})",
    rf"(?:to {_WRITE} {_ITEM}, )?i need (?:some )?(?:more|additional|further) (?:information|context|details)"
    rf"(?: (?:about|on) the {_ABOUT})? to {_WRITE} {_ITEM}",
    rf"to {_WRITE} {_ITEM}, i need (?:some )?(?:more|additional|further) (?:information|context|details)"
    r"[^.!?\n]{0,40}",
    # the same in other languages
    r"ich (?:schreibe|erstelle|verfasse|generiere)(?: jetzt| nun)? (?:ein(?:en)?|den) (?:neuen? )?"
    r"(?:text|datensatz|eintrag|beispiel(?:text)?)(?: für (?:sie|dich))?",
    r"hier ist (?:ein|der) (?:neuer )?(?:(?:beispiel)?text|datensatz|eintrag)(?: für (?:sie|dich))?(?=:)",
    r"worüber soll ich (?:den|einen) (?:neuen )?text schreiben",
    r"bitte (?:geben sie|gib|nennen sie|nenne)(?: mir)? das thema(?: an)?,? über das ich schreiben soll",
    r"je vais (?:écrire|rédiger|générer|créer) un (?:nouveau )?(?:texte|exemple|enregistrement)(?: pour (?:vous|toi))?",
    r"voici un (?:nouveau )?(?:texte|exemple|enregistrement)(?: pour (?:vous|toi))?(?=\s?:)",
    r"sur quel (?:sujet|thème) (?:souhaitez|voulez|aimeriez)-vous que j['’](?:écrive|rédige)",
    r"veuillez (?:fournir|indiquer|préciser) le (?:sujet|thème) sur lequel vous (?:souhaitez|voulez) que j['’]écrive",
    r"(?:voy a|puedo) (?:escribir|generar|crear|redactar) un (?:nuevo )?(?:texto|ejemplo|registro)(?: nuevo)?"
    r"(?: para (?:ti|usted))?",
    r"aquí (?:tienes?|está) un (?:nuevo )?(?:texto|ejemplo|registro)(?: nuevo)?(?: para (?:ti|usted))?(?=:)",
    r"sobre qué (?:tema )?(?:te|le) gustaría que (?:yo )?escribiera",
    r"(?:scriverò|creerò|genererò) un (?:nuovo )?(?:testo|esempio|record)(?: per (?:te|lei))?",
    r"ecco un (?:nuovo )?(?:testo|esempio|record)(?: per (?:te|lei))?(?=:)",
    r"(?:vou|posso) (?:escrever|gerar|criar) um (?:novo )?(?:texto|exemplo|registro)(?: para (?:você|ti|si))?",
    r"aqui está um (?:novo )?(?:texto|exemplo|registro)(?: para (?:você|ti|si))?(?=:)",
    r"ik (?:schrijf|maak|genereer) een (?:nieuwe? )?(?:tekst|voorbeeld|record)(?: voor (?:je|jou|u))?",
    r"(?:napiszę|stworzę|wygeneruję) nowy (?:tekst|przykład|rekord)(?: dla (?:ciebie|pani|pana))?",
    r"(?:я )?(?:напишу|создам|сгенерирую) нов(?:ый|ую) (?:текст|пример|запись)(?: для (?:вас|тебя))?",
    r"вот новый (?:текст|пример)(?: для (?:вас|тебя))?(?=:)",
    r"(?:我(?:会|将|來|来)|让我)(?:为您|为你|給您|给您)?(?:写|生成|创建|撰写)一?(?:篇|条|个|段|份)?(?:新的?)?(?:文本|文字|记录|示例)",
    r"(?:以下|这)是一?(?:篇|条|个|段|份)?(?:新的?)?(?:文本|文字|记录|示例)(?=[:：])",
    r"请提供(?:您|你)(?:希望|想要?|需要)我写的(?:主题|题目|话题)",
    r"新しい(?:テキスト|文章|レコード)を(?:作成|生成)(?:します|いたします)",
    r"새로운 (?:텍스트|글|레코드)(?:를|을)? ?(?:작성|생성)(?:해 드리겠습니다|하겠습니다)",
    r"(?:sizin|senin) için yeni bir (?:metin|örnek|kayıt) (?:yazacağım|oluşturacağım)",
)
_LOOSE = (
    _POLITE,
    r"(?:ja|natürlich|gerne?|klar|bien sûr|certainement|d['’]accord|claro|por supuesto|certo|certamente|com certeza"
    r"|natuurlijk|oczywiście|конечно|хорошо|当然可以|当然|好的|もちろんです|かしこまりました|물론입니다|네|elbette|tabii)",
    r"i(?:['’]d be| would be|['’]m| am) (?:happy|glad|ready|here) to (?:help|assist)(?: you)?(?: with (?:that|this))?",
    rf"i can (?:help|assist)(?: you)? with (?:that|this)|what should (?:it|the {_MADE}) be about"
    rf"|does that (?:suit|work for) you|(?:what|which) {_ABOUT} {_WANT}(?: it to be about)?",
    rf"{_ASKS}{_TELL} (?:the |a |some |any )?(?:more |specific |additional )*"
    rf"(?:{_ABOUT}|information|details|context|it)"
    rf"(?: (?:and|or|about|on|for) (?:the|your) (?:{_ABOUT}|{_MADE}))?(?: you (?:need|want|would like|have in mind))?",
    rf"{_ASKS}{_TELL} (?:what|which) {_ABOUT} {_WANT}(?: it to be about)?",
    rf"{_ASKS}{_TELL} (?:it|them|if you(?:['’]d like| need| want| have)?(?: any| more)? (?:changes|adjustments))"
    r"|let me know if you(?:['’]d like| need| want| would like)(?: any| more)? (?:changes|adjustments|modifications)",
)
_WORD = compiled_later(r"[^\W\d_]+")
_FIRST_WORDS = (
    "certainly sure of absolutely ok okay alright great gladly understood got i no thank thanks let here below"
    " the this as what which do does could can would will please kindly to ich hier worüber bitte je voici sur"
    " veuillez voy puedo aquí sobre scriverò creerò genererò ecco vou posso aqui ik napiszę stworzę wygeneruję ja"
    " natürlich gern gerne klar bien certainement d claro por certo certamente com natuurlijk oczywiście elbette"
    " tabii sizin senin"
)
"""Of what is looked at closely; other scripts always are."""
_BEGINS = frozenset(_FIRST_WORDS.split())


def only_announces(about: About, fields: Mapping[str, Any]) -> str:
    """The text of a record that only announces or asks about one, up to 60 characters; empty where it is a text, or
    where more than one is asked for."""
    texts = [spec for spec in about.asked if spec.type == "text" and not spec.code]
    if len(texts) != 1 or about.given:
        return ""
    text = fields.get(texts[0].name)
    return " ".join(text.split())[:60] if isinstance(text, str) and announces(text, texts[0].name) else ""


def announces(text: str, name: str = "") -> bool:
    """Whether a text is nothing but an assistant's announcement of a text, or its question about one. `name` is that
    of the field: `a new review` is what the writer of reviews announces."""
    text = text.strip().strip("*_\"“”'`").strip()
    begins = _WORD.search(text) if len(text) <= MAX_CHARACTERS else None
    if begins is None or (begins[0][0] < "\u0370" and begins[0].casefold() not in _BEGINS):
        return False
    firm, loose = _patterns(" ".join(re.findall(r"[^\W_]+", name.casefold())))
    at, found = 0, False
    while at < len(text):
        told = firm.match(text, at) or loose.match(text, at)
        if told is None:
            return False
        found |= told.re is firm
        at = told.end()
    return found


@lru_cache(maxsize=64)
def _patterns(name: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What must stand in an announcement and what may stand beside it, each with the signs that end its clause."""
    mine = rf"(?:an?|the|your|another) (?:new|next|sample) {re.escape(name)}" if name else r"(?!)"
    firm = "|".join(_FIRM).replace("{mine}", mine)
    ends = r"(?:\s*[.!?:,;。！？、，：]+\s*|\s*\Z|(?<=[可以的当然])(?=我))"
    start = r"[\s¡¿]*"
    return (
        re.compile(f"{start}(?:{firm}){ends}", re.IGNORECASE),
        re.compile(f"{start}(?:{'|'.join(_LOOSE)}){ends}", re.IGNORECASE),
    )
