"""Orders to a model inside a text that is data, told apart by what they try.

Each kind is two parts that stand in one sentence and seldom meet in a text written for people: what only a model has or
is, and what is wanted of it. The first part is looked for, then the sentence around it is searched for the second.
Parts are classes of words, so that a kind holds for words that nobody wrote beside each other before.
"""

from __future__ import annotations

from collections.abc import Iterator

from datagen_cli.text.order_words import (
    DISCLOSE,
    LIMITS,
    MARK,
    MODEL,
    OFFICE,
    PROMPT,
    READER,
    REPLIES,
    SAY,
    TOLD,
    VOID,
    Order,
)


def orders() -> Iterator[Order]:
    """All kinds, in English; and in 24 other languages that what was said before is to be ignored."""
    yield from _of_what_was_said()
    yield from _of_who_speaks()
    yield from _of_what_is_written()
    yield from _of_its_place()
    yield from _of_its_reply()
    yield from _of_its_verdict()
    yield from _of_its_answer()
    yield Order("overrides instructions", *_ELSEWHERE)


def _of_what_was_said() -> Iterator[Order]:
    said = (
        *("you", "above", "before", "previous", "prior", "earlier", "system", "former", "original", "current"),
        *("initial", "hidden", "existing", "developer", "nothing", "everything", "secret", "foregoing", "preced"),
    )
    yield Order("speaks of its instructions", PROMPT, rf"\b(?:{VOID}|{DISCLOSE})\b", said)
    yield Order(
        "overrides instructions",
        r"\b(?:cancel|skip|drop|abandon|stop|ignore|forget|do not do|don't do) (?:the|this|your"
        r"|what you are) (?:\w{1,9} )?"
        rf"(?:task|job|request|assignment|doing),? and (?:just |then |instead )?{SAY}\b"
        rf"|\b(?:cancel|skip|drop|abandon|stop|ignore|forget) what you are doing and {SAY}\b",
        "",
        ("task", "job", "request", "assignment", "doing"),
    )
    yield Order(
        "gives a new role",
        rf"\b(?:without|free (?:of|from)|freed from|no|ignor\w{{1,3}}|lift\w{{0,3}}"
        rf"|remov\w{{1,3}}) (?:\w{{1,8}} ){{0,2}}{LIMITS}\b"
        rf"|\b{LIMITS} (?:\w{{1,5}} ){{0,2}}(?:removed|lifted|off|gone|disabled)\b",
        rf"\b(?:you (?:have|are|will|now|must|can)|pretend|imagine|become|persona|(?:answer|act|respond|speak) as)\b"
        rf"(?=.{{0,200}}\b(?:{MODEL}|models?|assistant|answer|conversation|session|you (?:now )?have|been freed"
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
    rf"\b{TOLD} (?:that |which )?(?:have |has |had )?(?:\w{{1,9}} )?(?:preced\w{{1,3}}|(?:came|come|went|gone|given"
    r"|issued|said|told|stated) (?:before|earlier|so far|until now|up to (?:this|here|now))|(?:so far|until now))\b"
    rf"|\b{TOLD} (?:that |which )?you (?:were given|are given|got|had|have|hold|received)\b"
    rf"|\bwh(?:at|ich)ever (?:\w{{1,9}} )?{TOLD}\b"
    r"|\b(?:what|whatever|all|everything) (?:that )?you (?:have been|were|are|had been) (?:\w{1,9} )?(?:asked|ordered"
    r"|instructed|told)\b|\bonly my \w{1,12} (?:count|matter|appl)\w{0,3}\b"
)


def _of_its_place() -> Iterator[Order]:
    """What a model was told before, its filters, its data; and the shape of its conversation."""
    void = rf"\b(?:{VOID}|purg|wip|(?:do not|don't|no need to) (?:mind|care)|not count|only my)\b"
    yield Order("speaks of its instructions", _PRIOR, void, (" you ", "ever ", "preced", "so far", "until now",
                                                             "only my", "before", "earlier", "up to "))  # fmt: skip
    yield Order(
        "gives a new role",
        r"\b(?:enter|enable|activate|go into|switch (?:in)?to|turn on|start|unlock) (?:\w{1,9} ){0,2}(?:developer|debug"
        r"|admin|god|sudo|root|jailbreak|maintenance|unrestricted|unfiltered|uncensored|dan) (?:mode|session)\b"
        rf"|\b(?:role-?play|act|behave|respond|answer|pretend|simulate|imagine|be)(?: \w{{1,12}}){{0,4}}?"
        rf" (?:{MODEL}|bot|assistant|terminal|oracle|model)\b",
        rf"\byour (?:\w{{1,9}} )?(?:{LIMITS}|rules|policy)\b|\b(?:never|not|no|without|any) (?:\w{{1,9}} )"
        rf"{{0,3}}(?:rules|policy|policies|{LIMITS}|morals)\b|\bnever refuses?\b|\bobeys? (?:me|my|all|every)\b"
        r"|\b(?:do|answer|say) anything\b",
        (" mode", " session", "role", "act", "behave", "pretend", "simulate", "imagine", "respond", "answer"),
    )
    yield Order(
        "gives a new role",
        r"\byour (?:new|next|real|actual|only|true|updated) (?:task|objective|goal|job|mission|instructions?|purpose)\b"
        rf"|\b(?:new|updated|revised|further) {TOLD} for (?:the |this |any |all |every )?"
        rf"(?:{READER}|models?|assistants?)",
        rf"\b(?:{SAY}|send|praise|ignore|whatever you|in all you|everything you|obey)\b",
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
        rf"|\bthe (?:correct|right|proper|expected|true) {MARK} (?:for|of) (?:this|the) \w{{1,10}} (?:is|must|has)\b"
        rf"|\b(?:for|to|attention) (?:all |any )?{READER}\s?[-–—:,(]"
        rf"|<!--\s{{0,3}}(?:note |hint )?(?:to |for )?(?:all |any |the )?"
        rf"(?:{READER}|graders?|reviewers?|evaluators?|judges?)\b"
        r"|\b(?:do not|don't|no need to) (?:evaluate|grade|check|judge|review|verify|score) (?:it|this|further|me)\b",
        rf"\b(?:regardless|whatever|no matter|consider|treat|count|accept|rate|assign"
        rf"|{MARK} (?:is|must)|as correct)\b",
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


def _of_its_reply() -> Iterator[Order]:
    """What only a model is told of its answer, of what it holds, and of who it is from here on."""
    yield Order(
        "gives a new role",
        r"\bfrom (?:now|here|this (?:point|moment|line|message)) on(?:wards?)?,? (?:please |just )?"
        r"(?:you (?:are|will|act|must|only|always|never)|act|behave|obey|pretend|speak|respond|reply|answer|label"
        r"|ignore)\b"
        r"|\byou are (?:no longer|not) (?:an? )?(?:\w{1,12} )?(?:generator|assistant|model|ai|chat ?bot|reviewer|grader"
        r"|classifier|checker)\b",
        r"\b(?:character|persona|rules?|limits?|bot|\w{3,}bot|every|all|only|always|never|any|i say|my)\b",
        ("from now", "from here", "from this", "you are no"),
    )
    yield Order(
        "asks for the prompt",
        r"\byour (?:\w{1,9} )?(?:system|hidden|initial|secret|original|developer|first) (?:prompt|messages?"
        r"|instructions?"
        r"|configuration|rules?|text)\b"
        r"|\b(?:secrets?|passwords?|api keys?|secret keys?|keys?|tokens?|credentials|environment variables?)\b"
        r"(?=[^.!?\n]{0,40}\b(?:given to you|you (?:were given|are (?:using|given)|have been given|hold|use)"
        r"|in your (?:context|prompt|memory|environment|configuration))\b)"
        r"|\bcontents? of (?:the|your) (?:environment variables|system prompt|context window|memory)\b",
        rf"\b(?:{SAY}|{DISCLOSE}|translate|summari[sz]e|share|reveal|hand over|output|include|state)\b",
        ("prompt", "message", "instruction", "configuration", "rule", "your ", "secret", "password", "key", "token",
         "credential", "environment", "memory", "context window"),
    )  # fmt: skip


def _of_its_verdict() -> Iterator[Order]:
    """What a checker is told of the record before it."""
    yield Order(
        "fixes the verdict",
        rf"\b(?:evaluators?|graders?|reviewers?|annotators?|models?|classifiers?|checkers?|{MODEL})"
        r" (?:must|should|has to|have to|shall|will|need to) (?:return|answer|output|give|mark|reply|label|rate|score"
        r"|accept|approve|award|choose|pick)\b"
        r"|\b(?:label|mark|classify|rate|grade|score|tag|approve|accept) (?:all|every|each)(?: of)?(?: the)?"
        r" (?:following|further|other|subsequent|remaining|next|later) \w{3,10} (?:as|with) [\"']?[\w/]{2,20}[\"']?"
        r"(?=\s*(?:[.!]|$))",
        r"\b(?:this (?:item|record|row|entry|text|sample|answer|response|example|solution)"
        r"|(?:following|further|other|subsequent|remaining|next|later) \w{3,10} (?:as|with))\b",
        ("must", "should", "has to", "have to", "shall", "will", "need to", "label", "mark", "classify", "rate",
         "grade", "score", "tag", "approve", "accept"),
    )  # fmt: skip
    yield Order(
        "fixes the verdict",
        r"\bno (?:further|more|other|additional) (?:verification|checks?|checking|review|validation|evaluation)\b"
        r"|\b(?:skip|omit|bypass|without) (?:\w{1,10} ){0,2}(?:verification|checks?|checking|review|validation"
        r"|evaluation"
        r"|grading)\b"
        r"|^\W{0,3}(?:please )?(?:mark|rate|score|grade|judge|approve|accept|pass|count|treat) (?:it"
        r"|this(?: \w{3,10})?)\b"
        r"|\b(?:do not|don't|no need to) (?:verify|check|evaluate|grade|review)\b"
        r"|\b(?:and|then|so|just|please|simply|;) (?:give|return|say|mark|rate|score|grade|judge|approve|accept"
        r"|pass|count|treat) "
        r"(?:it|this(?: \w{3,10})?|[\"'“]\w|the (?:answer|record|solution|response|text|label|highest))\b",
        r"\b(?:as|to be) (?:valid|correct|right|true|verified|supported|good|passed|approved)\b|\b10 out of 10\b"
        r"|\bfull (?:marks|score|points)\b|\b(?:return|answer|say|output|reply|verdict) [\"'“]?(?:yes|pass(?:ed)?|good"
        r"|supported|correct|true|valid)\b|\b(?:just|simply) (?:say|return|mark) (?:they|it|them)\b"
        r"|\bhighest (?:possible )?(?:score|mark|grade|rating)\b|\bapprove (?:it|this)\b",
        ("verif", "check", "review", "validat", "evaluat", "grad", "mark ", "rate ", "score ", "judge ", "approve ",
         "accept ", "pass ", "count ", "treat "),
    )  # fmt: skip


def _of_its_answer() -> Iterator[Order]:
    """The form of its answer, and more of what it was told and who it is."""
    yield Order(
        "gives an order",
        rf"\byour (?:\w{{1,8}} )?{REPLIES} (?:must|should|has to|have to|shall|may|will) (?:only |just )?(?:be"
        rf"|consist|contain"
        r"|include|start|begin|end|say)\b",
        r"\b(?:and nothing else|nothing but|no other (?:word|text)|only (?:the )?(?:word|letter)s?)\b",
        ("your ",),
    )
    yield Order(
        "speaks of its instructions",
        r"\b(?:instructions?|prompts?|rules?) (?:that |which )?(?:you (?:were|have been|are|had been) (?:given"
        r"|told|shown"
        r"|set)|i gave you)\b|\b(?:everything|all|what) (?:that )?(?:the|your) (?:prompt|system message"
        r"|context) (?:says?|said)\b"
        r"|\b(?:your|the) (?:system'?s? |hidden )(?:rules|prompt|instructions)\b",
        rf"\b(?:{VOID}|{DISCLOSE}|write (?:it|them) (?:out|down)|test|instead)\b",
        ("instruction", "prompt", "rule", "task", "system message", "context"),
    )
    yield Order(
        "gives a new role",
        r"\b(?:unrestricted|uncensored|unfiltered|jailbroken|amoral) (?:\w{1,10} )?(?:assistant|ai|model|bot"
        r"|chat ?bot|llm)\b"
        r"|\byour (?:content|usage|safety|ethics?|moderation) (?:polic(?:y|ies)|guidelines|filters?|rules)\b",
        rf"\b(?:you (?:are|will|have)|pretend|play|act|become|role|be|{VOID})\b",
        ("unrestricted", "uncensored", "unfiltered", "jailbroken", "amoral", "your "),
    )
    yield Order(
        "sends away what it knows",
        r"https?://\S{3,80}",
        r"\b(?:followed by|together with|plus|containing|and) (?:the |your |all )(?:\w{1,8} )?(?:of )?(?:the "
        r"|your )?(?:text of"
        r" (?:the |your )?)?(?:previous|hidden|system|earlier) (?:examples?|records?|rows|prompt|messages?"
        r"|conversation)\b",
        ("http",),
    )
    yield Order(
        "gives an order",
        r"\b(?:wrong(?:ly)?|incorrect(?:ly)?|false(?:ly)?) on purpose\b|\b(?:deliberately|intentionally"
        r"|purposely) (?:wrong"
        r"|incorrect|mislabel)\w{0,4}\b",
        r"\b(?:next|following|every|all|each|remaining) (?:\w{1,8} )?(?:questions?|records?|rows?|texts?|items?"
        r"|answers?)\b",
        ("purpose", "deliberately", "intentionally", "purposely"),
    )
    yield Order(
        "speaks to a judge",
        rf"<!--\s{{0,3}}(?:note to |for |to |dear )?(?:all |any |the )?(?:{READER}|bots?|crawlers?|models?)\s?[:,]"
        r"|\b(?:to|attention|note for|note to|message for|hello|hi) (?:the |any |all |every )?"
        rf"(?:(?:ai|language|labell?ing|grading|review(?:er|ing)?) (?:models?|bots?|systems?)|{MODEL}|models?|chatgpt"
        r"|gpt-?\d?|claude|gemini|llama)(?: (?:that|who|which) \w{3,12}| reading| grading| labell?ing| checking)?"
        rf"(?: (?:this|it|these)(?: \w{{3,10}})?)?\s?(?::|, ?(?:please|before you|you must|{SAY}))",
        "",
        ("<!--", "to ", "attention", "note for", "message for", "hello", "hi "),
    )
    yield Order(
        "gives an order",
        rf"\b(?:in|into|to|of) your {REPLIES}\b|\b(?:begin|start|open|end|finish|close|prefix) your {REPLIES} with\b",
        r"!\[|https?://|\b(?:(?:do not|don't|never|without) refus\w{1,3}|\"?sure, (?:here|i)|hacked|pwned"
        r"|this (?:image|link|url|code))\b",
        ("your ",),
    )
    yield Order(
        "ends the data",
        r"</(?:document|data|context|text|record|passage|article|input|example|content|user|query)>\s{0,3}"
        rf"(?:now|then|next|assistant|please|ai|you|{SAY})\b"
        r"|[\"']role[\"']\s?:\s?[\"']system[\"']\s?,\s?[\"']content[\"']\s?:",
        "",
        ("</", "role"),
    )


def _of_who_speaks() -> Iterator[Order]:
    yield Order(
        "speaks as the system",
        rf"^\s{{0,8}}[\[<(]/?{OFFICE}[\])>]|^\s{{0,8}}[#*=-]{{2,6}}\s?{OFFICE} (?:note|notice|message|override"
        rf"|update)\b"
        rf"|\b(?:message|order|note|update) from (?:the|your) {OFFICE}\b"
        rf"|\b(?:i am|this is|as) (?:your|the) {OFFICE}\b|\b(?:made|trained|built|created) you and\b",
        rf"\b(?:off|disabled?|enabled?|unlock|override|debug|verified|full marks|unrestricted|order you"
        rf"|authori[sz]e|grant|{LIMITS})\b",
        ("admin", "system", "root", "operator", "developer", "creator", "maker", "ed you and", "made you and",
         "built you and"),
    )  # fmt: skip
    yield Order(
        "speaks to a judge",
        rf"\bif (?:you are )?an? {READER}\b|\b(?:any|all|every|the) {READER} (?:that|who|which|reading)\b"
        rf"|\b{READER} (?:reading|reviewing|grading|evaluating|judging|indexing|scoring|rating|checking|(?:who|that"
        rf"|which) (?:\w{{1,12}})) (?:this|it)\b"
        rf"|(?:^|\b(?:dear|hey|attention|note|message|instructions?),?:? )(?:to |for )?(?:all |any "
        rf"|the )?{READER}\s?[,:]"
        rf"|\battention:? {READER}\b|\b{READER} (?:must|should|shall|have to) (?:\w{{1,9}} )?this\b",
        rf"\b(?:this|must|deserves?|recommend|choose|prefer|rate|mark|add|include|mention|award|approve|accept"
        rf"|perfect|has to|{SAY})\b",
        (" ai", "ai ", "ais ", "model", "llm", "chatbot", "chat bot", "grader", "reviewer", "judge", "evaluator",
         "annotator", "automat", "machine", "crawler"),
    )  # fmt: skip
    yield Order(
        "speaks to a judge",
        r"\b(?:when|while|whenever|if) (?:you )?(?:are )?(?:summari[sz]|translat|review|grad|process|evaluat|judg"
        r"|rat)(?:e|es|ing) this\b"
        r"|\bwhoever (?:grades|judges|reviews|evaluates|labels|checks|scores|rates) this\b",
        rf"\b(?:must|should|has to|{SAY}|add|include|mention|recommend|rate|mark|prefer|choose)\b",
        ("ing this", "e this", "ate this", "whoever"),
    )


def _of_what_is_written() -> Iterator[Order]:
    yield Order(
        "fixes the verdict",
        rf"\b(?:set|put|change|make) (?:the|its|your) {MARK}\b|\b(?:the"
        rf"|your) (?:\w{{1,12}} )?{MARK} (?:\w{{1,5}} (?:this )?\w{{1,10}} )?"
        r"(?:must be|has to be|should be|shall be|is always)\b"
        rf"|^\W{{0,3}}(?:please )?(?:classify|label|rate|grade|score|mark|choose|pick|select|give) (?:this|{MARK})\b"
        rf"|\bthe only (?:acceptable|allowed|valid|right|permitted) (?:{MARK}|answer|reply) is\b"
        rf"|^\W{{0,3}}(?:please )?{SAY} [\"“«'][^\"”»'\n]{{1,40}}[\"”»']",
        r"\b(?:no matter|whatever|regardless|always|in every case|for all (?:of )?the following|the only)\b"
        r"|\bfor this (?:record|text|row|item|answer|example)\b|\b(?:verdict|grade)\b.{0,10}\b(?:yes|pass|good"
        r"|correct)\b",
        ("verdict", "score", "label", "grade", "rating", "class", "category", "mark", "only", "whatever", "no matter",
         "regardless", "always", "in every case"),
    )  # fmt: skip
    yield Order(
        "gives an order",
        rf"\b(?:each|every|all|any)(?: one)?(?: of)?(?: your)? {REPLIES}\b",
        rf"^\W{{0,3}}(?:please )?(?:put|add|append|include|insert|write|mention|end|begin|start|close|finish"
        rf"|prefix)\b.{{0,120}}"
        rf"(?:your {REPLIES}|{REPLIES} (?:that )?you)\b"
        rf"|^\W{{0,3}}(?:please )?(?:end|begin|start|close|finish) (?:all|each"
        rf"|every) (?:of )?(?:your )?{REPLIES} with\b"
        rf"|\bappend\b",
        ("output", "reply", "replies", "response", "answer", "message"),
    )
    yield Order(
        "gives an order",
        r"\b(?:instead of|in place of|rather than) (?:an? |the |your "
        r"|this )?(?:\w{1,14} ){0,3}?\w{1,14},? (?:just |only |please )?"
        rf"(?:{SAY}|emit)\b",
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
        rf"\b(?:append|add|include|insert|link|secretly|but|just|instead|keep|request|{SAY})\b",
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
    r"\b(?:instru[ck][ct]i|instruk[st]|anweisung|vorgabe|consigne|indicaci|istruzion|инструкци|інструкці|указани"
    r"|вказівк"
    r"|regeln|reglas|règles|regras|regole|правила|polecen|instrukcj|talimat|komut|perintah|arahan|pokyn|hướng dẫn"
    r"|chỉ dẫn|οδηγί|instruç)"
    r"|指令|指示|提示|规则|命令|지시|تعليمات|أوامر|دستور|निर्देश|आदेश|הוראות|คำสั่ง"
    r"|\b(?:alles|tout ce|todo lo),? (?:was|que|wat|qui|anterior|davor|vorher\w{0,3}|bisher\w{0,3}|oben)\b",
    ("ignor", "oubli", "vergiss", "vergesst", "missachte", "olvid", "esque", "dimentica", "negeer", "vergeet", "забудь",
     "игнорируй", "zapomnij", "忽略", "无视", "無視", "忘", "무시", "bortse", "abaikan", "lupakan", "bỏ qua", "zapomeň",
     "dikkate alma", "yok say", "unut", "görmezden", "pas compte", "caso omiso", "não ", "non ", "beachte", "ігноруй",
     "αγνό", "αγνοή", "تجاهل", "نادیده", "अनदेखा", "नज़रअंदाज", "भूल", "התעלם", "เพิกเฉย", "ไม่ต้องสนใจ"),
)  # fmt: skip
"""In German, French, Spanish, Portuguese, Italian, Dutch, Swedish, Polish, Czech, Romanian, Russian, Ukrainian, Greek,
Turkish, Indonesian, Vietnamese, Arabic, Persian, Hebrew, Hindi, Thai, Chinese, Japanese and Korean."""
