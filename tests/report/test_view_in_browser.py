"""The served page in a browser: it follows its run and keeps what a reader does; keys decide on records."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from datagen_cli.cli.app import run
from datagen_cli.report.serving import HOST, Pages, runner_of
from datagen_cli.runs.review import ReviewFile, read_decision
from tests.report import browser as devtools
from tests.report.browser import Browser, Tab

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(devtools.found() is None, reason="no browser here: install chromium, or set DATAGEN_BROWSER"),
    pytest.mark.asyncio(loop_scope="module"),
]
FORM = "document.querySelector('form {}')"
SAID = "document.getElementById('said').textContent"
STATE = "document.getElementById('state').textContent"
TEXT = "First line\r\nsecond line"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "quickstart"
    assert run(["generate", "quickstart", "-n", "40", "-o", str(path), "--quiet"]) == 0
    return path


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "run"))


def rows_in(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "dataset.jsonl").read_bytes().splitlines()]


def write_rows(folder: Path, rows: list[dict[str, Any]]) -> None:
    (folder / "dataset.jsonl").write_bytes(b"".join(json.dumps(row).encode() + b"\n" for row in rows))


def decided(folder: Path) -> list[tuple[str, str]]:
    return [(one.id, one.decision) for one in ReviewFile(folder).read().decisions]


@asynccontextmanager
async def viewed(chromium: Browser, folder: Path, pages: Pages | None = None) -> AsyncIterator[Tab]:
    """A tab with the page of a run, which has heard from its server."""
    runner = runner_of(pages or Pages(folder), "a-token")
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, 0).start()
        origin = f"http://{HOST}:{runner.addresses[0][1]}"
        async with chromium.tab() as tab:
            await tab.open(f"{origin}/?token=a-token")
            await tab.until(f"{STATE} !== ''")
            yield tab
            assert [one for one in tab.errors if "status of 400" not in one] == []  # a decision that was refused
            assert all(one.startswith((origin, "data:")) for one in tab.requests)
    finally:
        await runner.cleanup()


async def press(tab: Tab, keys: str, **more: bool) -> None:
    """Presses keys at once, before anything is answered."""
    await tab.js(f"""for (const key of {json.dumps(keys)}) document.getElementById('rows').dispatchEvent(
        new KeyboardEvent('keydown', {{ key, bubbles: true, ...{json.dumps(more)} }}))""")


async def fill(tab: Tab, name: str, value: str) -> None:
    """Types into a field of the form."""
    box = FORM.format(f"[aria-label={name}]")
    await tab.until(f"{box} !== null")
    await tab.js(
        f"{{ const box = {box}; box.value = {json.dumps(value)};"
        " box.dispatchEvent(new Event('input', { bubbles: true })); }"
    )


async def save(tab: Tab, *, times: int = 1) -> None:
    """Sends the form off, so many times before the page can answer."""
    await tab.js("{ const form = document.querySelector('form');" + " form.requestSubmit();" * times + " }")


async def test_a_person_decides_by_keys_and_the_review_is_written(chromium: Browser, folder: Path) -> None:
    async with viewed(chromium, folder) as tab:
        await tab.until(f"{STATE}.startsWith('done')")
        await tab.until("document.getElementById('measures') !== null")  # measured beside, and taken over
        ids = await tab.js("page.data.rows.slice(0, 3).map((row) => row.i)")
        await tab.js("document.getElementById('rows').focus()")
        await tab.key("j")
        await tab.key("k")
        await tab.until(f"{SAID}.startsWith('keep')")
        await tab.key("r")
        await fill(tab, "reason", "no <b>question</b>")
        await save(tab)
        await tab.until(f"{SAID}.startsWith('reject')")
        await tab.key("e")
        await fill(tab, "question", "How many are seven and five?")
        await save(tab)
        await tab.until(f"{SAID}.startsWith('edit')")
        found = ReviewFile(folder).read().decisions
        assert [(one.id, one.decision, one.reason) for one in found] == [
            (ids[0], "keep", ""), (ids[1], "reject", "no <b>question</b>"), (ids[2], "edit", ""),
        ]  # fmt: skip
        assert found[2].fields == {"question": "How many are seven and five?"}
        await tab.key("u")
        await tab.until(f"{SAID}.startsWith('taken back')")
        assert decided(folder) == [(ids[0], "keep"), (ids[1], "reject")]


async def test_keys_that_are_pressed_fast_skip_no_record_and_decide_none_twice(chromium: Browser, folder: Path) -> None:
    ids = [row["id"] for row in rows_in(folder)]
    async with viewed(chromium, folder) as tab:
        await press(tab, "jkkkk")
        await tab.until(f"{SAID} === 'keep: {ids[3]}'")
        assert decided(folder) == [(id_, "keep") for id_ in ids[:4]]
        await press(tab, "kkk", repeat=True)  # a key held down
        await press(tab, "ru")  # what comes after the form opens is meant for it
        await fill(tab, "reason", "half a rea")
        assert decided(folder) == [(id_, "keep") for id_ in ids[:4]]
        await tab.js("page.choose(7)")  # another one before it is sent
        await tab.js("page.choose(4)")
        await press(tab, "r")
        await tab.until(f"{FORM.format('textarea')}?.value === 'half a rea'")
        await save(tab, times=2)
        await tab.until(f"{SAID} === 'reject: {ids[4]}'")
        await press(tab, "k")
        await tab.until(f"{SAID} === 'keep: {ids[5]}'")
        assert decided(folder)[4:] == [(ids[4], "reject"), (ids[5], "keep")]


async def test_an_edit_changes_what_was_changed_and_nothing_else(chromium: Browser, folder: Path) -> None:
    rows = rows_in(folder)
    for row in rows:
        row.update(question=TEXT, answer=None)
    write_rows(folder, rows)
    async with viewed(chromium, folder) as tab:
        await press(tab, "je")
        await fill(tab, "question", "a\u0007b")
        await save(tab)
        await tab.until(f"{SAID}.includes('control character')")
        assert await tab.js(f"{FORM.format('[aria-label=question]')}.value") == "a\u0007b"
        await fill(tab, "question", TEXT.replace("\r\n", "\n"))  # as it was
        await fill(tab, "answer", "12 🦝\n<b>é")
        await save(tab)
        await tab.until(f"{SAID}.startsWith('edit')")
        await tab.js("page.choose(0)")
        await press(tab, "e")  # the edit goes on where it was left
        await tab.until(f"{FORM.format('[aria-label=answer]')}?.value === '12 🦝\\n<b>é'")
        await fill(tab, "question", "First line\nlast line")
        await save(tab)
        await tab.until(f"{SAID}.startsWith('edit') && document.querySelector('form') === null")
    first, second = (one.fields for one in ReviewFile(folder).read().decisions)
    assert first == {"answer": "12 🦝\n<b>é"}
    assert second == {"answer": "12 🦝\n<b>é", "question": "First line\r\nlast line"}


async def test_a_page_that_takes_over_what_is_new_keeps_what_its_reader_does(chromium: Browser, folder: Path) -> None:
    rows = rows_in(folder)
    for name in ("dataset.jsonl", "rejected.jsonl"):
        (folder / name).unlink()
    judged = next((folder / "checkpoints").glob("*dedup*"))
    lines = judged.read_bytes().splitlines(keepends=True)
    judged.write_bytes(b"".join(line for line in lines if json.loads(line).get("slot", 0) % 2))
    doing = """[document.activeElement.id, document.getElementById("find").value, document.activeElement.selectionStart,
        document.getElementById("rows").scrollTop % 60, document.getElementById("record").scrollTop, page.chosen.i,
        document.querySelector("#filters select").value, document.querySelector("details").open]"""
    where = "document.getElementById('records').getBoundingClientRect().top"
    async with viewed(chromium, folder) as tab:
        await tab.js("document.getElementById('record').style.height = '60px'")
        await tab.js("{ const find = document.getElementById('find'); find.value = 'a'; page.search(); }")
        await tab.js("page.choose(page.data.rows.filter((row) => !row.r).length - 2)")
        await tab.js("document.querySelector('details').open = true")
        await tab.js("document.getElementById('records').scrollIntoView(); document.getElementById('find').focus()")
        await tab.js(
            "document.getElementById('rows').scrollTop = 130; document.getElementById('record').scrollTop = 20"
        )
        before, shown, at = await tab.js(doing), await tab.js("page.data.rows.length"), await tab.js(where)
        first = "page.data.rows[page.placeAt(document.getElementById('rows').scrollTop)].i"
        top = await tab.js(first)
        judged.write_bytes(b"".join(lines))
        await tab.until(f"page.data.rows.length > {shown}")
        assert await tab.js(doing) == before
        assert abs(await tab.js(where) - at) <= 1  # a page scrolls by whole pixels
        assert await tab.js(first) == top
        assert len(rows) == await tab.js("page.data.rows.filter((row) => !row.r).length")
        assert await tab.js("document.querySelectorAll('#records').length") == 1


async def test_a_map_that_is_drawn_anew_says_what_the_new_one_shows(chromium: Browser, made: Path) -> None:
    written, label = made.parent / "page.html", "document.querySelector('#plane svg').getAttribute('aria-label')"
    assert run(["eval", str(made), "--metrics", "length", "--html", str(written)]) == 0
    async with chromium.tab() as tab:
        await tab.open(written.as_uri())
        assert (await tab.js(label)).startswith("40 texts of this dataset")
        await tab.js(
            "{ const old = document.querySelector('#plane svg');"
            " const fresh = document.createElementNS(old.namespaceURI, 'svg');"
            " fresh.setAttribute('aria-label', '7 texts'); old.replaceWith(fresh); page.show(); page.show(); }"
        )
        assert (await tab.js(label)).startswith("7 texts; arrows") and (await tab.js(label)).count("arrows") == 1


async def test_decisions_of_another_tab_or_of_the_terminal_are_shown(chromium: Browser, folder: Path) -> None:
    rows = {row["id"]: row for row in rows_in(folder)}
    id_ = next(iter(rows))
    async with viewed(chromium, folder) as tab:
        await tab.js("page.choose(0)")
        ReviewFile(folder).append(read_decision({"id": id_, "decision": "reject", "reason": "too short"}, rows))
        await tab.until("document.querySelector('.row .state')?.textContent === 'review: reject'")
        await tab.until("document.querySelector('#record .decide').textContent.includes('decided: reject: too short')")


async def test_a_record_that_was_made_anew_is_not_decided_on_by_who_saw_the_old_one(
    chromium: Browser, folder: Path
) -> None:
    rows, pages = rows_in(folder), Pages(folder)
    async with viewed(chromium, folder, pages) as tab:
        await tab.js(
            "globalThis.fetched = fetch;"
            " fetch = (...given) => given[0].startsWith('/state') ? new Promise(() => {}) : fetched(...given)"
        )
        await tab.js("page.choose(0)")
        write_rows(folder, [{**row, "question": f"Another one {n}?"} for n, row in enumerate(rows)])
        pages._made_at = float("-inf")
        pages.refresh()
        await press(tab, "k")
        await tab.until(f"{SAID}.includes('made anew')")
        assert decided(folder) == []


async def test_the_contents_of_a_served_page_do_not_lie_under_its_bar(chromium: Browser, folder: Path) -> None:
    async with viewed(chromium, folder) as tab:
        await tab.js("document.getElementById('records').scrollIntoView()")
        under = """(() => {
          const [bar, nav] = ["#bar", "nav"].map((one) => document.querySelector(one).getBoundingClientRect());
          return nav.bottom > 0 && nav.top < bar.bottom;
        })()"""
        assert not await tab.js(under)


async def test_on_a_phone_the_bar_hides_nothing_of_the_record_that_is_tapped(chromium: Browser, folder: Path) -> None:
    tap = """(() => {
      document.getElementById("state").textContent = "stopped · 12,461 of 15,000 accepted · 2,264 rejected · 5 calls";
      document.getElementById("records").scrollIntoView();
      document.querySelectorAll(".row")[2].click();
      const [bar, button] = ["#bar", ".decide button"].map((one) => document.querySelector(one));
      return [bar.getBoundingClientRect().bottom, button.getBoundingClientRect().top];
    })()"""
    async with viewed(chromium, folder) as tab:
        await tab.call("Emulation.setDeviceMetricsOverride", width=390, height=844, deviceScaleFactor=1, mobile=False)
        bar, button = await tab.js(tap)
        assert bar <= button < 844
