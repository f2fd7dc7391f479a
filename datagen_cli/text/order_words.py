"""The words that `orders.py` makes kinds of orders of, as parts of regular expressions; and what a kind is."""

from __future__ import annotations

from dataclasses import dataclass

MODEL = r"(?:ais?|llms?|(?:large )?language models?|chat ?bots?)"
READER = (
    rf"(?:(?:ai|llm|automat(?:ed|ic)|machine|evaluation|grading|reward|judge|language|reviewer|labell?ing"
    rf"|annotation) (?:\w{{1,12}} )?"
    r"(?:models?|reviewers?|graders?|judges?|crawlers?|agents?|assistants?|systems?|evaluators?|readers?|bots?)"
    rf"|{MODEL}|(?:graders?|reviewers?|evaluators?|annotators?|judges?)(?=\s?[,:]))"
)
SAY = r"(?:answer|reply|respond|say|print|output|repeat|write|return|send|tell|give|show|display|list|copy)"
TOLD = (
    r"(?:instructions?|prompts?|rules?|guidelines?|directions|directives?|orders|brief(?:ing)?|assignments?|guidance"
    r"|messages?|objectives?|configuration|programming|setup|tasks?|job|requests?|policy|policies|commands?)"
)
RULES = r"(?:instructions?|prompts?|rules?|guidelines?|directives?|guidance)"
LIMITS = (
    r"(?:restrictions?|limits?|limitations|content polic(?:y|ies)|guidelines?|filters?|ethics|morals|safeguards"
    r"|guardrails?"
    r"|censorship|moderation|safety \w{1,12})"
)
BEFORE = (
    r"(?:previous|prior|earlier|former|preceding|foregoing|above|initial|original|existing|current|hidden|secret"
    r"|system"
    r"|developer|built-in)"
)
PROMPT = (
    rf"\b(?:the|your|all|any|my|these|those|of|every|each) (?:\w{{1,9}} )?{BEFORE} {TOLD}\b"
    r"(?! (?:was|were|has|have|had|is|are)\b)"
    rf"|\byour (?:\w{{1,9}} )?{BEFORE} {TOLD}\b"
    rf"|\byour (?:system |developer |safety )?(?:instructions?|prompt|guidelines|directives?|programming|briefing"
    rf"|configuration"
    rf"|guardrails|moderation|safeguards)\b|\b{RULES} (?:that |which )?(?:you (?:were|are|have|had|got"
    rf"|received))\b|\b{TOLD} (?:\w{{1,10}} )?above\b|\b{TOLD} (?:at|from) the (?:top|start|beginning) of (?:this"
    rf"|the|our)\b"
    r"|\byou (?:were|are|have been|had been) (?:told|configured|set up|primed|prompted|instructed)\b"
    r"|\bin your (?:context|prompt)\b"
    r"|\b(?:i|we|they|he) (?:told|gave|have told|have given) you\b"
    r"|\b(?:everything|nothing|text|all|what) (?:\w{1,8} ){0,4}(?:above|before|precedes) (?:this|here|it)\b"
    r"|\b(?:everything|nothing|all) (?:that )?(?:you (?:learned|were told|know)|was said|has been said|i said)\b"
)
VOID = (
    r"(?:ignor|disregard|forget|overrid|bypass|cancel|discard|abandon|neglect|delet|eras|lift|suspend|revok"
    r"|withdr|supersed"
    r"|outdat|obsolet|disabl|unlock|scrap|dismiss|expire|violat|disobey|circumvent|void|invalid|null|replac)\w{0,6}"
    r"|(?:set|put|leave) aside|no attention|no longer|not any ?more|(?:do not|don't|never) (?:follow|obey|do|heed"
    r"|apply|carry out)"
    r"|apply any ?more|stop (?:following|obeying)|(?:was|were|is) (?:just |only )?an? (?:test|example)|binds? you"
    r"|(?:switch|turn)(?:ed|s)? off|drop|skip|out of your mind"
)
DISCLOSE = (
    r"what (?:is|are|was|were|does|do|did|comes|stands|text)|word for word|verbatim|exact(?:ly)?|first (?:lines?"
    r"|words?|sentence|paragraph)"
    r"|copy|paste|print|reveal|repeat|display|leak|disclose|quote|recite|dump|list (?:all|each|every|the)"
)
MARK = r"(?:verdict|score|label|grade|rating|classification|class|category|mark)"
REPLIES = r"(?:outputs?|reply|replies|responses?|answers?|messages?)"
OFFICE = r"(?:admin(?:istrator)?|system|root|operator|developers?|creators?|maker)"


@dataclass(frozen=True, slots=True)
class Order:
    """A kind of order: what it is told as, the two parts, and literals of which one must be in a text in lower case."""

    name: str
    part: str
    beside: str
    needs: tuple[str, ...]
