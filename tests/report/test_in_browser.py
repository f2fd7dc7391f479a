"""The page in a browser: what a reader searches, filters, points at and decides; nothing is asked of the network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from datagen_cli.cli.app import run
from datagen_cli.report.serving import HOST, Pages, application
from datagen_cli.runs.review import ReviewFile
from tests.report import browser as devtools
from tests.report.browser import Browser, Tab

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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def chromium(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    async with devtools.browser(tmp_path_factory.mktemp("browser")) as found:
        yield found


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
        await tab.until("page.ready")
        answers = await tab.js(SEARCHES)  # seconds are measured by hand: docs/report.md has them
        await quiet(tab, url)
    for text, said, drawn in answers:
        hits = sum(
            all(word in f"{row['id']} {row['text']} {row['label']}".lower() for word in text.split()) for row in rows
        )
        assert said == f"{hits:,} shown" and 0 < drawn < 60 and hits, (text, said, drawn)


async def test_a_search_that_comes_before_the_index_is_whole_ends_with_every_record(
    chromium: Browser, tmp_path: Path
) -> None:
    url = of_rows(tmp_path / "early.jsonl", [{"id": str(n), "text": f"river of {n % 9}x"} for n in range(3_000)])
    async with chromium.tab() as tab:
        await tab.open(url)
        early = """(() => {
          const now = performance.now;
          let at = 0;
          performance.now = () => (at += 30);
          page.show();
          document.getElementById("find").value = "river 4x";
          page.search();
          const said = document.getElementById("found").textContent;
          performance.now = now;
          return said;
        })()"""
        assert (await tab.js(early)).endswith(" shown so far")
        await tab.until("document.getElementById('found').textContent .endsWith(' shown')")
        assert await tab.js("document.getElementById('found').textContent") == "333 shown"
        await tab.js("document.getElementById('find').value = 'river 4x 12'; page.search()")  # narrower
        narrow = sum(n % 9 == 4 and "12" in str(n) for n in range(3_000))
        assert await tab.js("document.getElementById('found').textContent") == f"{narrow} shown"
        await tab.js("document.getElementById('find').value = 'river'; page.search()")  # wider
        assert await tab.js("document.getElementById('found').textContent") == "3,000 shown"
        await quiet(tab, url)


async def test_a_person_decides_by_keys_and_the_review_is_written(chromium: Browser, folder: Path) -> None:
    pages = Pages(folder)
    runner = web.AppRunner(application(pages, "a-token"))
    await runner.setup()
    site = web.TCPSite(runner, HOST, 0)
    await site.start()
    url = f"http://{HOST}:{runner.addresses[0][1]}/?token=a-token"
    try:
        async with chromium.tab() as tab:
            await tab.open(url)
            await tab.until("document.getElementById('state').textContent.startsWith('done')")
            await tab.until("document.getElementById('measures') !== null")  # measured beside, and taken over
            ids = await tab.js("page.data.rows.slice(0, 3).map((row) => row.i)")
            await tab.js("document.getElementById('rows').focus()")
            await tab.key("j")
            await tab.key("k")
            await tab.until("document.getElementById('said').textContent.startsWith('keep')")
            await tab.key("r")
            await tab.js("document.querySelector('form textarea').value = 'no <b>question</b>'")
            await tab.js("document.querySelector('form').requestSubmit()")
            await tab.until("document.getElementById('said').textContent.startsWith('reject')")
            await tab.key("e")
            await tab.until("document.querySelector('form [aria-label=question]') !== null")
            await tab.js("document.querySelector('form [aria-label=question]').value = 'How many are seven and five?'")
            await tab.js("document.querySelector('form').requestSubmit()")
            await tab.until("document.getElementById('said').textContent.startsWith('edit')")
            found = ReviewFile(folder).read().decisions
            assert [(one.id, one.decision, one.reason) for one in found] == [
                (ids[0], "keep", ""), (ids[1], "reject", "no <b>question</b>"), (ids[2], "edit", ""),
            ]  # fmt: skip
            assert found[2].fields == {"question": "How many are seven and five?"}
            await tab.key("u")
            await tab.until("document.getElementById('said').textContent.startsWith('taken back')")
            assert [one.decision for one in ReviewFile(folder).read().decisions] == ["keep", "reject"]
            assert tab.errors == []
            origin = url.partition("?")[0]
            assert all(one.startswith((origin, "data:")) for one in tab.requests)
    finally:
        await runner.cleanup()
    await asyncio.sleep(0)
