"""People who cannot, or would rather not, write texts like any others: only a model's refusal is none."""

from __future__ import annotations

import json

import pytest

from datagen_cli.core.fields import FieldSpec
from datagen_cli.prompts.declining import declines
from datagen_cli.prompts.parse import parse_reply
from datagen_cli.prompts.plain_text import parse_text

TEXT = FieldSpec("text", description="a short note")


@pytest.mark.parametrize(
    "text",
    [
        "No puedo crear esta cuenta porque dice que mi correo ya existe.",
        "No puedo escribir este mensaje desde el móvil, la app se cierra.",
        "Lo siento, no puedo crear la factura que me piden, falta el NIF.",
        "Perdón, no puedo ayudar con esa mudanza el sábado.",
        "Ich kann diese Rechnung nicht bearbeiten, das Feld ist gesperrt.",
        "Leider kann ich diesen Termin nicht bearbeiten. Bitte helfen Sie mir.",
        "Es tut mir leid, ich kann morgen nicht helfen, ich bin krank.",
        "Je ne peux pas créer ce compte, le site dit que mon adresse existe déjà.",
        "Désolée, je ne peux pas répondre au téléphone cet après-midi.",
        "Non posso creare questo account perché la mail risulta già in uso.",
        "Não posso criar esta conta, o site diz que o meu e-mail já existe.",
        "Nie mogę stworzyć tego konta, strona pokazuje błąd.",
        "Bohužel nemohu vytvořit tento účet, stránka hlásí chybu.",
        "Sajnos nem tudom ezt a számlát létrehozni, a rendszer hibát ad.",
        "Извините, я не могу выполнить этот заказ через приложение.",
        "Jag kan inte skapa det här kontot, sidan säger att adressen finns.",
        "Beklager, jeg kan ikke levere dette skjemaet på nettsiden.",
        "我无法创建这个账户,系统提示邮箱已被使用。",
        "申し訳ありませんが、この商品の内容が違うので受け取りできません。",
        "죄송하지만 해당 글을 게시판에 올릴 수 없습니다. 오류가 나요.",
        "Üzgünüm ama bu isteği uygulamadan oluşturamam, hata veriyor.",
        "Xin lỗi, tôi không thể tạo tài khoản này vì email đã được dùng.",
        "للأسف لا يمكنني إنشاء هذا الحساب لأن البريد مستخدم.",
        "I can't complete this order. The button does nothing.",
        "I'm sorry, I can't discuss this on the phone. Please send me an email.",
        "I can't help you with this, my hands are full. Ask Tom instead.",
        "I'm unable to write any reviews since the last update. The send button is grey.",
        "I cannot create new records in the CRM since Monday. Can you help with that?",
        "I won't comply with a parking fine that was never mine.",
        "I'd rather not write this review, but the blender broke after two days.",
        "I cannot write this letter without tears. Dear Tom, when you read it I will be gone.",
        "I can't continue this story. My tea is cold.",
        "I'm an AI researcher and can't write code fast, so this editor is a blessing.",
        "As an AI assistant, I was asked to greet visitors; nobody told me about the dog.",
        "This request goes against everything my grandmother taught me, but I sold the house.",
        "Response blocked by CORS policy, says the console. What does your API need?",
        "My programming doesn't allow me to sleep: I have been up three nights with this bug.",
    ],
)
def test_somebody_who_cannot_is_kept(text: str) -> None:
    reply = json.dumps({"records": [{"text": text}]})
    assert parse_reply(reply, "stop", [TEXT]).records == ({"text": text},)
    assert parse_text(text, "stop", TEXT).records == ({"text": text},)


@pytest.mark.parametrize(
    "text",
    [
        "I cannot and will not write content that demeans people.",
        "I can't create that for you. Is there something else I can help you with?",
        "I'm Claude, an AI assistant, and I can't write that.",
        "As an AI developed by OpenAI, I cannot write this kind of text.",
        "I'm not able to generate a review that spreads misinformation about a company.",
        "I won't write a message that threatens somebody. If you'd like, I can help with a polite complaint.",
        "My programming does not allow me to create such content.",
        "Lo siento, como modelo de lenguaje no puedo generar ese tipo de cosas. ¿Puedo ayudarte con otra cosa?",
        "Je suis désolé, mais en tant qu'IA je ne peux pas écrire cela.",
        "Als KI-Sprachmodell kann ich keine Hassrede schreiben.",
        "Ich kann diesen Inhalt leider nicht erstellen, da er gegen meine Richtlinien verstößt.",
        "抱歉，我不能协助处理该请求。如果您有其他问题，我很乐意帮助您。",
        "我无法满足这个请求。",
        "Я не могу выполнить ваш запрос.",
        "Niestety nie mogę napisać tego tekstu.",
    ],
)
def test_a_refusal_is_one_whatever_an_assistant_adds_to_it(text: str) -> None:
    assert declines(text)
    assert parse_text(text, "stop", TEXT).refused
