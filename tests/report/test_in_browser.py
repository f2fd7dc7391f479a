"""The page in a browser: what a reader searches, filters, points at and decides; nothing is asked of the network."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from datagen_cli.cli.app import run
from datagen_cli.report.leaderboard import leaderboard_page
from datagen_cli.runs.reader import RunReader
from tests.report import browser as devtools
from tests.report.browser import Browser, Tab
from tests.report.test_leaderboard import document

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(devtools.found() is None, reason="no browser here: install chromium, or set DATAGEN_BROWSER"),
    pytest.mark.asyncio(loop_scope="module"),
]
HOSTILE = [
    "</script><script>window.evil = 1</script>", "<!-- <script> --!>", "<img src=x onerror='window.evil = 1'>",
    "\u2028 a line \u2029 a paragraph", "left \u202etfel ot thgir\u202c", "\u001b[2J escape \u0007", "]]> &lt; &amp;",
    "' onmouseover='window.evil = 1' x='", "javascript:window.evil=1", "x" * 3000, "𝒜 🦝 عربى",
]  # fmt: skip
METRICS = "length,balance,near_duplicates,distinct_n,leakage"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "quickstart"
    assert run(["generate", "quickstart", "-n", "40", "-o", str(path), "--quiet"]) == 0
    return path


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    written = folder.parent / "page.html"
    assert run(["eval", str(folder), "--metrics", METRICS, "--html", str(written)]) == 0
    return written.as_uri()


def of_rows(path: Path, rows: list[dict[str, Any]], *more: str) -> str:
    path.write_bytes(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    written = path.with_suffix(".html")
    assert run(["eval", str(path), "--metrics", "length,balance", "--html", str(written), *more]) == 0
    return written.as_uri()


PLACE = """(() => {
  const [, x, y] = page.data.plane.own[0], svg = document.querySelector("#plane svg");
  const at = new DOMPoint(x, y).matrixTransform(svg.getScreenCTM());
  return [at.x, at.y];
})()"""
SEARCHES = """["r", "ri", "rivers of region 30", "9999", ""].map((text) => {
  document.getElementById("find").value = text;
  page.search();
  return [text, document.getElementById("found").textContent, document.querySelectorAll(".row").length];
})"""


FAINT = """(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((one) => one / 255).map((one) => one <= 0.04045 ? one / 12.92
    : ((one + 0.055) / 1.055) ** 2.4).reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
  const paper = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const found = numbers(getComputedStyle(at).backgroundColor);
      if (found.length === 3 || found[3] === 1) return found;
    }
    return numbers(getComputedStyle(document.body).backgroundColor);
  };
  const contrast = (colour, node) => {
    const [one, two] = [light(numbers(colour)), light(paper(node))].sort((a, b) => b - a);
    return (one + 0.05) / (two + 0.05);
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || node.closest("script, option, [hidden], svg")) continue;
    const rate = contrast(getComputedStyle(node).color, node);
    if (rate < 4.5) found.push([rate.toFixed(2), walker.currentNode.data.slice(0, 40)]);
  }
  const box = document.getElementById("find"), rate = contrast(getComputedStyle(box, "::placeholder").color, box);
  return rate < 4.5 ? [...found, [rate.toFixed(2), box.placeholder]] : found;
})()"""


async def pick(tab: Tab, select: str, option: int) -> None:
    """Chooses an option of a select."""
    await tab.js(f"{{ const one = document.querySelector('{select}'); one.value = {option};"
                 " one.dispatchEvent(new Event('change')); }")  # fmt: skip


async def quiet(tab: Tab, url: str) -> None:
    """Nothing went wrong in the page, and nothing but the page was asked for."""
    assert tab.errors == []
    assert [one for one in tab.requests if not one.startswith((url, "data:"))] == []


async def test_search_and_filters_find_records_and_their_history(chromium: Browser, page: str) -> None:
    async with chromium.tab() as tab:
        await tab.open(page)
        assert await tab.js("document.getElementById('found').textContent") == "40 shown"
        await tab.js(
            "const box = document.getElementById('find'); box.value = '000007'; box.dispatchEvent(new Event('input'))"
        )
        assert await tab.js("document.getElementById('found').textContent") == "1 shown"
        await tab.js("document.querySelector('.row').click()")
        assert "000007" in await tab.js("document.querySelector('#record h3').textContent")
        assert await tab.js("document.querySelector('#record dd').textContent === page.chosen.f[0]")
        assert "[object" not in await tab.js("document.body.textContent.replace(/<script.*/s, '')")
        assert "pass" in await tab.js("document.querySelector('#record .verdicts').textContent")
        await tab.js("document.getElementById('find').value = ''")
        await pick(tab, "[data-filter=status]", 1)
        assert await tab.js(
            "[...document.querySelectorAll('.row .state')].every((one) => one.className.includes('bad'))"
        )
        await tab.js("document.querySelector('.row').click()")
        assert "turned away at" in await tab.js("document.getElementById('record').textContent")
        await quiet(tab, page)


async def test_the_pointer_over_a_point_shows_its_text(chromium: Browser, page: str) -> None:
    async with chromium.tab() as tab:
        await tab.open(page)
        await tab.js("document.getElementById('where').scrollIntoView()")
        place = await tab.js(PLACE)
        await tab.call("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1])
        await tab.until("!document.getElementById('tip').hidden")
        assert len(await tab.js("document.getElementById('tip').textContent")) > 40
        assert await tab.js("document.querySelectorAll('#colour option').length") > 1
        await pick(tab, "#colour", 1)
        assert await tab.js("document.querySelectorAll('#plane path').length") > 1
        await quiet(tab, page)


async def test_keys_reach_every_point_and_tables_only_where_they_scroll(chromium: Browser, page: str) -> None:
    async with chromium.tab() as tab:
        await tab.open(page)
        assert await tab.js("document.querySelectorAll('.scroll[tabindex]').length") == 0
        await tab.js("document.querySelector('.scroll').style.width = '40px'; dispatchEvent(new Event('resize'))")
        assert await tab.js("document.querySelectorAll('.scroll[tabindex]').length") == 1
        await tab.js("document.querySelector('#plane svg').focus()")
        words, told = "document.getElementById('tip').textContent", []
        for _ in range(await tab.js("page.data.plane.own.length + page.data.plane.base.length")):
            await tab.key("PageDown")
            told.append(await tab.js(words))
        assert all(told) and len(set(told)) > len(told) // 2
        await tab.key("ArrowRight")
        assert await tab.js(words)
        while (named := (await tab.js(words)).split()[0]) == "reference":
            await tab.key("PageUp")
        await tab.key("Enter")
        assert await tab.js("document.querySelector('#record h3').textContent") == named


async def test_a_phone_needs_no_sideways_scrolling_and_dark_is_dark(chromium: Browser, page: str) -> None:
    async with chromium.tab() as tab:
        await tab.open(page, width=390, height=844, dark=True)
        assert await tab.js("document.documentElement.scrollWidth") <= 390
        red, green, blue = (
            int(n) for n in (await tab.js("getComputedStyle(document.body).backgroundColor"))[4:-1].split(",")
        )
        assert max(red, green, blue) < 60
        assert await tab.js("getComputedStyle(document.body).fontSize") == "16px"
        await quiet(tab, page)


async def test_every_cell_has_room_for_its_words_and_no_two_things_one_name(
    chromium: Browser, page: str, tmp_path: Path
) -> None:
    leaderboard = tmp_path / "leaderboard.html"
    named = document(0.5)
    named["rows"][0]["generator"] = "x" * 300
    leaderboard.write_text(leaderboard_page(named), "utf-8")
    async with chromium.tab() as tab:
        for opened, width in product((page, leaderboard.as_uri()), (360, 740, 900, 1000, 1440)):
            await tab.open(opened, width=width)
            narrow = await tab.js("""[...document.querySelectorAll("td, th")]
                .map((one) => [one, one.getBoundingClientRect()])
                .filter(([one, place]) => one.textContent.length > 20 && place.width > 0 && place.width < 90)
                .map(([one]) => one.textContent)""")
            aside = await tab.js("""[...document.querySelectorAll(".scroll")]
                .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent)""")
            assert (narrow, aside) == ([], []), width
        names = await tab.js("[...document.querySelectorAll('[id]')].map((one) => one.id)")
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("dark", [False, True])
async def test_every_word_stands_out_from_its_paper(chromium: Browser, page: str, dark: bool) -> None:
    async with chromium.tab() as tab:
        await tab.open(page, dark=dark)
        for kept in (0, 1):  # an accepted record, and an attempt that was turned away
            await pick(tab, "[data-filter=status]", kept)
            await tab.js("document.querySelector('.row').click()")
            assert await tab.js(FAINT) == []


async def test_on_a_phone_the_record_that_is_chosen_comes_into_sight(chromium: Browser, page: str) -> None:
    async with chromium.tab() as tab:
        await tab.open(page, width=390, height=844)
        await tab.js("document.getElementById('records').scrollIntoView()")
        assert await tab.js("document.getElementById('record').getBoundingClientRect().top") > 422
        await tab.js("document.querySelector('.row').click()")
        assert 0 <= await tab.js("document.getElementById('record').getBoundingClientRect().top") < 422
        chart = "document.querySelector('.time text')"
        shown = f"{chart} === null || {chart}.getBoundingClientRect().height >= 11"
        assert await tab.js(shown)


@pytest.mark.parametrize("width", [390, 960, 1200])
async def test_a_heading_that_is_gone_to_stands_below_the_contents_and_names_of_checks_stay_whole(
    chromium: Browser, page: str, width: int
) -> None:
    hidden = """[...document.querySelectorAll("section")].slice(1, -4).filter((one) => {
      one.scrollIntoView();
      return one.querySelector("h2").getBoundingClientRect().top
        < document.querySelector("nav").getBoundingClientRect().bottom;
    }).map((one) => one.id)"""
    broken = """[...document.querySelectorAll(".checks tbody th")].filter((one) => {
      const range = document.createRange();
      range.selectNode((one.querySelector("bdi") || one).firstChild);
      return range.getClientRects().length > 1;
    }).map((one) => one.textContent)"""
    async with chromium.tab() as tab:
        await tab.open(page, width=width)
        assert await tab.js(hidden) == []
        await tab.js("document.querySelector('.checks tbody th').textContent = 'no_markup_at_all'")
        await tab.js(
            "for (const one of document.querySelectorAll('.checks tbody td')) one.append(' 268 of 337, 12 unknown')"
        )
        assert await tab.js(broken) == []


async def test_printed_from_a_dark_screen_it_is_ink_on_paper(chromium: Browser, page: str) -> None:
    dark = [{"name": "prefers-color-scheme", "value": "dark"}]
    async with chromium.tab() as tab:
        await tab.open(page, width=794, dark=True)
        await tab.call("Emulation.setEmulatedMedia", media="print", features=dark)
        assert await tab.js("getComputedStyle(document.body).color") == "rgb(27, 31, 36)"
        assert await tab.js("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        shown = "document.getElementById('records').getBoundingClientRect().height > 0"
        assert not await tab.js(shown)  # of the list nothing is printed, and no record is chosen
        await tab.js("page.next()")
        assert await tab.js(shown)


async def test_printed_it_is_as_long_as_what_it_says_and_not_as_its_list(chromium: Browser, page: str) -> None:
    async with chromium.tab() as tab:
        await tab.open(page)
        await tab.call("Emulation.setEmulatedMedia", media="print")
        assert await tab.js("document.getElementById('rows').getBoundingClientRect().height") == 0
        assert await tab.js("document.querySelector('nav').getBoundingClientRect().height") == 0


async def test_a_text_from_right_to_left_begins_at_the_right_end_of_its_row(chromium: Browser, tmp_path: Path) -> None:
    url = of_rows(tmp_path / "rtl.jsonl", [{"id": "1", "text": "مرحبا " * 90}, {"id": "2", "text": "hello " * 90}])
    async with chromium.tab() as tab:
        await tab.open(url)
        ways = "[...document.querySelectorAll('.snippet')].map((one) => getComputedStyle(one).direction)"
        assert await tab.js(ways) == ["rtl", "ltr"]


async def test_hostile_texts_stay_texts(chromium: Browser, tmp_path: Path) -> None:
    rows = [{"id": f"{n} <b>", "text": text, "label": text[:40]} for n, text in enumerate(HOSTILE)]
    url = of_rows(tmp_path / "hostile.jsonl", rows)
    async with chromium.tab() as tab:
        await tab.open(url)
        assert await tab.js("window.evil === undefined")
        assert await tab.js("page.data.rows.length") == len(HOSTILE)
        for _ in HOSTILE:
            await tab.js("page.next()")
            shown = await tab.js("document.getElementById('record').textContent")
            assert "\u202e" not in shown and "\x1b" not in shown
        assert await tab.js("window.evil === undefined && document.querySelectorAll('img, iframe').length === 0")
        assert await tab.js("document.querySelectorAll('script').length") == 2
        await quiet(tab, url)


async def test_of_ten_thousand_rows_a_screenful_is_in_the_page_whatever_is_searched(
    chromium: Browser, tmp_path: Path
) -> None:
    rows = [
        {
            "id": str(n),
            "text": f"Row {n} is about the {n % 97} rivers of region {n % 31}. " * 4,
            "label": f"kind {n % 7}",
        }
        for n in range(10_000)
    ]
    url = of_rows(tmp_path / "many.jsonl", rows)
    async with chromium.tab() as tab:
        await tab.open(url)
        assert await tab.js("page.data.rows.length") == 10_000
        assert 0 < await tab.js("document.querySelectorAll('.row').length") < 60
        answers = await tab.js(SEARCHES)  # seconds are measured by hand: docs/report.md has them
        await quiet(tab, url)
    for text, said, drawn in answers:
        hits = sum(
            all(word in f"{row['id']} {row['text']} {row['label']}".lower() for word in text.split()) for row in rows
        )
        assert said == f"{hits:,} shown" and 0 < drawn < 60 and hits, (text, said, drawn)


async def test_the_first_search_answers_whole_and_makes_no_copy_of_the_texts(chromium: Browser, tmp_path: Path) -> None:
    rows = [{"id": str(n), "text": f"River of {n % 9}x, Größe (a+b)*c İSTANBUL ЧАС {'x' * n}"} for n in range(300)]
    url = of_rows(tmp_path / "early.jsonl", rows)
    first = """(() => {
      const made = [], plain = String.prototype;
      const patched = ["toLowerCase", "toUpperCase", "normalize"].map((name) => [name, plain[name]]);
      for (const [name, own] of patched) plain[name] = function () { made.push(name); return own.call(this); };
      page.show();
      document.getElementById("find").value = "RIVER 4X";
      page.search();
      for (const [name, own] of patched) plain[name] = own;
      return [made.length, document.getElementById("found").textContent];
    })()"""
    async with chromium.tab() as tab:
        await tab.open(url)
        made, said = await tab.js(first)
        assert made < 10 and said == f"{sum(n % 9 == 4 for n in range(300))} shown"
        for typed, hits in (
            ("river 4x 12", sum(n % 9 == 4 and "12" in str(n) for n in range(300))), ("river", 300),
            ("(a+b)*c", 300), ("(a+b)+c", 0), ("\\\\", 0), ("GRÖSSE GRÖßE", 0), ("größe час", 300),
            (".", 0), ("İst", 300),
        ):  # fmt: skip
            await tab.js(f"document.getElementById('find').value = '{typed}'; page.search()")
            assert await tab.js("document.getElementById('found').textContent") == f"{hits} shown", typed
        await quiet(tab, url)


async def test_a_label_of_two_hundred_values_can_be_filtered_by(chromium: Browser, tmp_path: Path) -> None:
    rows = [{"id": str(n), "text": f"x{'🦝' * 150} {n}", "label": f"intent {n % 200}"} for n in range(400)]
    url = of_rows(tmp_path / "labels.jsonl", rows)
    async with chromium.tab() as tab:
        await tab.open(url)
        await pick(tab, "[data-filter=label]", 200)
        assert await tab.js("document.getElementById('found').textContent") == "2 shown"
        assert "\ufffd" not in await tab.js("document.querySelector('.snippet').textContent.toWellFormed()")
        await quiet(tab, url)


async def test_long_texts_and_many_columns_make_no_long_page_and_texts_begin_on_their_side(
    chromium: Browser, tmp_path: Path
) -> None:
    columns = {f"column_{place}": f"value {place}" for place in range(120)} | {"column_0": "def f():\n    return 1"}
    rows = [{"id": str(n), "text": "שלום עולם " * 5_000, **columns} for n in range(4)]
    url = of_rows(tmp_path / "long.jsonl", rows)
    async with chromium.tab() as tab:
        await tab.open(url, width=390, height=844)
        sample = "document.querySelector('.samples article')"
        assert await tab.js(f"{sample}.textContent.length") < 2_000
        assert "and 109 more fields" in await tab.js(f"{sample}.textContent")
        await tab.js("page.next()")
        for place in (sample, "document.getElementById('record')"):
            assert await tab.js(f"getComputedStyle({place}.querySelector('dd')).direction") == "rtl"
            assert await tab.js(f"getComputedStyle({place}.querySelectorAll('dd')[1]).direction") == "ltr"
            assert "mono" in await tab.js(
                f"getComputedStyle({place}.querySelectorAll('dd')[1]).fontFamily"
            )  # a program
            assert "mono" not in await tab.js(f"getComputedStyle({place}.querySelectorAll('dd')[2]).fontFamily")
        assert await tab.js("page.data.rows[0].f[0].length") > 10_000  # all of it can be read
        await quiet(tab, url)


async def test_where_no_record_was_kept_the_attempts_are_shown(chromium: Browser, page: str) -> None:
    refused = """{
      const island = document.getElementById("island"), data = JSON.parse(island.textContent);
      data.rows = data.rows.filter((row) => row.r);
      data.plane = null;
      island.textContent = JSON.stringify(data);
      page.show();
    }"""
    room = """[".none", "#spacer"].map((one) => document.querySelector(one).getBoundingClientRect().bottom)"""
    async with chromium.tab() as tab:
        await tab.open(page)
        await tab.js(refused)
        first = "document.querySelector('[data-filter=status] option').textContent"
        assert await tab.js(first) == "turned away"
        await tab.js("document.getElementById('find').value = 'nothing-is-like-that'; page.search()")
        words, end = await tab.js(room)
        assert words <= end
        await quiet(tab, page)


async def test_a_point_of_the_map_is_the_record_and_not_an_attempt_of_the_same_id(
    chromium: Browser, folder: Path, page: str
) -> None:
    kept = {row["id"] for row in RunReader(folder).rows()}
    assert kept & {row["id"] for row in RunReader(folder).rejected()}  # the first attempt has its record's id
    async with chromium.tab() as tab:
        await tab.open(page)
        assert await tab.js("page.data.plane.own.length") == 40
        assert await tab.js("page.data.plane.own.filter(([place]) => page.data.rows[place].r).length") == 0
