"""Orders to a model inside a text that is data, told apart by what they try.

Each kind is two parts that stand in one sentence and seldom meet in a text written for people: what only a model has or
is, and what is wanted of it. The first part is looked for, then the sentence around it is searched for the second.
Parts are classes of words, so that a kind holds for words that nobody wrote beside each other before.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_MODEL = r"(?:ais?|llms?|(?:large )?language models?|chat ?bots?)"
_READER = (
    rf"(?:(?:ai|llm|automat(?:ed|ic)|machine|evaluation|grading|reward|judge|language) (?:\w{{1,12}} )?"
    r"(?:models?|reviewers?|graders?|judges?|crawlers?|agents?|assistants?|systems?|evaluators?|readers?|bots?)"
    rf"|{_MODEL}|(?:graders?|reviewers?|evaluators?|annotators?|judges?)(?=\s?[,:]))"
)
_SAY = r"(?:answer|reply|respond|say|print|output|repeat|write|return|send|tell|give|show|display|list|copy)"
_TOLD = (
    r"(?:instructions?|prompts?|rules?|guidelines?|directions|directives?|orders|brief(?:ing)?|assignments?|guidance"
    r"|messages?|configuration|programming|setup|tasks?|job|requests?|policy|policies|commands?)"
)
_RULES = r"(?:instructions?|prompts?|rules?|guidelines?|directives?|guidance)"
_LIMITS = (
    r"(?:restrictions?|limits?|limitations|content polic(?:y|ies)|guidelines?|filters?|ethics|morals|safeguards"
    r"|guardrails?"
    r"|censorship|moderation|safety \w{1,12})"
)
_BEFORE = (
    r"(?:previous|prior|earlier|former|preceding|foregoing|above|initial|original|existing|current|hidden|secret"
    r"|system"
    r"|developer|built-in)"
)
_PROMPT = (
    rf"\b(?:the|your|all|any|my|these|those|of|every|each) (?:\w{{1,9}} )?{_BEFORE} {_TOLD}\b"
    r"(?! (?:was|were|has|have|had|is|are)\b)"
    rf"|\byour (?:\w{{1,9}} )?{_BEFORE} {_TOLD}\b"
    rf"|\byour (?:system |developer |safety )?(?:instructions?|prompt|guidelines|directives?|programming|briefing"
    rf"|configuration"
    rf"|guardrails|moderation|safeguards)\b|\b{_RULES} (?:that |which )?(?:you (?:were|are|have|had|got"
    rf"|received))\b|\b{_TOLD} (?:\w{{1,10}} )?above\b"
    r"|\byou (?:were|are|have been|had been) (?:told|configured|set up|primed|prompted|instructed)\b"
    r"|\bin your (?:context|prompt)\b"
    r"|\b(?:i|we|they|he) (?:told|gave|have told|have given) you\b"
    r"|\b(?:everything|nothing|text|all|what) (?:\w{1,8} ){0,4}(?:above|before|precedes) (?:this|here|it)\b"
    r"|\b(?:everything|nothing|all) (?:that )?(?:you (?:learned|were told|know)|was said|has been said|i said)\b"
)
_VOID = (
    r"(?:ignor|disregard|forget|overrid|bypass|cancel|discard|abandon|neglect|delet|eras|lift|suspend|revok"
    r"|withdr|supersed"
    r"|outdat|obsolet|disabl|unlock|scrap|dismiss|expire|violat|disobey|circumvent|void|invalid|null|replac)\w{0,6}"
    r"|(?:set|put|leave) aside|no attention|no longer|not any ?more|(?:do not|don't|never) (?:follow|obey|do|heed"
    r"|apply|carry out)"
    r"|apply any ?more|stop (?:following|obeying)|(?:was|were|is) (?:just |only )?an? (?:test|example)|binds? you"
    r"|(?:switch|turn)(?:ed|s)? off|drop|skip"
)
_DISCLOSE = (
    r"what (?:is|are|was|were|does|do|did|comes|stands|text)|word for word|verbatim|exact(?:ly)?|first (?:lines?"
    r"|words?|sentence|paragraph)"
    r"|copy|paste|print|reveal|repeat|display|leak|disclose|quote|recite|dump|list (?:all|each|every|the)"
)
_MARK = r"(?:verdict|score|label|grade|rating|classification|class|category|mark)"
_REPLIES = r"(?:outputs?|reply|replies|responses?|answers?|messages?)"
_OFFICE = r"(?:admin(?:istrator)?|system|root|operator|developers?|creators?|maker)"


@dataclass(frozen=True, slots=True)
class Order:
    """A kind of order: what it is told as, the two parts, and literals of which one must be in a text in lower case."""

    name: str
    part: str
    beside: str
    needs: tuple[str, ...]


def orders() -> Iterator[Order]:
    """All kinds, in English; and in 24 other languages that what was said before is to be ignored."""
    yield from _of_what_was_said()
    yield from _of_who_speaks()
    yield from _of_what_is_written()
    yield from _of_its_place()
    yield Order("overrides instructions", *_ELSEWHERE)


def _of_what_was_said() -> Iterator[Order]:
    said = (
        *("you", "above", "before", "previous", "prior", "earlier", "system", "former", "original", "current"),
        *("initial", "hidden", "existing", "developer", "nothing", "everything", "secret", "foregoing", "preced"),
    )
    yield Order("speaks of its instructions", _PROMPT, rf"\b(?:{_VOID}|{_DISCLOSE})\b", said)
    yield Order(
        "overrides instructions",
        r"\b(?:cancel|skip|drop|abandon|stop|ignore|forget|do not do|don't do) (?:the|this|your"
        r"|what you are) (?:\w{1,9} )?"
        rf"(?:task|job|request|assignment|doing),? and (?:just |then |instead )?{_SAY}\b"
        rf"|\b(?:cancel|skip|drop|abandon|stop|ignore|forget) what you are doing and {_SAY}\b",
        "",
        ("task", "job", "request", "assignment", "doing"),
    )
    yield Order(
        "gives a new role",
        rf"\b(?:without|free (?:of|from)|freed from|no|ignor\w{{1,3}}|lift\w{{0,3}}"
        rf"|remov\w{{1,3}}) (?:\w{{1,8}} ){{0,2}}{_LIMITS}\b"
        rf"|\b{_LIMITS} (?:\w{{1,5}} ){{0,2}}(?:removed|lifted|off|gone|disabled)\b",
        rf"\b(?:you (?:have|are|will|now|must|can)|pretend|imagine|become|persona|(?:answer|act|respond|speak) as)\b"
        rf"(?=.{{0,200}}\b(?:{_MODEL}|models?|assistant|answer|conversation|session|you (?:now )?have|been freed"
        rf"|persona|your)\b)",
        ("without", "free", " no ", "ignor", "lift", "remov", "off", "gone", "disabled"),
    )
    yield Order(
        "gives a new role",
        r"\b(?:assume|take on|adopt|play|become) (?:the|an?) (?:persona|identity|role|character|assistant"
        r"|chat ?bot|model|ai)\b",
        r"\b(?:answers? (?:everything|anything|all)|never refuses?|no (?:limits|rules|ethics|filters?)"
        r"|without limits|from (?:now|here) on)\b",
        ("persona", "identity", "role", "character", "assistant", "chatbot", "model", " ai"),
    )


_PRIOR = (
    rf"\b{_TOLD} (?:that |which )?(?:have |has |had )?(?:\w{{1,9}} )?(?:preced\w{{1,3}}|(?:came|come|went|gone|given"
    r"|issued|said|told|stated) (?:before|earlier|so far|until now|up to (?:this|here|now))|(?:so far|until now))\b"
    rf"|\b{_TOLD} (?:that |which )?you (?:were given|are given|got|had|have|hold|received)\b"
    rf"|\bwh(?:at|ich)ever (?:\w{{1,9}} )?{_TOLD}\b"
    r"|\b(?:what|whatever|all|everything) (?:that )?you (?:have been|were|are|had been) (?:\w{1,9} )?(?:asked|ordered"
    r"|instructed|told)\b|\bonly my \w{1,12} (?:count|matter|appl)\w{0,3}\b"
)


def _of_its_place() -> Iterator[Order]:
    """What a model was told before, its filters, its data; and the shape of its conversation."""
    void = rf"\b(?:{_VOID}|purg|wip|(?:do not|don't|no need to) (?:mind|care)|not count|only my)\b"
    yield Order("speaks of its instructions", _PRIOR, void, (" you ", "ever ", "preced", "so far", "until now",
                                                             "only my", "before", "earlier", "up to "))  # fmt: skip
    yield Order(
        "gives a new role",
        r"\b(?:enter|enable|activate|go into|switch (?:in)?to|turn on|start|unlock) (?:\w{1,9} ){0,2}(?:developer|debug"
        r"|admin|god|sudo|root|jailbreak|maintenance|unrestricted|unfiltered|uncensored|dan) (?:mode|session)\b"
        rf"|\b(?:role-?play|act|behave|respond|answer|pretend|simulate|imagine|be)(?: \w{{1,12}}){{0,4}}?"
        rf" (?:{_MODEL}|bot|assistant|terminal|oracle|model)\b",
        rf"\byour (?:\w{{1,9}} )?(?:{_LIMITS}|rules|policy)\b|\b(?:never|not|no|without|any) (?:\w{{1,9}} )"
        rf"{{0,3}}(?:rules|policy|policies|{_LIMITS}|morals)\b|\bnever refuses?\b|\bobeys? (?:me|my|all|every)\b"
        r"|\b(?:do|answer|say) anything\b",
        (" mode", " session", "role", "act", "behave", "pretend", "simulate", "imagine", "respond", "answer"),
    )
    yield Order(
        "gives a new role",
        r"\byour (?:new|next|real|actual|only|true|updated) (?:task|objective|goal|job|mission|instructions?|purpose)\b"
        rf"|\b(?:new|updated|revised|further) {_TOLD} for (?:the |this |any |all |every )?"
        rf"(?:{_READER}|models?|assistants?)",
        rf"\b(?:{_SAY}|send|praise|ignore|whatever you|in all you|everything you|obey)\b",
        (" new ", "new ", " next ", " real ", " actual ", " only ", " true ", "updated", "revised", "further"),
    )
    yield Order(
        "sends away what it knows",
        r"\b(?:send|post|forward|upload|e-?mail|mail|leak|submit|transmit|encode|embed|put|append)(?: \w{1,9}){0,2}? "
        r"(?:(?:system|hidden|initial|developer|whole|entire|full) (?:prompt|conversation|messages?|context|chat)"
        r"|your (?:instructions|prompt|context|memory))\b"
        r"|\byour (?:\w{1,9} )?(?:instructions|prompt|context) (?:in|into|as|inside) (?:the|its|a|an)"
        r" (?:url|link|image|query|address)\b",
        r"https?://|\w@\w|\]\(|\b(?:url|image|link|address|e-?mail|webhook|server)\b",
        ("prompt", "conversation", "message", "context", "chat", "instructions", "memory"),
    )
    yield Order(
        "fixes the verdict",
        rf"\b(?:grading|scoring|judging|evaluation|reviewing|labell?ing) (?:hint|note|instruction|guide)s?\s?[:-]"
        rf"|\bthe (?:correct|right|proper|expected|true) {_MARK} (?:for|of) (?:this|the) \w{{1,10}} (?:is|must|has)\b"
        rf"|\b(?:for|to|attention) (?:all |any )?{_READER}\s?[-–—:,(]"
        rf"|<!--\s{{0,3}}(?:note |hint )?(?:to |for )?(?:all |any |the )?"
        rf"(?:{_READER}|graders?|reviewers?|evaluators?|judges?)\b"
        r"|\b(?:do not|don't|no need to) (?:evaluate|grade|check|judge|review|verify|score) (?:it|this|further|me)\b",
        rf"\b(?:regardless|whatever|no matter|consider|treat|count|accept|rate|assign"
        rf"|{_MARK} (?:is|must)|as correct)\b",
        ("grad", "scor", "judg", "evaluat", "review", "label", "verdict", "rating", "class", "category", "mark",
         "model", " ai", "llm"),
    )  # fmt: skip
    yield Order(
        "ends the data",
        r"</(?:document|data|context|text|record|passage|article|input|example|content|user|query)>\s{0,3}"
        r"<(?:instructions?|system|prompt|assistant|command|user|admin)>"
        r"|[\"']role[\"']\s?:\s?[\"'](?:system|developer)[\"'](?=[^\n]{0,40}\byou (?:must|will|are now)\b)"
        r"|\b(?:end|start) of (?:data|document|input|text|context|user \w{1,9})\b[^\n]{0,20}\b(?:system|new"
        r"|instructions?)\s?[:>]",
        "",
        ("</", "role", "end of ", "start of "),
    )


def _of_who_speaks() -> Iterator[Order]:
    yield Order(
        "speaks as the system",
        rf"^\s{{0,8}}[\[<(]/?{_OFFICE}[\])>]|^\s{{0,8}}[#*=-]{{2,6}}\s?{_OFFICE} (?:note|notice|message|override"
        rf"|update)\b"
        rf"|\b(?:message|order|note|update) from (?:the|your) {_OFFICE}\b"
        rf"|\b(?:i am|this is|as) (?:your|the) {_OFFICE}\b|\b(?:made|trained|built|created) you and\b",
        rf"\b(?:off|disabled?|enabled?|unlock|override|debug|verified|full marks|unrestricted|order you"
        rf"|authori[sz]e|grant|{_LIMITS})\b",
        (
            "admin",
            "system",
            "root",
            "operator",
            "developer",
            "creator",
            "maker",
            "ed you and",
            "made you and",
            "built you and",
        ),
    )
    yield Order(
        "speaks to a judge",
        rf"\bif (?:you are )?an? {_READER}\b|\b(?:any|all|every|the) {_READER} (?:that|who|which|reading)\b"
        rf"|\b{_READER} (?:reading|reviewing|grading|evaluating|judging|indexing|scoring|rating|checking|(?:who|that"
        rf"|which) (?:\w{{1,12}})) (?:this|it)\b"
        rf"|(?:^|\b(?:dear|hey|attention|note|message|instructions?),?:? )(?:to |for )?(?:all |any "
        rf"|the )?{_READER}\s?[,:]"
        rf"|\battention:? {_READER}\b|\b{_READER} (?:must|should|shall|have to) (?:\w{{1,9}} )?this\b",
        rf"\b(?:this|must|deserves?|recommend|choose|prefer|rate|mark|add|include|mention|award|approve|accept"
        rf"|perfect|has to|{_SAY})\b",
        (" ai", "ai ", "ais ", "model", "llm", "chatbot", "chat bot", "grader", "reviewer", "judge", "evaluator",
         "annotator", "automat", "machine", "crawler"),
    )  # fmt: skip
    yield Order(
        "speaks to a judge",
        r"\b(?:when|while|whenever|if) (?:you )?(?:are )?(?:summari[sz]|translat|review|grad|process|evaluat|judg"
        r"|rat)(?:e|es|ing) this\b"
        r"|\bwhoever (?:grades|judges|reviews|evaluates|labels|checks|scores|rates) this\b",
        rf"\b(?:must|should|has to|{_SAY}|add|include|mention|recommend|rate|mark|prefer|choose)\b",
        ("ing this", "e this", "ate this", "whoever"),
    )


def _of_what_is_written() -> Iterator[Order]:
    yield Order(
        "fixes the verdict",
        rf"\b(?:set|put|change|make) (?:the|its|your) {_MARK}\b|\b(?:the"
        rf"|your) (?:\w{{1,12}} )?{_MARK} (?:\w{{1,5}} (?:this )?\w{{1,10}} )?"
        r"(?:must be|has to be|should be|shall be|is always)\b"
        rf"|^\W{{0,3}}(?:please )?(?:classify|label|rate|grade|score|mark|choose|pick|select|give) (?:this|{_MARK})\b"
        rf"|\bthe only (?:acceptable|allowed|valid|right|permitted) (?:{_MARK}|answer|reply) is\b"
        rf"|^\W{{0,3}}(?:please )?{_SAY} [\"“«'][^\"”»'\n]{{1,40}}[\"”»']",
        r"\b(?:no matter|whatever|regardless|always|in every case|for all (?:of )?the following|the only)\b"
        r"|\bfor this (?:record|text|row|item|answer|example)\b|\b(?:verdict|grade)\b.{0,10}\b(?:yes|pass|good"
        r"|correct)\b",
        ("verdict", "score", "label", "grade", "rating", "class", "category", "mark", "only", "whatever", "no matter",
         "regardless", "always", "in every case"),
    )  # fmt: skip
    yield Order(
        "gives an order",
        rf"\b(?:each|every|all|any)(?: one)?(?: of)?(?: your)? {_REPLIES}\b",
        rf"^\W{{0,3}}(?:please )?(?:put|add|append|include|insert|write|mention|end|begin|start|close|finish"
        rf"|prefix)\b.{{0,120}}"
        rf"(?:your {_REPLIES}|{_REPLIES} (?:that )?you)\b"
        rf"|^\W{{0,3}}(?:please )?(?:end|begin|start|close|finish) (?:all|each"
        rf"|every) (?:of )?(?:your )?{_REPLIES} with\b"
        rf"|\bappend\b",
        ("output", "reply", "replies", "response", "answer", "message"),
    )
    yield Order(
        "gives an order",
        r"\b(?:instead of|in place of|rather than) (?:an? |the |your "
        r"|this )?(?:\w{1,14} ){0,3}?\w{1,14},? (?:just |only |please )?"
        rf"(?:{_SAY}|emit)\b",
        r"(?-i:\b[A-Z]{5,}\b)",
        ("instead of", "in place of", "rather than"),
    )
    yield Order(
        "hides from the user",
        r"\b(?:do not|don't|never|without|must not) (?:let|tell|mention|reveal|inform|show|say|notify|carry out"
        r"|obey)(?:ing)?\b"
        r"[^.!?\n]{0,40}?\b(?:the|your) (?:user|human)s?\b"
        r"|\bkeep this (?:\w{1,12} )?(?:secret|hidden|private) from\b|\bkeep this (?:instruction|order|message"
        r"|note|prompt) (?:secret|hidden)\b",
        rf"\b(?:append|add|include|insert|link|secretly|but|just|instead|keep|request|{_SAY})\b",
        ("user", "human", "keep this"),
    )
    yield Order(
        "hides a command",
        r"\b(?:open|fetch|visit|download|curl|load|get|read|browse(?: to)?|go to) https?://|\b(?:decode|base64)\b"
        r"|\b(?:call|run|execute|invoke) the (?:function|tool|command|shell) (?=\w{1,30}(?:_|\(|\s-))"
        r"|\b(?:run|execute) (?:rm|sudo|curl|wget|bash) |\b(?:obey|follow|execute) (?:it|them|that) (?:after|once)\b"
        r"|\b(?:call|run|execute|invoke) \w{2,30}\(\) (?:before|first|and)\b"
        r"|\byour (?:browser|shell|terminal|search|e?-?mail|file"
        r"|web) tool\b",
        r"\b(?:and|then)\b.{0,20}\b(?:follow|obey|execute|carry out|do (?:as|what)|run|report|go on)\b"
        r"|\byour (?:\w{1,10} )?tool\b|\b(?:after|once) (?:\w{1,4} )?decod"
        r"|\bbefore you (?:answer|reply|respond|go on|start)\b",
        ("http", "decod", "()", "base64", "function", "tool", "command", "shell"),
    )


_ELSEWHERE = (
    r"\b(?:ignor(?:iere[nt]?|iert|e[rz]|ez|a|en|i|era|uj|ă)|oubli(?:e|ez)|vergiss|vergesst|missachte|olvid(?:a|e|en)"
    r"|esque[cç]a|dimentica|negeer|vergeet|bortse|abaikan|lupakan|bỏ qua|zapomeň\w{0,2}|dikkate alma|yok say|unut"
    r"|görmezden gel|tiens pas compte|tenez pas compte|(?:haz|haga) caso omiso|não (?:siga|considere)|non (?:seguire"
    r"|considerare)|beachte\w{0,2} [^.!?\n]{0,50}\bnicht"
    r"|игнорируй(?:те)?|забудь(?:те)?|ігноруй(?:те)?|αγνόησε|αγνοήστε|zignoruj|zapomnij)\b|忽略|无视|無視|忘记|忘れ|무시"
    r"|تجاهل|نادیده|अनदेखा|नज़रअंदाज|भूल जा|התעלם|เพิกเฉย|ไม่ต้องสนใจ",
    r"\b(?:instru[ck][ct]i|instruk[st]|anweisung|vorgabe|consigne|indicaci|istruzion|инструкци|інструкці|указани|вказівк"
    r"|polecen|instrukcj|talimat|komut|perintah|arahan|pokyn|hướng dẫn|chỉ dẫn|οδηγί|instruç)"
    r"|指令|指示|提示|规则|命令|지시|تعليمات|أوامر|دستور|निर्देश|आदेश|הוראות|คำสั่ง"
    r"|\b(?:alles|tout ce|todo lo),? (?:was|que|wat)\b",
    ("ignor", "oubli", "vergiss", "vergesst", "missachte", "olvid", "esque", "dimentica", "negeer", "vergeet", "забудь",
     "игнорируй", "zapomnij", "忽略", "无视", "無視", "忘", "무시", "bortse", "abaikan", "lupakan", "bỏ qua", "zapomeň",
     "dikkate alma", "yok say", "unut", "görmezden", "pas compte", "caso omiso", "não ", "non ", "beachte", "ігноруй",
     "αγνό", "αγνοή", "تجاهل", "نادیده", "अनदेखा", "नज़रअंदाज", "भूल", "התעלם", "เพิกเฉย", "ไม่ต้องสนใจ"),
)  # fmt: skip
"""In German, French, Spanish, Portuguese, Italian, Dutch, Swedish, Polish, Czech, Romanian, Russian, Ukrainian, Greek,
Turkish, Indonesian, Vietnamese, Arabic, Persian, Hebrew, Hindi, Thai, Chinese, Japanese and Korean."""
