"""How models decline to write, in English and in 21 other languages.

On purpose narrow: customers who cannot create an account, colleagues who cannot help on Saturday and reviewers who
would rather not write are what datasets are made of, and a good text that is refused is a loss. A refusal says that the
writer cannot, or will not, make what a model is asked for (content, a text, a request, such examples), or calls itself
an AI that cannot. Its clause ends there, or goes on about rules and harm, and whatever follows is an assistant's talk.
"""

from __future__ import annotations

import re

from datagen_cli.core.pattern import compiled_later

MAX_REFUSAL_CHARACTERS = 1_500
_HARM = (
    r"guideline|polic(?:y|ies)\b|principles|harmful|hate|hatred|violen|violat|explicit|sexual|illegal|offensi"
    r"|discriminat|dangerous|inappropriate|misinform|misleading|ethical|racis|abus|self-harm|demean|threaten|defam|terroris"
    r"|richtlini|verstö(?:ß|ss)|schädlich|beleidig|directri|pol[ií]ticas|ofensiv|dañin|violencia|odio|nocif|haine|offens"
    r"|lignes directrices|illég|illega|ilegal|linee guida|dannos|odio|diretri|prejudicial|ódio|beleid\b|schadelijk"
    r"|riktlinj|skadlig|skadelig|retningslin|wytyczn|szkodliw|obraźliw|правил|политик|вред|оскорб|насили|ненавист"
    r"|准则|政策|规定|有害|仇恨|暴力|不当|違反|ガイドライン|ポリシー|有害な|지침|정책|유해|politika|zararlı|kebijakan|berbahaya"
    r"|chính sách|có hại|سياس|ضار|नीति|हानिकारक"
)
"""What a refusal gives as its reason."""
_END = rf"(?:(?=\s*(?:[^\w\s]|\Z))|(?=[^.!?\n。]{{0,160}}(?:{_HARM})))"
"""The clause ends, or its sentence goes on about rules and harm."""
OFFERED = compiled_later(
    rf"{_HARM}"
    r"|\b(?:help|assist) (?:you|with)\b|\b(?:happy|glad|able) to (?:help|assist)|how (?:can|may) i|your request"
    r"|alternativ|(?:some|any)thing else|a different|another (?:topic|request|prompt|question|text|record|example)"
    r"|language model|\ban ai\b|feel free|would you like (?:me|to try|to discuss|help)|assistance"
    r"|if there(?: is|['’]s)|\bprompt\b|i can (?:suggest|offer|provide)|not able to (?:create|write|generate)"
    r"|ayudar(?:te|le|les)|puedo ayudar|otra (?:solicitud|pregunta)|si (?:quieres|desea|necesita|tienes)"
    r"|(?:vous|t['’])\s?aider|puis-je|si vous (?:avez|souhaitez|voulez)|autre (?:demande|sujet|question)"
    r"|(?:ihnen|dir) (?:gern|aber|jedoch|bei)|gerne? (?:bei|helfe|etwas)|wenn (?:sie|du) |anderen? (?:anfrage|thema)"
    r"|aiutar(?:ti|la|vi)|se (?:hai|vuoi|desidera)|altr[ao] (?:richiesta|argomento)"
    r"|ajudá-l|posso ajudar|te ajudar|se (?:você|quiser|precisar)|outr[ao] (?:pedido|assunto|solicitação)"
    r"|(?:je|u) (?:wel |graag )?(?:helpen|ergens)|als (?:je|u) |om du (?:vill|har)|hjälpa dig|hvis du"
    r"|hjelpe deg|hjælpe dig"
    r"|jeśli (?:chcesz|masz)|mogę pomóc|pomóc (?:ci|w)|если (?:вы|у вас|хотите)|могу помочь|вам помочь"
    r"|якщо (?:ви|у вас)"
    r"|如果您|如果你|帮助您|可以帮|其他(?:问题|请求|话题)|お手伝い|他の|도와드릴|다른 (?:요청|질문)|yardımcı ol|başka"
    r"|jika anda|membantu|nếu bạn|giúp bạn|إذا|مساعدتك|यदि|मदद कर",
    re.IGNORECASE,
)
"""What an assistant goes on with."""
_SORRY = (
    r"(?:(?:(?:i['’]?m|i am) (?:very |so |really )?(?:sorry|afraid)(?: that)?|sorry|i apologi[sz]e|unfortunately"
    r"|apologies)[,.:;!]?\s*)?"
)
_AI = (
    r"an ai(?: language model| model| assistant| system| program)?(?: (?:developed|trained|created|made|built) by \w+)?"
)
_AN_AI = rf"(?:but )?(?:as (?:{_AI}|a (?:large )?language model)[,.]?\s*)?"
_NEVER = (
    r"(?:(?:cannot|can['’]?t) and (?:will not|won['’]t)|can['’]?t|cannot|can not"
    r"|won['’]?t(?: be able)?|will not(?: be able)?"
    r"|(?:must|have to) (?:respectfully |politely )?decline|do(?:n['’]t| not) feel comfortable"
    r"|(?:am|['’]m) (?:unable|not able|not (?:comfortable|allowed|permitted)))"
)
_CANNOT = rf"i(?:['’]d (?:prefer|rather) not| would (?:prefer|rather) not| ?{_NEVER})(?: to| with)?\s+"
_MAKE = r"(?:generat|creat|writ|produc|provid|complet|answer|discuss|fulfil+|process|respond to)(?:e|ing)?"
_WITH = r"(?:(?:assist|help)(?:ing)?(?: you)?|comply(?:ing)?|continue|engage|proceed)(?: with| in)?"
_ASKED = r"(?:content|requests?|texts?|prompts?|materials?|examples?|records?)"
"""What a model is asked for."""
_MAYBE = (
    r"(?:responses?|information|topics?|tasks?|instructions?|questions?|reviews?|messages?|descriptions?"
    r"|stor(?:y|ies)|articles?|essays?|scenarios?|outputs?|conversations?|dialogues?|entry|entries|samples?|sentences?)"
)
"""What others write, do and answer, too: counts with an apology, with harm in it, or where an assistant goes on."""
_SUCH = (
    r"(?:this|that|these|those|such(?: an?)?|any(?: such)?|the requested|your|(?:an?|more|new|a new)(?= \w)"
    r"|(?:this|that) (?:kind|type|sort) of)"
)
_OF_IT = (
    r"(?:(?: like (?:this|that)| for you|(?: (?:about|on|for|in) (?:this|that|these|such(?: an?)?)"
    r"(?: (?:categor(?:y|ies)|topics?|labels?|subjects?|themes?|requests?))?))?)"
)
_ENGLISH = (
    rf"{_SORRY}{_AN_AI}{_CANNOT}(?:"
    rf"(?:{_MAKE}|{_WITH}(?: {_MAKE})?|provide assistance with) (?:(?:this|that)\b(?: for you)?"
    rf"|{_SUCH} (?:[\w-]+ ){{0,2}}?(?:{_ASKED}|(?P<maybe>{_MAYBE}))\b{_OF_IT}"
    rf"|(?:[\w-]+ )?(?:content|material|texts?|examples|information)\b{_OF_IT})|(?:assist|comply|fulfil+)\b){_END}",
    rf"{_SORRY}{_CANNOT}(?:{_MAKE}|{_WITH} {_MAKE})\b[^.!?\n]{{0,80}}\b"
    r"(?:hate(?:ful)?\b|hate speech|violence|harmful|explicit|sexual|illegal|offensive|discriminat\w+|misinformation"
    r"|demean\w*|threaten\w*|racis[tm]|self-harm|unethical|medical advice|fake reviews?|my guidelines|policies)"
    r"[^.!?\n]*",
    rf"{_SORRY}i (?:must|have to) (?:respectfully |politely )?decline (?:this|that|your|such an?) request{_END}",
    rf"{_SORRY}(?:but )?as (?:{_AI}|a (?:large )?language model),?"
    rf" i(?:['’]m not| {_NEVER}| am not| do(?:n['’]t| not) (?:have|hold|feel|possess|create|write|generate|provide)"
    r"| have no)\b[^.!?\n]*",
    rf"{_SORRY}i(?:['’]m| am) (?:\w+, )?(?:(?:just |only )?{_AI}(?=[,;:.]| and\b| so\b| that\b| which\b| but\b)"
    r"|programmed to\b)[^.\n]{0,60}\b(?:can(?:not|['’]t)|unable to|not able to)"
    r" (?:creat|writ|generat|produc|provid)[^.!?\n]*",
    r"my (?:guidelines|programming|policies|safety guidelines)\b[^.\n]{0,20}\b(?:do(?:es)?(?:n['’]t| not)"
    r" (?:allow|permit) me to|(?:prevents?|prohibits?|forbids?)(?: me)?(?: from)?)"
    r" (?:creat|writ|generat|produc|provid|assist|help|discuss|engag|answer)[^.!?\n]*",
    r"(?:this|that|the|your) (?:request|prompt|content) (?:violates|goes against|is against|conflicts with)"
    r" (?:(?:my|our|the|openai['’]s|content|usage|safety|ethical)\s)*"
    r"(?:guidelines|polic(?:y|ies)|principles|programming|terms|values)\b",
    r"\[(?:content|text|response|message) (?:removed|blocked|withheld|filtered)[^\]\n]{0,80}\]\s*\Z",
    r"(?:content|text|response) (?:removed|blocked|withheld|filtered) (?:due to|by|because of) (?:our |the |a )?"
    r"(?:content |safety |usage |moderation )?(?:polic|filter|guideline|moderation)",
)
_SELF = (
    r"[^.!?\n]{0,30}\b(?:como (?:una? )?(?:modelo de (?:lenguaje|linguagem)|ia\b|inteligencia artificial"
    r"|assistente de ia|asistente de ia)|en tant qu['’](?:ia\b|intelligence artificielle|assistant ia|un modèle)"
    r"|als (?:ki\b|ein ki-|ki-|sprachmodell)|(?:come|in quanto) (?:ia\b|modello linguistico|intelligenza artificiale)"
    r"|als (?:ai\b|een ai-|taalmodel)|som (?:en )?(?:ai\b|ai-|språkmodell|sprogmodel)|jako (?:ai\b"
    r"|model językowy)"
    r"|как (?:ии\b|искусственный интеллект|языковая модель))[^.!?\n]{0,40}\b"
    r"(?:no puedo|não posso|je ne (?:peux|suis) pas|kann ich|ich kann|non posso|kan ik|kan jag|kan jeg|nie mogę"
    r"|не могу)"
    r"\b[^.!?\n]*"
)
"""A model that calls itself one, in other languages."""
_OTHERS = (
    # Spanish, French, German
    r"(?:(?:lo siento|lamento|disculp[ae]|perdón)\b[,.;]?\s*)?(?:pero )?(?:lamentablemente,? )?no puedo (?:generar"
    r"|crear|escribir|producir|redactar|proporcionar|ofrecer|cumplir(?: con)?|responder a|atender|continuar con"
    r"|ayudar\w* con)"
    r" (?:(?:es[ae]|est[ae]|es[oa]s|est[oa]s|dich[oa]s?|tal(?:es)?|tu|su|la|el|ningún|es[et]e? tipo de)\s)?"
    r"(?:contenidos?|textos?|solicitud(?:es)?|petici(?:ón|ones)|materiales|conversación|registros?|ejemplos?|tema|eso\b"
    r"|esto\b)",
    r"(?:(?:(?:je suis )?désolée?|je regrette|malheureusement)[,.;]?\s*)?(?:mais )?je ne (?:peux|suis) "
    r"(?:malheureusement )?pas (?:en mesure de )?(?:générer|créer|écrire|rédiger|produire|fournir|satisfaire|traiter"
    r"|répondre à|(?:vous |t['’])?aider (?:avec|à|dans))"
    r" (?:(?:cet?(?:te)?|ces|un tel|une telle|de tel(?:le)?s|votre|ta|de|ce (?:type|genre) de) "
    r"(?:contenus?|textes?|demandes?|requêtes?|informations?|exemples?|sujet|question)|cela|ça)",
    r"(?:je suis )?désolée?,? (?:mais )?je ne peux pas répondre(?=\s*[.!]?\s*\Z)",
    r"(?:es )?tut mir leid,? (?:aber )?(?:(?:dabei|damit|bei dieser anfrage) kann ich|ich kann) "
    r"(?:(?:dir|ihnen|leider|dabei|damit|bei dieser anfrage) )*"
    r"nicht (?:weiter)?helfen(?=\s*[.!]?\s*\Z|\.)(?<=helfen)",
    r"(?:(?:es )?tut mir leid|entschuldig(?:ung|en sie)|leider|ich bedau?re)?[,.;]?\s*(?:aber )?(?:ich kann|kann ich)\b"
    r"(?: leider)? (?:dies\w*|solch\w*|derartige\w*|das gewünschte|den gewünschten|deine|ihre) (?:\w+ )?"
    r"(?:inhalte?n?|texte?s?|anfragen?|bitte|aufforderung|ein(?:trag|träge)|daten(?:satz|sätze)|beispiele?"
    r"|informationen|aufgabe|frage) (?:leider )?nicht "
    r"(?:erstellen|schreiben|generieren|erfüllen|verfassen|bearbeiten|bereitstellen|beantworten|erzeugen)",
    # Italian, Portuguese, Romanian
    r"(?:mi dispiace|spiacente|purtroppo)?[,.;]?\s*(?:ma )?non posso (?:generare|creare|scrivere|produrre|fornire"
    r"|soddisfare|aiutar\w* con) (?:(?:quest[oaie]|tal[ei]|simil[ei]|la (?:tua|sua|vostra)|quest\w+ (?:tipo|genere) di)"
    r"\s)?(?:contenut[oi]|test[oi]|richiest[ae]|informazioni|esemp(?:io|i)|argomento|ciò|questo)",
    r"(?:desculpe|lamento|sinto muito|infelizmente)?[,.;]?\s*(?:mas )?não posso (?:gerar|criar|escrever|produzir"
    r"|fornecer|atender(?: a| à)?|cumprir|ajud\w*(?:-\w+)? com)"
    r" (?:(?:ess[ae]s?|est[ae]s?|tais|tal|sua|seu|ess?t?e tipo de) )?(?:conteúdos?|textos?|solicitaç(?:ão|ões)|pedido"
    r"|informações|exemplos?|tópico|isso|isto)",
    r"(?:îmi pare rău|din păcate|scuze)[,.;]?\s*(?:dar )?nu pot (?:genera|crea|scrie|oferi|îndeplini|ajuta cu) "
    r"(?:(?:acest\w*|un astfel de|astfel de) )?(?:conținut\w*|text\w*|cerer\w+|solicit\w+|informați\w+|exempl\w+)",
    # Dutch, Swedish, Norwegian and Danish
    r"(?:(?:(?:het )?spijt me|sorry|helaas)[,.;]?\s*)?(?:maar )?(?:kan ik|ik kan) (?:helaas )?"
    r"(?:deze|dit|zulke|dergelijke|uw|jouw|je) (?:soort )?(?:inhoud|tekst(?:en)?|content|verzoek|informatie"
    r"|voorbeeld(?:en)?) (?:helaas )?niet (?:genereren|maken|schrijven|leveren|geven|uitvoeren|inwilligen)",
    r"(?:(?:het )?spijt me|sorry|helaas)[,.;]?\s*(?:maar )?(?:kan ik|ik kan) (?:je|u|jou)"
    r" (?:(?:daar|hier) niet (?:mee|bij)|(?:daar|hier)(?:mee|bij) niet) helpen",
    r"(?:(?:jag är ledsen|tyvärr|förlåt)[,.;]?\s*(?:men )?)?(?:jag kan|kan jag) (?:tyvärr )?inte (?:skapa|skriva"
    r"|generera|tillhandahålla|uppfylla|hjälpa (?:dig |till )?med)"
    r" (?:det här|den här|de här|sådan[at]?|detta|denna|dessa|din|ditt)(?: typen av)?"
    r" (?:innehåll\w*|text\w*|begäran|förfrågan|information\w*|exempel\w*)",
    r"(?:beklager|desværre|dessverre|undskyld)[,.;]?\s*(?:men )?(?:jeg kan|kan jeg) ikke (?:lage|skrive|generere"
    r"|oprette|opprette|levere|opfylde|oppfylle|hjelpe (?:deg )?med|hjælpe (?:dig )?med)"
    r" (?:dette|denne|slik[te]?|sådant?|disse|din)(?: typen)?"
    r" (?:innhold\w*|indhold\w*|tekst\w*|forespørsel\w*|anmodning\w*|informasjon\w*|information\w*|eksemp\w+)",
    # Polish, Czech, Hungarian, Russian, Ukrainian
    r"(?:(?:przepraszam|przykro mi|niestety)[,.;]?\s*(?:ale )?)?nie mogę (?:wygenerować|stworzyć|napisać|dostarczyć"
    r"|utworzyć|spełnić|zrealizować|udzielić|pomóc (?:ci )?(?:w|z)) (?:te[jgn]o?|tak\w+|tym|tę|tą|tego typu|twoj\w+)"
    r" (?:treści|tekst\w*|prośb\w+|zapytani\w+|informacji|przykład\w*|żądani\w+)",
    r"(?:je mi líto|omlouvám se|bohužel)[,.;]?\s*(?:ale )?(?:nem(?:ohu|ůžu) (?:vytvořit|napsat|poskytnout|splnit"
    r"|pomoci) )?(?:tento|takov\w+|tuto|s tímto) (?:obsah\w*|text\w*|požadav\w+|žádost\w*|informac\w+|příklad\w*)"
    r"(?:(?<=nemohu)|(?<=nemůžu)| nem(?:ohu|ůžu) (?:vytvořit|napsat|poskytnout|splnit|pomoci)|(?=[.!]))",
    r"(?:sajnálom|elnézést|sajnos)[,.;]?\s*(?:de )?nem tud(?:ok|om) (?:ilyen|ezt az?|ebben az?)"
    r" (?:tartalm\w*|szöveg\w*|kérés\w*|információ\w*|példá\w*) "
    r"(?:készíteni|írni|létrehozni|generálni|teljesíteni|segíteni)",
    r"(?:(?:извините|прошу прощения|к сожалению|простите|сожалею)[,.;]?\s*(?:но )?)?я не могу (?:создать|создавать"
    r"|написать|сгенерировать|генерировать|предоставить|выполнить|ответить на|помочь (?:вам )?с)"
    r" (?:эт\w+|так\w+|подобн\w+|ваш\w*|твой|данн\w+) (?:контент\w*|текст\w*|запрос\w*|просьб\w+|информаци\w+"
    r"|пример\w*|содержани\w+|материал\w*)",
    r"(?:(?:вибачте|перепрошую|на жаль|пробачте)[,.;]?\s*(?:але )?)?я не можу (?:створити|написати|згенерувати|надати"
    r"|виконати|допомогти з) (?:ц\w+|так\w+|подібн\w+|ваш\w*) (?:контент\w*|вміст\w*|текст\w*|запит\w*|прохання"
    r"|інформаці\w+|приклад\w*|зміст\w*)",
    # Chinese, Japanese, Korean
    r"(?:(?:非常|很)?抱歉|对不起|對不起|作为(?:一个|一名)?(?:AI|人工智能)[^，,。]{0,12})?[，,。]?\s*(?:但是?)?我?"
    r"(?:无法|不能|無法|不會|不会)(?:为您|帮您|為您)?(?:生成|提供|编写|編寫|撰写|创建|创作|写|協助|协助|帮助|满足|滿足|完成|回答|处理)"
    r"(?:您|你)?(?:完成|处理)?(?:任何|相关|有害|仇恨|暴力|色情|(?:这|此|该|這|該)(?:个|類|类|种|樣|样|些|份|項|项)?|您的|你的)?的?"
    r"(?:内容|內容|请求|請求|文本|信息|資訊|话题|話題)",
    r"(?:申し訳(?:ありません|ございません)|すみません)[^。]{0,4}[、。,]?\s*(?:その|この|ご)[^。]{0,8}"
    r"(?:内容|コンテンツ|テキスト|文章|リクエスト|要望|依頼)(?:を|に|には|は|への?)?"
    r"(?:作成|生成|お応え|対応|書く|提供|お手伝い|応じる|執筆|回答)[^。]{0,8}(?:できません|できかねます|いたしかねます)",
    r"(?:죄송(?:하지만|합니다(?:만)?)|미안하지만)[.,]?\s*(?:저는 )?(?:그런|그러한|이러한|이런|해당|요청하신)\s*"
    r"(?:내용|콘텐츠|텍스트|요청|글)(?:을|를|은|는|에|에는)?\s*"
    r"(?:작성|생성|제공|도와|만들|응할|처리|답변)[^.]{0,8}(?:수 없습니다|어렵습니다)",
    # Turkish, Arabic, Hindi, Vietnamese, Indonesian
    r"(?:üzgünüm|maalesef|özür dilerim)[,.;]?\s*(?:ama )?(?:bu|böyle)\b(?: bir| tür)?"
    r" (?:içeri\w*|metn\w*|metin\w*|isteğ\w*|talep\w*|taleb\w*) "
    r"(?:oluşturamam|yazamam|üretemem|yerine getiremem|sağlayamam|konusunda yardımcı olamam)",
    r"(?:عذر[\w\u064b-\u065f]*|آسف|أعتذر|للأسف)\W{0,3}(?:ولكن )?(?:لا يمكنني|لا أستطيع) "
    r"(?:إنشاء|كتابة|تقديم|توليد|مساعدتك في|تلبية) (?:(?:مثل )?هذ[اه] )?(?:المحتوى|النص|الطلب|طلبك|المعلومات)",
    r"(?:क्षमा करें|माफ़? ?(?:करें|कीजिए)|मुझे खेद है)[,।]?\s*(?:लेकिन )?(?:मैं )?(?:यह|ऐसी|ऐसा|इस) .{0,5}"
    r"(?:सामग्री|पाठ|अनुरोध).{0,12}नहीं (?:लिख|बना|कर|दे) सक\S*",
    r"(?:xin lỗi|rất tiếc)[,.;]?\s*(?:nhưng )?tôi không thể (?:tạo|viết|cung cấp|thực hiện|đáp ứng)"
    r" (?:nội dung|văn bản|yêu cầu|thông tin)(?: này| đó| như vậy| của bạn)?",
    r"(?:mohon )?maaf[,.;]?\s*(?:tetapi |tapi |namun )?saya tidak (?:dapat|bisa) (?:membuat|menulis|menghasilkan"
    r"|memberikan|memenuhi) (?:konten|teks|permintaan|informasi)(?: ini| tersebut| itu| seperti itu| anda)?",
)
_DECLINED = compiled_later("|".join(_ENGLISH), re.IGNORECASE)
_DECLINED_ELSEWHERE = compiled_later(rf"{_SELF}|(?:{'|'.join(_OTHERS)}){_END}", re.IGNORECASE)
_BEGINNING = compiled_later(
    r"[i\[]|sorry|unfortunately|apolog|but |as an? |my |th(?:is|at|e) |your |content |text |response ", re.IGNORECASE
)
"""What every refusal in English begins with: most texts are told by it."""
_MARKS = (
    *("no puedo", "je ne", "ich kann", "kann ich", "non posso", "nu pot", "kan ik", "ik kan", "jag kan", "kan jag"),
    *("jeg kan", "kan jeg", "omlouv", "bohu", "nem tud", "maalesef", "saya tidak"),
)
"""What one in another language has in its first words, in small letters: those of ASCII, and the others."""
_OTHER_MARKS = (
    *(
        "não posso",
        "nie mogę",
        "líto",
        "не могу",
        "не можу",
        "无法",
        "無法",
        "不能",
        "不會",
        "不会",
        "申し訳",
        "すみません",
    ),
    *("죄송", "미안", "üzgünüm", "özür", "لا يمكنني", "لا أستطيع", "नहीं", "không thể"),
)
_WITHIN = 400
_APOLOGY = compiled_later(
    r"(?:i['’]?m|i am)? ?(?:(?:very |so |really )?(?:sorry|afraid)|i apologi|apolog)", re.IGNORECASE
)
_LETTER = compiled_later(r"[^\W_]")


def declines(text: str) -> bool:
    """Whether a text as a whole is a model's refusal to write: it begins with one, and is nothing else but what an
    assistant adds to it. A customer who cannot log in declines nothing."""
    found = _declined(text) if len(text) <= MAX_REFUSAL_CHARACTERS else None
    if found is None:
        return False
    rest = text[found.end() :]
    if _LETTER.search(rest) is not None:
        return OFFERED.search(rest) is not None
    return not found.groupdict().get("maybe") or _APOLOGY.match(text) is not None or OFFERED.search(text) is not None


def _declined(text: str) -> re.Match[str] | None:
    """The refusal that a text begins with."""
    if _BEGINNING.match(text) is not None and (found := _DECLINED.match(text)) is not None:
        return found
    begins = text[:_WITHIN].lower()
    marks = _MARKS if begins.isascii() else _MARKS + _OTHER_MARKS
    return _DECLINED_ELSEWHERE.match(text) if any(mark in begins for mark in marks) else None
