"""How models decline to write, in English and in 21 other languages: what a refusal begins with.

On purpose narrow: somebody who cannot come, log in or open an account writes a text like any other. A refusal says that
the writer cannot, or will not, write or give *this* text, content or request.
"""

from __future__ import annotations

import re

from datagen_cli.core.pattern import compiled_later

_SORRY = (
    r"(?:(?:i['’]?m|i am) (?:very |so |really )?(?:sorry|afraid)(?: that)?|sorry|i apologi[sz]e|unfortunately"
    r"|apologies)?"
)
_AN_AI = r"(?:but )?(?:as an ai(?: language)?(?: model| assistant)?[,.]?\s*)?"
_CANNOT = (
    r"i(?: can['’]?t| cannot| can not| won['’]?t(?: be able)?| will not(?: be able)?"
    r"|(?: must| have to) (?:respectfully |politely )?decline|['’]d (?:prefer|rather) not| would (?:prefer|rather) not"
    r"| don['’]?t feel comfortable| do not feel comfortable"
    r"|(?:['’]m| am) (?:unable|not able|not (?:comfortable|allowed|permitted)))(?: to| with)?\s+"
)
_TO_WRITE = (
    r"(?:assist|comply|fulfil+|(?:help|continue|engage|proceed)\b.{0,30}\b(?:this|that|such|your request)"
    r"|(?:generat|creat|writ|produc|provid|complet|answer|discuss)(?:e|ing)?"
    r" (?:this|that|such|any|content|(?:(?:an?|these|those|more|new) )?(?:records?|texts?|examples?)|the requested"
    r"|explicit|harmful))"
)
_ENGLISH = (
    rf"{_SORRY}[,.:;!]?\s*{_AN_AI}{_CANNOT}{_TO_WRITE}|as an ai(?: language)? (?:model|assistant),? i\b"
    r"|as a (?:large )?language model,? i\b"
    r"|i['’]?(?:m| am) (?:(?:just |only )?an ai|programmed to)\b[^.]{0,60}\b(?:can(?:not|['’]t)|unable to) "
    r"(?:creat|writ|generat|produc|provid)"
    r"|my (?:guidelines|programming|policies)\b[^.]{0,30}\b"
    r"(?:do(?:n['’]t| not) (?:allow|permit)|prevent|prohibit|forbid)"
    r"|(?:this|that|the|your) (?:request|prompt|content) (?:violates|goes against|is against|conflicts with)\b"
    r"|\[?(?:content|text|response) (?:removed|blocked|withheld|filtered)\b"
)
_OTHERS = (
    # Spanish, French, German
    r"(?:(?:lo siento|lamento|disculp[ae]|perdón)\b[,.;]?\s*)?(?:pero )?(?:lamentablemente,? )?no puedo (?:generar"
    r"|crear|escribir|producir|redactar|proporcionar|cumplir(?: con)?|ayudar\w* con) "
    r"(?:es[ae]|eso|est[aeo]|tal|dich|tu |su |contenido|textos? )",
    r"lo siento\b.{0,20}\bno puedo (?:generar|crear|escribir|cumplir|proporcionar)",
    r"(?:(?:je suis )?désolée?|je regrette|malheureusement)?[,.;]?\s*(?:mais )?je ne (?:peux|suis) "
    r"(?:malheureusement )?pas (?:en mesure de )?(?:générer|créer|écrire|rédiger|produire|fournir|répondre à"
    r"|(?:vous |t['’])aider (?:avec|à)) (?:cet?(?:te)?|ces|cela|ça|de tel|un tel|une telle|votre)\b",
    r"(?:je suis )?désolée?\b.{0,20}\bje ne peux pas (?:répondre|générer|créer|écrire|fournir|aider à cela)",
    r"(?:es )?tut mir leid\b.{0,20}\b(?:dabei kann ich|ich kann)\b.{0,40}\bnicht (?:helfen|erstellen|schreiben)",
    r"(?:(?:es )?tut mir leid|entschuldig(?:ung|en sie)|leider|ich bedau?re)?[,.;]?\s*(?:aber )?(?:ich kann|kann ich)\b"
    r"(?: leider)? (?:dies|solch|das gewünschte|deine anfrage|ihre anfrage)[^.]{0,40}\bnicht "
    r"(?:erstellen|schreiben|generieren|erfüllen|verfassen|bearbeiten|bereitstellen)",
    # Italian, Portuguese, Romanian
    r"(?:mi dispiace|spiacente|purtroppo)?[,.;]?\s*(?:ma )?non posso (?:generare|creare|scrivere|produrre|fornire"
    r"|soddisfare|aiutar\w* con) (?:quest|tal|simil|contenut|la tua rich|la vostra rich)",
    r"(?:desculpe|lamento|sinto muito|infelizmente)?[,.;]?\s*(?:mas )?não posso (?:gerar|criar|escrever|produzir"
    r"|fornecer|atender a?|ajud\w*(?:-\w+)? com) (?:ess|est|iss|ist|tal|tais|conteúdo)",
    r"(?:îmi pare rău|din păcate|scuze)[,.;]?\s*(?:dar )?nu pot (?:genera|crea|scrie|oferi|îndeplini|ajuta cu) "
    r"(?:acest|această|astfel|cererea)",
    # Dutch, Swedish, Norwegian and Danish
    r"(?:(?:het )?spijt me|sorry|helaas)[,.;]?\s*(?:maar )?(?:kan ik|ik kan) (?:(?:deze|dit|zulke|dergelijke)\b.{0,40}"
    r"\bniet (?:genereren|maken|schrijven|leveren|voldoen)|(?:je|u)\b.{0,20}\bniet (?:mee |bij |hiermee )?helpen)",
    r"(?:(?:jag är ledsen|tyvärr|förlåt)[,.;]?\s*(?:men )?)?(?:jag kan|kan jag) (?:tyvärr )?inte (?:skapa|skriva"
    r"|generera|tillhandahålla) (?:det här|den här|sådan|detta|denna)",
    r"(?:beklager|desværre|dessverre|undskyld)[,.;]?\s*(?:men )?(?:jeg kan|kan jeg) ikke (?:lage|skrive|generere"
    r"|oprette|levere|hjelpe med|hjælpe med) (?:dette|denne|slik|sådan|det)",
    # Polish, Czech, Hungarian, Russian, Ukrainian
    r"(?:(?:przepraszam|przykro mi|niestety)[,.;]?\s*(?:ale )?)?nie mogę (?:wygenerować|stworzyć|napisać|dostarczyć"
    r"|spełnić|pomóc (?:w|z)) (?:te[jgn]|tak|tym|tę)",
    r"(?:je mi líto|omlouvám se|bohužel)[,.;]?\s*(?:ale )?(?:(?:tento|takov\w+|tuto|s tímto) [^.]{0,25}nem(?:ohu|ůžu) "
    r"|nem(?:ohu|ůžu) (?=[^.]{0,25}\b(?:t[ae]kov|tento|tuto|tímto)))(?:vytvořit|napsat|poskytnout|splnit|pomoci)",
    r"(?:sajnálom|elnézést|sajnos)[,.;]?\s*(?:de )?nem tud(?:ok|om) (?:ilyen|ezt a|ebben)[^.]{0,30}"
    r"(?:készíteni|írni|létrehozni|generálni|kérés)",
    r"(?:(?:извините|прошу прощения|к сожалению|простите|сожалею)[,.;]?\s*(?:но )?)?я не могу (?:создать|создавать"
    r"|написать|сгенерировать|генерировать|предоставить|выполнить|помочь (?:вам )?с) (?:эт|так|подобн|ваш|данн)",
    r"(?:(?:вибачте|перепрошую|на жаль|пробачте)[,.;]?\s*(?:але )?)?я не можу (?:створити|написати|згенерувати|надати"
    r"|виконати|допомогти з) (?:ц|так|подібн|ваш)",
    # Chinese, Japanese, Korean
    r"(?:(?:非常|很)?抱歉|对不起|對不起|作为(?:一个|一名)?(?:AI|人工智能)[^，,。]{0,12})?[，,。]?\s*(?:但是?)?我?"
    r"(?:无法|不能|無法|不會|不会)(?:为您|帮您)?(?:生成|提供|编写|編寫|撰写|创建|创作|写|協助|协助|帮助)(?:完成|您)?"
    r"(?:这|此|该|這|該|您的请求|相关)",
    r"(?:申し訳(?:ありません|ございません)|すみません)[^。]{0,4}[、。]?\s*(?:その|この|ご)[^。]{0,12}"
    r"(?:内容|コンテンツ|テキスト|文章|リクエスト|要望|依頼)[^。]{0,12}(?:できません|できかねます|いたしかねます)",
    r"(?:죄송(?:하지만|합니다(?:만)?)|미안하지만)[.,]?\s*(?:저는 )?(?:그런|그러한|이러한|이런|해당|요청하신)\s*"
    r"(?:내용|콘텐츠|텍스트|요청|글)[^.]{0,20}(?:수 없습니다|어렵습니다)",
    # Turkish, Arabic, Hindi, Vietnamese, Indonesian
    r"(?:üzgünüm|maalesef|özür dilerim)[,.;]?\s*(?:ama )?(?:bu|böyle)\b[^.]{0,20}(?:içeri|metn|metin|isteğ|talep|istek)"
    r"[^.]{0,20}(?:oluşturamam|yazamam|üretemem|yardımcı olamam|yerine getiremem|sağlayamam)",
    r"(?:عذر[\w\u064b-\u065f]*|آسف|أعتذر|للأسف)\W{0,3}(?:ولكن )?(?:لا يمكنني|لا أستطيع) "
    r"(?:إنشاء|كتابة|تقديم|توليد|مساعدتك في|تلبية) (?:هذ|مثل|طلبك)",
    r"(?:क्षमा करें|माफ़? ?(?:करें|कीजिए)|मुझे खेद है).{0,20}(?:यह|ऐसी|ऐसा|इस) .{0,5}(?:सामग्री|पाठ|अनुरोध).{0,12}नहीं",
    r"(?:xin lỗi|rất tiếc)[,.;]?\s*(?:nhưng )?tôi không thể (?:tạo|viết|cung cấp|thực hiện)[^.]{0,20}"
    r"(?:này|đó|như vậy|yêu cầu)",
    r"(?:mohon )?maaf[,.;]?\s*(?:tetapi |tapi |namun )?saya tidak (?:dapat|bisa) (?:membuat|menulis|menghasilkan"
    r"|memberikan|memenuhi)[^.]{0,12}(?:konten|teks|permintaan)",
)
DECLINED = compiled_later("|".join([_ENGLISH, *_OTHERS]), re.IGNORECASE)
"""What a text that is a refusal as a whole begins with."""
