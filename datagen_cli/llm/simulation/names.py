"""Names and small words that the simulation writes with."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """The words of a text as a tuple, for long lists."""
    return tuple(text.split())


SHE = words(
    "Mia Lena Amara Priya Sofia Yuki Fatima Clara Ines Nora Zoe Ruth Leila Maya Elif Hana Greta Carmen "
    "Aisha Tessa Paula "
    "Ingrid Noemi Vera Salma Tara Wanda Bianca Freya Gina Holly Ivy Judith Kira Luisa Marta Nadia Olga Petra Rosa Sana "
    "Thea Uma Violet Wren Xenia Yara Zainab Adele Beatriz Chioma Daria Esme Farah Gloria Heidi Imani Jasmin Keiko"
)
HE = words(
    "Omar Jonas Diego Kenji Tariq Felix Anton Ravi Mateo Ivan Samuel Hugo Emre Noah Lukas Pedro Malik Oscar Theo Bruno "
    "Dmitri Erik Farid Goran Hassan Isaac Jamal Karim Leo Marco Nils Otto Pavel Quentin Rafael Sven Tomas Umar Victor "
    "Walter Xavier Yusuf Zane Arjun Boris Cedric Dario Elias Franz Gael Henrik Imran Jorge Kwame Liam Milan Nikhil"
)
SURNAMES = words(
    "Okafor Lindgren Marquez Tanaka Novak Haddad Silva Berger Kowalski Moreau Iyer Petrov Larsen Adeyemi "
    "Castillo Weber "
    "Yilmaz Rossi Dubois Nakamura Hansen Mensah Torres Fischer Banerjee Sato Virtanen Costa Keller Ozturk Romero Chen "
    "Walsh Bianchi Ferrari Johansson Park Rahman Schmidt Nguyen Delgado Fraser Molina Kaya Popescu Reyes Vargas Lund"
)
CITIES = words(
    "Lisbon Nairobi Osaka Toronto Oslo Lima Cairo Prague Dublin Hanoi Seville Accra Warsaw Helsinki "
    "Bogota Mumbai Athens "
    "Vienna Denver Perth Leeds Austin Lyon Turin Zurich Manila Quito Riga Bergen Porto Chicago Seattle Glasgow Kyoto "
    "Tunis Dakar Boston Geneva Utrecht Malmo Krakow Santiago Montreal Auckland Jakarta Bristol Hamburg Naples"
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = words("January February March April May June July August September October November December")
RELATIVES = (
    "brother",
    "sister",
    "cousin",
    "uncle",
    "aunt",
    "grandmother",
    "grandfather",
    "best friend",
    "neighbor",
    "teacher",
    "classmate",
    "father",
    "mother",
    "roommate",
)
GOODS = (
    "sandwich",
    "coffee",
    "ice cream cone",
    "comic",
    "bus ticket",
    "drink",
    "pencil case",
    "slice of pizza",
    "magazine",
    "flower",
    "keychain",
    "smoothie",
    "cinema ticket",
    "muffin",
    "postcard",
    "balloon",
)
GIFTS = (
    "book",
    "board game",
    "pair of gloves",
    "football",
    "haircut",
    "birthday present",
    "new backpack",
    "concert ticket",
    "set of paints",
    "hat",
    "phone cover",
    "cake",
    "kite",
    "chess set",
    "wool blanket",
)
LARGE = (
    "bicycle",
    "tablet",
    "guitar",
    "desk",
    "camera",
    "pair of skates",
    "sewing machine",
    "telescope",
    "drum kit",
    "winter coat",
    "bookshelf",
    "printer",
    "microscope",
    "tent",
    "keyboard",
    "radio",
)

_IRREGULAR = {"fish": "fish", "loaf": "loaves", "child": "children", "person": "people", "box of tea": "boxes of tea"}


def plural(noun: str) -> str:
    """The plural of a noun phrase: `box of tea` becomes `boxes of tea`."""
    if noun in _IRREGULAR:
        return _IRREGULAR[noun]
    head, of, rest = noun.partition(" of ")
    if head in _IRREGULAR:
        return _IRREGULAR[head] + of + rest
    if head.endswith(("s", "x", "ch", "sh", "z")):
        return head + "es" + of + rest
    if head == "potato" or head == "tomato":
        return head + "es" + of + rest
    if head.endswith("y") and head[-2] not in "aeiou":
        return head[:-1] + "ies" + of + rest
    return head + "s" + of + rest


def article(noun: str) -> str:
    """`a` or `an` with the noun."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"
