"""Refusals of many languages, placeholders in other words, numbered records and odd spellings are what they are; what
people write who cannot come, log in or open an account is kept."""

from __future__ import annotations

import json

import pytest

from datagen_cli.core.fields import FieldSpec, WrongType, to_number
from datagen_cli.prompts.declining import declines
from datagen_cli.prompts.empty_words import is_form
from datagen_cli.prompts.parse import parse_reply, read_record
from datagen_cli.prompts.plain_text import parse_text

REFUSALS = (
    "I'm sorry, but I can't assist with that request.",
    "I can't help with that.",
    "Sorry, I can't help with that.",
    "I'm sorry, but I cannot fulfill this request.",
    "I am unable to generate this content.",
    "I won't be able to write that text.",
    "I'm just an AI and cannot create such content.",
    "As a large language model, I cannot write this.",
    "As a language model, I can't produce that.",
    "I must respectfully decline to write this.",
    "I'm afraid I can't help with this request.",
    "I don't feel comfortable writing this content.",
    "I'm not comfortable generating this text.",
    "I apologize, but I'm not able to provide that content.",
    "Unfortunately, I cannot create this record.",
    "I'd prefer not to write this content.",
    "This request goes against my guidelines.",
    "I am programmed to be a harmless AI assistant and cannot write this.",
    "My guidelines don't allow me to write this.",
    "Mi dispiace, ma non posso generare questo contenuto.",
    "Mi dispiace, non posso aiutarti con questa richiesta.",
    "Desculpe, mas não posso gerar esse conteúdo.",
    "Lamento, mas não posso ajudar com isso.",
    "Het spijt me, maar ik kan deze inhoud niet genereren.",
    "Sorry, maar ik kan je daar niet mee helpen.",
    "Przepraszam, ale nie mogę wygenerować tej treści.",
    "Извините, но я не могу создать такой контент.",
    "К сожалению, я не могу помочь с этим запросом.",
    "Я не могу написать такой текст.",
    "抱歉，我无法生成这样的内容。",
    "对不起，我不能提供此类内容。",
    "很抱歉，我无法协助完成这个请求。",
    "作为一个AI语言模型，我无法编写这样的内容。",
    "申し訳ありませんが、そのような内容は作成できません。",
    "申し訳ございませんが、このリクエストにはお応えできません。",
    "죄송하지만, 그런 내용은 작성할 수 없습니다.",
    "죄송합니다. 해당 요청은 도와드릴 수 없습니다.",
    "Üzgünüm, bu içeriği oluşturamam.",
    "عذرًا، لا يمكنني إنشاء هذا المحتوى.",
    "क्षमा करें, मैं यह सामग्री नहीं बना सकता।",
    "Xin lỗi, tôi không thể tạo nội dung này.",
    "Maaf, saya tidak dapat membuat konten ini.",
    "Es tut mir leid, aber ich kann diese Anfrage nicht erfüllen.",
    "Entschuldigung, ich kann solche Inhalte nicht erstellen.",
    "Ich kann diesen Text leider nicht schreiben.",
    "Je ne peux pas générer ce contenu.",
    "Je suis désolé, mais je ne peux pas vous aider avec cette demande.",
    "Lo siento, pero no puedo ayudarte con esa solicitud.",
    "No puedo generar este contenido.",
    "Jag kan tyvärr inte skapa det här innehållet.",
    "Beklager, men jeg kan ikke lage dette innholdet.",
    "Je mi líto, ale tento obsah nemohu vytvořit.",
    "Sajnálom, de nem tudok ilyen tartalmat készíteni.",
    "Îmi pare rău, dar nu pot genera acest conținut.",
    "Вибачте, але я не можу створити такий вміст.",
)
TEXTS = (
    "I'm sorry, but I cannot come on Friday.",
    "I can't log in to my account, please help me with this.",
    "Sorry, I can't do that tomorrow.",
    "Mi dispiace, ma non posso venire alla festa.",
    "Desculpe, mas não posso ir amanhã.",
    "Извините, но я не могу прийти завтра.",
    "抱歉，我明天不能来。",
    "申し訳ありませんが、明日は行けません。",
    "죄송하지만 내일은 갈 수 없습니다.",
    "Es tut mir leid, aber ich kann morgen nicht kommen.",
    "Je suis désolé, mais je ne peux pas venir demain.",
    "Lo siento, pero no puedo ir mañana.",
    "Het spijt me, maar ik kan morgen niet komen.",
    "I am unable to open the attachment you sent.",
    "I can't write with my left hand.",
    "I cannot create an account on your website.",
    "Je ne peux pas créer de compte sur votre site.",
    "No puedo crear una cuenta en su página.",
    "Ich kann kein Konto erstellen.",
    "我无法登录我的账户。",
    "Я не могу создать учётную запись.",
    "Non posso creare un account.",
    "アカウントを作成できません。",
    "계정을 만들 수 없습니다.",
    "The content was removed from the shelf.",
    "I don't feel comfortable driving at night.",
    "Przepraszam, ale nie mogę otworzyć pliku.",
    "Maaf, saya tidak dapat datang besok.",
    "Üzgünüm, yarın gelemem.",
    "申し訳ありませんが、この商品は返品できません。",
    "As a writer, I cannot sleep at night.",
    "My policies on pets do not matter here.",
)
FIELDS = [FieldSpec("text"), FieldSpec("mood")]
RECORD = {"text": "The kettle sings.", "mood": "calm"}


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_no_record(text: str) -> None:
    assert declines(text)
    assert parse_text(text, "stop", FIELDS[0]).refused
    assert parse_reply(json.dumps({"records": [{"text": text, "mood": "m"}]}), "stop", FIELDS).refused


@pytest.mark.parametrize("text", TEXTS)
def test_what_somebody_cannot_do_is_a_text(text: str) -> None:
    assert not declines(text)
    assert parse_text(text, "stop", FIELDS[0]).whole == [{"text": text}]


@pytest.mark.parametrize(
    "text",
    [
        *("Your text here", "your text here...", "Insert text here", "text goes here", "Sample text", "Example text"),
        *("placeholder text", "dummy text", "string value", "${text}", "%text%", "$text", "text (string)", "textValue"),
        *("<text: string>", "some text", "Lorem ipsum dolor sit amet.", "[TEXT HERE]", "text: ..."),
        *("any string", "Write your text here", "text_value", "<TEXT_HERE>", "@text", "short text", "[short text]"),
    ],
)
def test_a_placeholder_in_other_words_is_the_form(text: str) -> None:
    assert is_form(text, "text")
    assert parse_reply(json.dumps({"records": [{"text": text, "mood": "m"}]}), "stop", FIELDS).whole == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Your Name", "title"),
        ("Your Name", "name"),
        ("The content of the box was wet.", "text"),
        ("Write a short text.", "instruction"),
        ("Here goes!", "text"),
        ("value", "word"),
        ("undefined", "answer"),
        ("A long string of pearls", "text"),
        ("Text me here", "text"),
        ("text 83", "text"),
        ("Sample text 7", "text"),
        ("?", "text"),
    ],
)
def test_words_that_only_look_like_a_placeholder_are_kept(text: str, name: str) -> None:
    assert not is_form(text, name)


def numbered(order: list[int], name: str) -> str:
    records = [{name: n, "text": f"Note {n}.", "mood": "calm"} for n in order]
    return json.dumps({"records": records})


@pytest.mark.parametrize(
    "reply",
    [
        numbered([3, 1, 2], "number"),
        numbered([2, 0, 1], "index"),
        "\n".join(json.dumps({"id": f"record {n}", "text": f"Note {n}.", "mood": "calm"}) for n in (2, 3, 1)),
        json.dumps({"records": {str(n): {"text": f"Note {n}.", "mood": "calm"} for n in (3, 1, 2)}}),
        json.dumps({"records": {f"record_{n}": {"text": f"Note {n}.", "mood": "calm"} for n in (2, 1, 3)}}),
    ],
)
def test_records_that_are_numbered_come_in_the_order_of_their_numbers(reply: str) -> None:
    texts = [record["text"] for record in parse_reply(reply, "stop", FIELDS, 3).whole]
    assert texts == sorted(texts) and len(texts) == 3


@pytest.mark.parametrize("name", ["year", "price"])
def test_other_numbers_order_nothing(name: str) -> None:
    reply = numbered([3, 1, 2], name)
    assert [one["text"] for one in parse_reply(reply, "stop", FIELDS, 3).whole] == ["Note 3.", "Note 1.", "Note 2."]
    gap = numbered([3, 1], "number")  # two of three: which one is missing is for the caller
    assert len(parse_reply(gap, "stop", FIELDS, 3).records) == 2


@pytest.mark.parametrize("name", ["position", "order", "id"])
def test_a_name_that_the_prompt_gives_values_of_numbers_no_record(name: str) -> None:
    reply = numbered([3, 1, 2], name)
    unwritten = FieldSpec(name, "number", written=False)
    for found in (
        parse_reply(reply, "stop", [*FIELDS, unwritten], 3),  # a field that comes from the base
        parse_reply(reply, "stop", FIELDS, 3, {name.title()}),  # an attribute
        parse_reply(reply, "stop", [*FIELDS, FieldSpec(name, "number")], 3),
    ):
        assert [one["text"] for one in found.whole] == ["Note 3.", "Note 1.", "Note 2."] and not found.numbered


@pytest.mark.parametrize("extra", [{"note": "four of them"}, {}, "Here they are"])
def test_what_is_no_record_at_all_is_none_of_a_batch(extra: object) -> None:
    reply = json.dumps({"records": [extra, RECORD, {**RECORD, "text": "It rains."}]})
    found = parse_reply(reply, "stop", FIELDS, 2)
    assert [one["text"] for one in found.whole] == [RECORD["text"], "It rains."]
    assert (found.problems, found.surplus) == ((), ())


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("{'text': 'He said “hi” to me', 'mood': 'calm'}", "He said “hi” to me"),
        ("{“text”: “He said: “hi”, “yo” and left”, “mood”: “calm”}", "He said: “hi”, “yo” and left"),
        ("{“text”: “She said: “go”, then left”, “mood”: “calm”}", "She said: “go”, then left"),
        ("{„text“: „Er sagt „ja“, dann nein“, „mood“: „calm“}", "Er sagt „ja“, dann nein"),
        ("{“text”: “It is 5” long”, “mood”: “calm”}", "It is 5” long"),
        ('{“text”: “He said "hi" to me”, “mood”: “calm”} Don\'t you like it?', 'He said "hi" to me'),
        ("{'text': '“Hi”, she said', 'mood': 'calm'}", "“Hi”, she said"),
        ("{“text”: 'a “b” c', “mood”: 'calm'}", "a “b” c"),
        ("{text: “Hi there”, mood: “calm”}", "Hi there"),
        ('{"text": "see: “x”, ok", "mood": "calm",}', "see: “x”, ok"),
    ],
)
def test_curled_quotation_marks_inside_a_text_stay_as_they_are(reply: str, text: str) -> None:
    assert parse_reply(reply, "stop", FIELDS).whole == [{"text": text, "mood": "calm"}]


@pytest.mark.parametrize(
    "reply",
    [
        json.dumps({"records": [{"record": RECORD}]}),
        json.dumps([{"fields": RECORD}]),
        json.dumps({"text": ["The kettle sings."], "mood": ["calm"]}),
        '{"text": "The kettle sings.", "Mood:": "calm"}',
        '{"**text**": "The kettle sings.", " mood ": "calm"}',
        "{“records”: [{”text”: ”The kettle sings.”, ”mood”: ”calm”}]}",
    ],
)
def test_a_record_is_found_in_an_object_of_its_own_and_under_decorated_names(reply: str) -> None:
    assert parse_reply(reply, "stop", FIELDS).whole == [RECORD]


@pytest.mark.parametrize("text", [r"C:\Users\me", r"\(x^2\)", r"\alpha and \, too", r"a \\ b \c"])
def test_backslashes_that_begin_no_escape_are_kept(text: str) -> None:
    reply = '{"records": [{"text": "' + text + '", "mood": "calm"}]}'
    found = parse_reply(reply, "stop", FIELDS)
    assert found.repaired and [one["text"] for one in found.whole] == [text.replace(r"\\", "\\")]


@pytest.mark.parametrize("text", [r"\alpha \nabla", r"3 \times 4", r"\text{a}", r"\theta", r"a \neq b", r"\frac{1}{2}"])
def test_a_text_whose_backslashes_were_read_as_white_space_is_asked_for_again(text: str) -> None:
    assert parse_reply('{"records": [{"text": "' + text + '", "mood": "calm"}]}', "stop", FIELDS).whole == []


@pytest.mark.parametrize(
    "text",
    [
        "x = sp.Symbol('x')\neq = sp.Eq(x, 2)",
        "x = 1\neq += x",
        "x = 1\neq(x, 2)",
        "x = 1\neq.solve()",
        "x = 1\neq, other = x, 2",
        "x = 1\neq: int = 2",
        "eqs = []\neq1 = 2",
        "a = b\neq[0] = a",
        "print(\neq)",
        "x = 2\neq",
        "all(\neq in known)",
        "\teq = 1\n\text = 'txt'",
        "a\ttimes\tb",
    ],
)
def test_a_line_of_code_that_begins_like_a_sign_is_kept(text: str) -> None:
    assert [one["text"] for one in parse_reply(json.dumps({"text": text, "mood": "calm"}), "stop", FIELDS).whole] == [
        text
    ]


@pytest.mark.parametrize("text", [r"a\neq b", r"$a \neq -1$", r"x \neq \\pi", r"$x\neq$ y", r"a \neq (b)"])
def test_a_sign_whose_backslash_was_read_as_a_line_end_is_asked_for_again(text: str) -> None:
    assert parse_reply('{"text": "' + text + '", "mood": "calm"}', "stop", FIELDS).whole == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("−5", -5), ("–5", -5), ("－5", -5), ("１２．５", 12.5), ("١٬٢٣٤٫٥", 1234.5), ("5\u200b", 5),
    ],
)  # fmt: skip
def test_numbers_are_read_with_the_signs_of_other_scripts(text: str, value: float) -> None:
    assert to_number(text) == value


@pytest.mark.parametrize(("text", "value"), [("-$5", -5), ("−$5.50", -5.5), ("US$5", 5), ("R$ 5,50", 5.5), ("$-5", -5)])
def test_amounts_are_read_with_a_sign_before_their_currency(text: str, value: float) -> None:
    assert read_record({"price": text}, [FieldSpec("price", "number")]) == {"price": value}


@pytest.mark.parametrize("text", ["5²", "½", "1½", "1/2", "12 34", "5-6", "(5)", "three", "12,5 %"])
def test_what_may_be_read_in_two_ways_is_no_number(text: str) -> None:
    with pytest.raises(WrongType):
        to_number(text)
