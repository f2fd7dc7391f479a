"""Files that are not UTF-8: the encoding is guessed from the letters, by `init --from` and `eval` alike, and said."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from datagen_cli.evaluation.load import Wanted, load_dataset, table_form
from datagen_cli.sources.encodings import guess_encoding, how_written
from datagen_cli.sources.foreign import read_foreign

TEXTS = [
    ("cp1252", "My café order — “naïve” déjà vu €5"),
    ("cp1252", "Die Lieferung für Müller ist größer, schön"),
    ("cp1252", "El niño comió en la mañana; ¿por qué? El corazón"),
    ("cp1252", "Não é possível: a situação está péssima, coração"),
    ("cp1252", "Jeg får ikke låne øl på Ærø"),
    ("cp1252", "“quoted” text’s only — €5"),
    ("cp1252", "Straße für alle und déjà vu, garçon, à côté, señor Müller"),
    ("cp1250", "Płatność została pobrana dwa razy, proszę o zwrot pieniędzy za łóżko"),
    ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy, děkuji"),
    ("cp1250", "Árvíztűrő tükörfúrógép, köszönöm szépen, őszintén"),
    ("iso8859_2", "Płatność została pobrana dwa razy, proszę o zwrot pieniędzy za łóżko"),
    ("cp1251", "Мой заказ до сих пор не пришёл, прошу помочь"),
    ("koi8_r", "Мой заказ до сих пор не пришёл, прошу помочь"),
    ("cp1253", "Η παραγγελία μου δεν έχει έρθει ακόμα, παρακαλώ βοηθήστε"),
    ("cp1253", "Ξέχασα τον κωδικό μου και δεν μπορώ να συνδεθώ"),
    ("cp1255", "שכחתי את הסיסמה שלי ואני לא מצליח להתחבר"),
    ("cp1256", "نسيت كلمة المرور ولا أستطيع تسجيل الدخول"),
    ("cp1254", "Siparişim hâlâ gelmedi, lütfen yardım edin, çok kötü bir hizmet"),
    ("mac_roman", "Die Lieferung für Müller ist größer, schön"),
    ("cp850", "Die Lieferung für Müller ist größer, schön"),
    ("cp932", "注文した商品がまだ届きません。いつ届きますか。"),
    ("gb18030", "我的订单还没有到，请帮我查一下物流信息，谢谢"),
    ("big5", "我的訂單還沒有到，請幫我查一下物流資訊，謝謝"),
    ("cp949", "제 주문이 아직 도착하지 않았습니다. 확인 부탁드립니다"),
]


@pytest.mark.parametrize(("codec", "text"), TEXTS)
def test_the_encoding_is_guessed_from_the_letters(codec: str, text: str) -> None:
    assert guess_encoding([text.encode(codec)]) == codec


@pytest.mark.parametrize(("codec", "text"), [*TEXTS, ("utf-16", "żółć"), ("utf-16-le", "zażółć gęślą jaźń")])
def test_eval_and_init_read_one_text_in_any_encoding(codec: str, text: str, tmp_path: Path) -> None:
    rows = [[f"{text} {n}", str(n)] for n in range(20)]
    table = io.StringIO()
    csv.writer(table, delimiter=";").writerows([["words", "n"], *rows])
    path = tmp_path / "a.csv"
    path.write_bytes(table.getvalue().encode(codec))
    expected = [row[0] for row in rows]
    assert [row["words"] for row in read_foreign(path, "a.csv").rows] == expected
    loaded = load_dataset(str(path), Wanted())
    assert [row["words"] for row in loaded.dataset.rows] == expected
    assert any("read as" in note for note in loaded.problems)


def test_lines_of_two_encodings_are_read_each_as_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("text\ncafé\n".encode() + "très bien déjà\n".encode("cp1252"))
    loaded = load_dataset(str(path), Wanted())
    assert [row["text"] for row in loaded.dataset.rows] == ["café", "très bien déjà"]
    (note,) = loaded.notes
    assert "1 line is not UTF-8, read as Windows-1252, such as 'très'; where that is wrong, --csv encoding=NAME" in note
    named = load_dataset(str(path), Wanted(csv=table_form(["encoding=latin-1"])))
    assert not any("UTF-8" in note for note in named.notes)


def test_a_file_in_utf_8_is_told_from_others_wherever_they_differ(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"text\n" + b"plain words\n" * 200_000 + "zażółć gęślą jaźń\n".encode("cp1250"))
    assert how_written(str(path), "a.csv").other == "cp1250"
    path.write_bytes(b"text\n" + "zażółć\n".encode() * 300_000)
    assert how_written(str(path), "a.csv").other is None
