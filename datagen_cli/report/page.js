// The records and the plane of a page: search, filters, history of a record, text under the pointer.
// Texts of models reach the document as text nodes only. Keys of a row: i id, f fields, k slot, v verdicts (p, f, u, -),
// a attributes, n notes of checks, b first verdicts, c changes, e examples, r reason, s stage, d detail, o repeats.
"use strict";
const page = (() => {
  const HEIGHT = 60, SPARE = 6, MOST_VALUES = 40, MOST_LABELS = 1000, MOST_SERIES = 8;
  const OUTCOMES = { p: "pass", f: "fail", u: "unknown" };
  const byId = (id) => document.getElementById(id);
  const data = { rows: [], fields: [], checks: [], attributes: [] };
  let found = [], chosen = -1, slots = new Map(), decisions = {}, last = null, kept = 0;
  const listeners = [], ANY = () => true;

  const shown = (text) => String(text)
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\ufffe\uffff]/g, "\ufffd")
    .replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

  function make(name, attributes, ...children) {
    const svg = ["svg", "path", "circle"].includes(name);
    const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value === true ? "" : value);
    }
    for (const child of children.flat(Infinity)) {
      if (child !== null && child !== undefined) node.append(child instanceof Node ? child : shown(child));
    }
    return node;
  }

  const cut = (text, most) => text.slice(0, most).replace(/[\ud800-\udbff]$/, ""); // not amid a character
  const labelPlace = () => data.fields.indexOf(data.label);
  const labelOf = (row) => (labelPlace() < 0 ? "" : row.f[labelPlace()]);
  const textOf = (row) => row.f.filter((cell, place) => cell && place !== labelPlace()).join(" · ");

  function read() {
    const island = byId("island");
    if (!island) return false;
    Object.assign(data, JSON.parse(island.textContent));
    slots = new Map();
    kept = data.rows.filter((row) => !row.r).length;
    data.rows.forEach((row, place) => {
      if (row.k === undefined || row.k < 0) return;
      if (!slots.has(row.k)) slots.set(row.k, []);
      slots.get(row.k).push(place);
    });
    return true;
  }

  // Filters: each is a select whose options hold a test of a row.

  function filters() {
    const made = [];
    const refused = data.rows.some((row) => row.r);
    if (refused) {
      const reasons = count(data.rows.filter((row) => row.r), (row) => row.r);
      const sides = [["kept", (row) => !row.r], ["turned away", (row) => !!row.r]];
      made.push(["status", "Kept", [...(kept ? sides : sides.reverse()), ["all", ANY],
        ...reasons.map(([reason, n]) => [`turned away: ${reason} (${n})`, (row) => row.r === reason])], 0]);
    }
    if (labelPlace() >= 0) made.push(valued(data.label, labelOf, MOST_LABELS));
    data.attributes.forEach((name, place) => made.push(valued(name, (row) => (row.a ? row.a[place] : null))));
    const verdicts = [];
    data.checks.forEach((check, place) => {
      for (const mark of "pfu") {
        const n = data.rows.filter((row) => row.v && row.v[place] === mark).length;
        if (n && n < data.rows.length) verdicts.push([`${check}: ${OUTCOMES[mark]} (${n})`, (row) => row.v && row.v[place] === mark]);
      }
    });
    if (data.rows.some((row) => row.c)) verdicts.push(["mended", (row) => !!row.c]);
    if (verdicts.length) made.push(["verdict", "any verdict", [["any verdict", ANY], ...verdicts], 0]);
    if (data.reviewing) {
      const of = (decision) => (row) => !row.r && ((decisions[row.i] || {}).decision || "") === decision;
      made.push(["review", "reviewed or not", [["reviewed or not", ANY], ["not reviewed", of("")],
        ...["keep", "reject", "edit"].map((name) => [`decided: ${name}`, of(name)])], 0]);
    }
    return made.filter((filter) => filter !== null);
  }

  function valued(name, of, most = MOST_VALUES) {
    const counts = count(data.rows, of);
    if (counts.length < 2 || counts.length > most) return null;
    return [name, `any ${name}`, [[`any ${name}`, ANY],
      ...counts.map(([value, n]) => [`${value} (${n})`, (row) => of(row) === value])], 0];
  }

  function count(rows, of) {
    const counts = new Map();
    for (const row of rows) {
      const value = of(row);
      if (value !== null && value !== undefined && value !== "") counts.set(value, (counts.get(value) || 0) + 1);
    }
    return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  }

  let active = [];
  function drawFilters() {
    last = null;
    const box = byId("filters"), before = new Map(active.map(([name, , options, select]) => [name, options[select.value]?.[0]]));
    active = filters().map(([name, title, options]) => {
      const select = make("select", { "aria-label": `Filter by ${name}`, "data-filter": name },
        options.map(([words], place) => make("option", { value: place }, words)));
      const kept = options.findIndex(([words]) => words === before.get(name));
      select.value = kept < 0 ? 0 : kept;
      select.addEventListener("change", () => search());
      return [name, title, options, select];
    });
    box.replaceChildren(...active.map(([, , , select]) => select));
  }

  // A word is looked for in the cells as they are: an index in small letters takes ten times as long as a search.
  const part = (word) => new RegExp(word.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "iu");
  const holds = (row, one) => row.f.some((cell) => one.test(cell)) || one.test(row.i) || (row.r !== undefined && (one.test(row.r) || one.test(row.d)))
    || (row.a !== undefined && row.a.some((value) => value !== null && one.test(value)));

  function search() {
    const words = byId("find").value.split(/\s+/).filter(Boolean);
    const tests = active.map(([, , options, select]) => options[select.value][1]).filter((test) => test !== ANY);
    const was = chosen >= 0 ? found[chosen] : -1, filtered = active.map(([, , , select]) => select.value).join();
    const parts = words.map(part);
    const fits = (place) => tests.every((test) => test(data.rows[place])) && parts.every((one) => holds(data.rows[place], one));
    if (last && last.filtered === filtered && last.words.every((old) => words.some((word) => word.includes(old)))) {
      found = found.filter(fits); // more was typed: what did not fit before does not fit now
    } else {
      found = [];
      for (let place = 0; place < data.rows.length; place++) if (fits(place)) found.push(place);
    }
    last = { words, filtered };
    const left = data.of_run ? data.accepted - kept : data.total - data.rows.length;
    byId("found").textContent = `${found.length.toLocaleString("en")} shown`
      + (left > 0 ? `; ${left.toLocaleString("en")} more records are not on this page` : "");
    byId("rows").scrollTop = 0;
    chosen = was >= 0 ? found.indexOf(was) : -1;
    drawRows();
  }

  // Rows: only those in sight are in the document.

  function drawRows() {
    const box = byId("rows"), holder = byId("holder");
    const first = Math.max(0, Math.floor(box.scrollTop / HEIGHT) - SPARE);
    const last = Math.min(found.length, first + Math.ceil(box.clientHeight / HEIGHT) + 2 * SPARE);
    byId("spacer").style.height = `${found.length ? found.length * HEIGHT : 2 * HEIGHT}px`;
    holder.style.transform = `translateY(${first * HEIGHT}px)`;
    const nodes = [];
    for (let place = first; place < last; place++) nodes.push(drawRow(place));
    holder.replaceChildren(...nodes);
    if (!found.length) holder.replaceChildren(make("p", { class: "quiet none" }, "no record is like that"));
    box.setAttribute("aria-activedescendant", chosen >= 0 ? `row-${chosen}` : "");
  }

  function drawRow(place) {
    const row = data.rows[found[place]], decision = decisions[row.i];
    const state = row.r ? "bad" : decision ? { keep: "good", reject: "bad", edit: "unsure" }[decision.decision] : null;
    const said = row.r ? `${row.s}: ${row.r}` : decision ? `review: ${decision.decision}` : "";
    return make("div", {
      class: "row", role: "option", id: `row-${place}`, "data-place": place, "aria-selected": place === chosen ? "true" : "false",
      "aria-setsize": found.length, "aria-posinset": place + 1,
    }, make("div", { class: "snippet", dir: "auto" }, cut(textOf(row), 220) || "no text"),
    make("div", { class: "quiet small facts" }, make("span", { class: "mono" }, row.i), labelOf(row) ? make("bdi", { class: "chip" }, cut(labelOf(row), 60)) : null,
      said ? make("span", { class: `state ${state}` }, said) : null));
  }

  function choose(place, { scroll = true } = {}) {
    if (!found.length) return;
    chosen = Math.min(Math.max(place, 0), found.length - 1);
    const box = byId("rows"), top = chosen * HEIGHT;
    if (scroll && top < box.scrollTop) box.scrollTop = top;
    if (scroll && top + HEIGHT > box.scrollTop + box.clientHeight) box.scrollTop = top + HEIGHT - box.clientHeight;
    drawRows();
    drawRecord(data.rows[found[chosen]]);
    for (const listener of listeners) listener(data.rows[found[chosen]]);
  }

  // One record: what it says, and how it came about.

  function drawRecord(row) {
    const box = byId("record");
    const parts = [make("h3", { class: "mono" }, row.i)];
    if (row.r) parts.push(make("p", { class: "failed" }, `turned away at ${row.s}: ${row.r}`), row.d ? make("p", {}, make("bdi", {}, row.d)) : null);
    if (row.o) parts.push(make("p", { class: "quiet small" }, `it repeats ${row.o}`));
    parts.push(pairs(data.fields.map((name, place) => [name, row.f[place]]).filter(([, cell]) => cell)));
    if (row.a) parts.push(chips(data.attributes.map((name, place) => [name, row.a[place]]).filter(([, value]) => value !== null)));
    if (row.v) parts.push(verdicts(row));
    for (const change of row.c || []) parts.push(mended(row, change));
    if (row.e) parts.push(make("p", { class: "quiet small" }, `examples shown: ${row.e.join(", ")}`));
    parts.push(attempts(row));
    if (data.of_run) parts.push(make("p", { class: "quiet small" }, "prompts and replies: ", make("code", {}, `datagen why ${data.run} ${row.i}`)));
    box.replaceChildren(...parts.filter(Boolean));
    box.scrollTop = 0;
  }

  const pairs = (items) => make("dl", {}, items.map(([name, cell]) => [make("dt", {}, name), make("dd", { dir: "auto", class: /\n(?: {2,}|\t)\S/.test(cell) ? "code" : null }, cell)]));
  const chips = (items) => make("p", { class: "chips" }, items.map(([name, value]) => make("span", { class: "chip" }, `${name}: `, make("bdi", {}, value))));

  function verdicts(row) {
    const items = data.checks.map((check, place) => [check, OUTCOMES[row.v[place]]]).filter(([, outcome]) => outcome);
    const colour = { pass: "good", fail: "bad", unknown: "unsure" };
    return items.length ? make("ul", { class: "verdicts" }, items.map(([check, outcome]) => make("li", {},
      make("span", { class: `state ${colour[outcome]}` }, outcome), ` ${check}`,
      row.b && row.b[check] && row.b[check] !== outcome ? make("span", { class: "quiet" }, ` (first: ${row.b[check]})`) : null,
      row.n && row.n[check] ? make("bdi", { class: "quiet" }, `: ${row.n[check]}`) : null))) : null;
  }

  function mended(row, change) {
    const parts = Object.entries(change.before).map(([name, before]) => {
      const [old, now] = marked(before, row.f[data.fields.indexOf(name)] ?? "");
      return make("dl", {}, make("dt", {}, `${name} before`), make("dd", { dir: "auto" }, old),
        make("dt", {}, `${name} now`), make("dd", { dir: "auto" }, now));
    });
    return make("div", { class: "pair" }, make("p", { class: "small" }, `mended because of ${change.by}`), parts);
  }

  function attempts(row) {
    const others = (slots.get(row.k) || []).map((place) => data.rows[place]).filter((other) => other !== row);
    return others.length ? make("div", { class: "attempts" }, make("h4", {}, "Other attempts at this slot"), others.map((other) => make("div", { class: "pair" },
      make("p", { class: "small" }, make("span", { class: "mono" }, other.i), ` ${other.r ? `turned away at ${other.s}: ${other.r}` : "kept"}`),
      other.d ? make("p", { class: "small quiet" }, make("bdi", {}, other.d)) : null,
      textOf(other) ? make("p", { class: "small" }, make("bdi", {}, textOf(other))) : null))) : null;
  }

  function marked(one, two) { // the words of both sides, those that the other lacks marked
    const split = (text) => shown(text).match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) || [];
    const a = split(one), b = split(two);
    if (a.length > 700 || b.length > 700) return [[one], [two]];
    const size = b.length + 1, table = new Uint16Array((a.length + 1) * size);
    for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) {
      table[i * size + j] = a[i] === b[j] ? table[(i + 1) * size + j + 1] + 1 : Math.max(table[(i + 1) * size + j], table[i * size + j + 1]);
    }
    const old = [], now = [];
    let i = 0, j = 0;
    while (i < a.length || j < b.length) {
      if (i < a.length && j < b.length && a[i] === b[j]) { old.push(a[i++]); now.push(b[j++]); }
      else if (j >= b.length || (i < a.length && table[(i + 1) * size + j] >= table[i * size + j + 1])) old.push(make("mark", {}, a[i++]));
      else now.push(make("mark", {}, b[j++]));
    }
    return [old, now];
  }

  // The plane: points coloured by what is asked for, the nearest one's text under the pointer.

  const plane = { points: [], svg: null, at: -1 };

  function readPlane() {
    plane.svg = document.querySelector("#plane svg");
    if (!plane.svg || !data.plane) return;
    plane.points = [
      ...data.plane.base.map(([x, y, text, label]) => ({ x, y, text, label, base: true })),
      ...data.plane.own.map(([place, x, y]) => ({ x, y, row: data.rows[place], place })).filter((point) => point.row),
    ];
    const select = byId("colour"), groups = colourings();
    select.replaceChildren(...groups.map(([words], place) => make("option", { value: place }, words)));
    select.onchange = () => colour(groups[select.value]);
    select.closest("label").hidden = groups.length < 2;
    const svg = plane.svg;
    svg.onpointermove = svg.onpointerdown = point;
    svg.onpointerleave = svg.onblur = () => tell(null);
    svg.onclick = (event) => { const near = nearest(event); if (near && near.row) reveal(near.place); };
    svg.tabIndex = 0;
    svg.setAttribute("role", "application");
    svg.setAttribute("aria-label", `${svg.dataset.words ||= svg.getAttribute("aria-label")}; arrows go to the next text on that side, Page Up and Down from text to text, Enter to its record`);
    svg.onkeydown = step;
    plane.at = -1;
  }

  function colourings() {
    const made = [[data.plane.base.length ? "generated and reference" : "nothing", (point) => (point.base ? "reference" : "generated")]];
    const add = (words, of) => {
      const values = count(plane.points, of);
      if (values.length > 1 && values.length <= 200) made.push([words, of]);
    };
    if (labelPlace() >= 0) add(data.label, (point) => (point.base ? point.label : labelOf(point.row)));
    data.attributes.forEach((name, place) => add(name, (point) => (point.row && point.row.a ? point.row.a[place] : null)));
    data.checks.forEach((check, place) => add(`verdict of ${check}`, (point) => (point.row && point.row.v ? OUTCOMES[point.row.v[place]] : null)));
    add("mended or not", (point) => (point.row ? (point.row.c ? "mended" : "as it came") : null));
    return made.slice(0, data.plane.base.length ? undefined : 99);
  }

  function colour([, of]) {
    const order = count(plane.points, of).map(([value]) => value);
    const series = (value) => {
      if (value === "reference" && of(plane.points[0]) === "reference") return "reference";
      const fixed = { pass: "good", fail: "bad", unknown: "unsure" }[value];
      const place = order.filter((name) => name !== "reference").indexOf(value);
      return fixed || (value === null || value === undefined || place < 0 || place >= MOST_SERIES ? "rest" : `s${place}`);
    };
    const paths = new Map();
    for (const one of plane.points) {
      const name = series(of(one));
      paths.set(name, (paths.get(name) || "") + `M${one.x} ${one.y}h0`);
    }
    const first = ["rest", "reference"];
    const names = [...paths.keys()].sort((a, b) => first.includes(b) - first.includes(a));
    plane.svg.replaceChildren(...names.map((name) => make("path", { d: paths.get(name), class: `points ${name}` })));
    const keys = order.slice(0, MOST_SERIES + 1).filter((value) => series(value) !== "rest")
      .map((value) => make("span", {}, make("span", { class: `key ${series(value)}` }), make("bdi", {}, value)));
    if (paths.has("rest")) keys.push(make("span", {}, make("span", { class: "key rest" }), order.length > MOST_SERIES ? "others" : "without it"));
    byId("keys").replaceChildren(...keys);
  }

  function nearest(event) {
    const matrix = plane.svg.getScreenCTM().inverse();
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix), reach = 22 * matrix.a;
    let best = null, least = reach * reach;
    for (const one of plane.points) {
      const far = (one.x - x) ** 2 + (one.y - y) ** 2;
      if (far <= least) { best = one; least = far; }
    }
    return best;
  }

  function ring(one) {
    const circle = byId("ring") || plane.svg.appendChild(make("circle", { id: "ring" }));
    for (const [key, value] of Object.entries(one ? { cx: one.x, cy: one.y, r: 11 } : { r: 0 })) circle.setAttribute(key, value);
  }

  const point = (event) => tell(nearest(event), event.clientX, event.clientY);

  function tell(near, x, y) { // a point's text beside it
    const tip = byId("tip");
    ring(near);
    tip.hidden = !near;
    if (!near) return;
    const row = near.row;
    tip.replaceChildren(make("p", { class: "quiet small" }, row ? row.i : "reference", " ", make("bdi", {}, (row ? labelOf(row) : near.label) || "")),
      make("p", {}, make("bdi", {}, cut(row ? textOf(row) : near.text, 400))));
    const home = byId("plane").getBoundingClientRect(), right = x - home.left > home.width / 2;
    tip.style.left = right ? "" : `${Math.max(x - home.left + 14, 0)}px`;
    tip.style.right = right ? `${Math.max(home.right - x + 14, 0)}px` : "";
    tip.style.top = `${y - home.top + 14}px`;
  }

  function step(event) { // by keys from point to point
    const at = plane.points[plane.at], order = { PageDown: 1, PageUp: -1 }[event.key];
    const side = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] }[event.key];
    if (event.key === "Enter" && at && at.row) { event.preventDefault(); reveal(at.place); byId("rows").focus({ preventScroll: true }); }
    if (event.key === "Escape") tell(null);
    if (!order && !side) return;
    event.preventDefault();
    const count = plane.points.length;
    let to = at ? plane.at : 0;
    if (at && order) to = (plane.at + order + count) % count;
    if (at && side) {
      let least = Infinity;
      plane.points.forEach((one, place) => {
        const along = (one.x - at.x) * side[0] + (one.y - at.y) * side[1], off = Math.abs((one.x - at.x) * side[1]) + Math.abs((one.y - at.y) * side[0]);
        if (along > 0 && along + 2 * off < least) { least = along + 2 * off; to = place; }
      });
    }
    const one = plane.points[plane.at = to], { x, y } = new DOMPoint(one.x, one.y).matrixTransform(plane.svg.getScreenCTM());
    tell(one, x, y);
  }

  function reveal(place) { // shows a record in the list, whatever is searched for
    byId("find").value = "";
    for (const [, , , select] of active) select.value = 0;
    search();
    choose(found.indexOf(place));
    byId("records").scrollIntoView();
  }

  function listen() {
    const box = byId("rows");
    if (box.dataset.listens) return;
    box.dataset.listens = "yes";
    let waiting = false;
    box.addEventListener("scroll", () => {
      if (waiting) return;
      waiting = true;
      requestAnimationFrame(() => { waiting = false; drawRows(); });
    });
    box.addEventListener("click", (event) => {
      const node = event.target.closest(".row");
      if (!node) return;
      choose(Number(node.dataset.place), { scroll: false });
      const record = byId("record"); // below the list on narrow screens
      if (record.getBoundingClientRect().top > innerHeight / 2) record.scrollIntoView();
    });
    box.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 8, PageUp: -8, Home: -Infinity, End: Infinity }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      choose(step === -Infinity ? 0 : step === Infinity ? found.length - 1 : chosen + step);
    });
    byId("find").addEventListener("input", () => search());
  }

  addEventListener("resize", () => { if (byId("rows")) drawRows(); });

  function show() { // draws what the island says: anew with the same record chosen, and the same one first in sight
    const nameOf = (row) => row && `${row.r ? "-" : ""}${row.i}`, box = byId("rows"), at = box ? box.scrollTop : 0;
    const [was, top] = [chosen, Math.floor(at / HEIGHT)].map((place) => nameOf(data.rows[found[place]]));
    const again = (name) => (name ? found.findIndex((place) => nameOf(data.rows[place]) === name) : -1);
    found = [];
    last = null;
    chosen = -1;
    if (!read() || !byId("rows")) return;
    listen();
    drawFilters();
    search();
    chosen = again(was);
    if (at) byId("rows").scrollTop = Math.max(again(top), 0) * HEIGHT + at % HEIGHT;
    drawRows();
    readPlane();
  }

  show();
  return {
    show, choose, search, shown, make, data,
    get chosen() { return chosen >= 0 ? data.rows[found[chosen]] : null; },
    next: () => choose(chosen + 1), onChoose: (listener) => listeners.push(listener),
    placeAt: (top) => found[Math.floor(top / HEIGHT)],
    setDecision: (one) => { decisions[one.id] = one; last = null; drawRows(); },
    setDecisions: (given) => { decisions = given; last = null; if (byId("rows")) drawRows(); }, decision: (id) => decisions[id], redraw: drawRows,
    goTo: (id) => { const place = found.findIndex((at) => data.rows[at].i === id); if (place >= 0) choose(place); },
  };
})();
