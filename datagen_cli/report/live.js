// A served page: it follows its run, and a person decides on records by keys. Decisions are sent with the address's token.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id), EVERY_MS = 2000;
  let version = page.data.live.version, reviewed = null, form = null, last = Promise.resolve();
  const drafts = new Map(); // what was typed into a form that another record took the place of

  async function ask(path, body) {
    const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
    const joined = path + (path.includes("?") ? "&" : "?") + location.search.slice(1);
    const answer = await fetch(joined, { ...options, cache: "no-store" });
    const found = await answer.json();
    if (!answer.ok) throw new Error([found.error, found.hint].filter(Boolean).join("; "));
    return found;
  }

  const say = (text) => { byId("said").textContent = page.shown(text); };

  async function decisions() {
    const before = page.chosen && JSON.stringify(page.decision(page.chosen.i));
    page.setDecisions((await ask("/decisions")).decisions);
    if (page.chosen && !form && JSON.stringify(page.decision(page.chosen.i)) !== before) offer(page.chosen);
  }

  function inTurn(act) { // keys that are pressed before the last one was written down wait for it, and skip nothing
    last = last.then(() => (form ? null : act(page.chosen))).catch((error) => say(error.message));
    return last;
  }

  async function follow() {
    try {
      const now = await ask("/state");
      const refused = Object.values(now.rejected).reduce((sum, n) => sum + n, 0);
      byId("state").textContent = `${now.state} · ${now.accepted.toLocaleString("en")} of ${now.count.toLocaleString("en")} accepted`
        + ` · ${refused.toLocaleString("en")} rejected · ${now.calls.toLocaleString("en")} call${now.calls === 1 ? "" : "s"}`;
      if (now.version !== version && !form) {
        await renew();
        version = now.version;
      }
      if (now.reviewed !== reviewed) { // here, in another tab or in a terminal
        await decisions();
        reviewed = now.reviewed;
      }
    } catch (error) {
      byId("state").textContent = `the server does not answer: ${error.message}`;
    }
    setTimeout(follow, EVERY_MS);
  }

  async function renew() { // takes over what is new on the page; the records stay, with what is typed, chosen and in focus
    const answer = await fetch("/" + location.search, { cache: "no-store" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html"), theirs = fresh.getElementById("live");
    if (!answer.ok || !theirs) throw new Error("no page came");
    const mine = byId("live"), below = (one) => one.getBoundingClientRect().bottom > 0;
    const inSight = below(mine.querySelector("header")) ? null : [...mine.querySelectorAll("section")].find(below);
    const top = inSight && inSight.getBoundingClientRect().top;
    for (const part of ["header", "nav", "footer"]) exchange(mine.querySelector(part), theirs.querySelector(part));
    const main = mine.querySelector("main"), sections = [...theirs.querySelector("main").children];
    for (const old of [...main.children]) if (!sections.some((one) => one.id === old.id)) old.remove();
    let at = main.firstElementChild; // both are in the same order
    for (const section of sections) {
      if (!at || at.id !== section.id) main.insertBefore(document.adoptNode(section), at);
      else at = (section.id === "records" ? at : exchange(at, section)).nextElementSibling;
    }
    const words = fresh.getElementById("find");
    if (words) Object.assign(byId("find"), { placeholder: words.placeholder, ariaLabel: words.ariaLabel });
    byId("island").textContent = fresh.getElementById("island").textContent;
    page.show();
    fitTables();
    const now = inSight && byId(inSight.id);
    if (now) scrollBy({ top: now.getBoundingClientRect().top - top, behavior: "instant" });
  }

  function exchange(old, fresh) { // what is as it was stays; what a person has opened stays open
    if (old.isEqualNode(fresh)) return old;
    const open = [...old.querySelectorAll("details")].map((one) => one.open);
    fresh.querySelectorAll("details").forEach((one, place) => { one.open = open[place] || false; });
    if (old.isEqualNode(fresh)) return old;
    old.replaceWith(document.adoptNode(fresh));
    return fresh;
  }

  async function decide(row, decision, more) {
    const { decided } = await ask("/review", { id: row.i, decision, seen: row.h || "", ...more });
    page.setDecision(decided);
    drafts.delete(row.i);
    say(`${decision}: ${row.i}`);
    if (!page.chosen || page.chosen.i !== row.i) return; // another was chosen meanwhile
    close();
    page.next();
  }

  async function undo() {
    const { undone } = await ask("/undo", {});
    await decisions();
    say(undone ? `taken back: ${undone.decision} of ${undone.id}` : "nothing to take back");
    if (undone) page.goTo(undone.id);
  }

  function close() {
    if (form) form.remove();
    form = null;
    if (byId("rows")) byId("rows").focus({ preventScroll: true });
  }

  function open(kind, row, fields, done) { // done gets what was typed, by name
    const draft = drafts.get(row.i), before = draft && draft.kind === kind ? draft.typed : {};
    const inputs = fields.map(([name, value]) => {
      const input = page.make("textarea", { "aria-label": name, rows: 3, dir: "auto" });
      input.value = before[name] ?? value;
      return [name, input];
    });
    const typed = () => Object.fromEntries(inputs.map(([name, input]) => [name, input.value]));
    form = page.make("form", {}, page.make("h4", {}, `${kind} ${row.i}`), inputs.map(([name, input]) => page.make("label", { class: "small" }, name, input)),
      page.make("button", { type: "submit" }, "Save (Ctrl+Enter)"), " ", page.make("button", { type: "button", "data-cancel": true }, "Cancel (Esc)"));
    let saving = false;
    const save = async () => {
      if (saving) return;
      saving = true;
      try { await done(typed()); } catch (error) { say(error.message); } finally { saving = false; }
    };
    const cancel = () => { drafts.delete(row.i); close(); };
    form.addEventListener("submit", (event) => { event.preventDefault(); save(); });
    form.addEventListener("input", () => drafts.set(row.i, { kind, typed: typed() }));
    form.querySelector("[data-cancel]").addEventListener("click", cancel);
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") cancel();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); save(); }
      event.stopPropagation();
    });
    byId("record").prepend(form);
    inputs[0][1].focus();
  }

  function reject(row) {
    open("Reject", row, [["reason", ""]], ({ reason }) => decide(row, "reject", { reason }));
  }

  async function edit(row) {
    const { row: whole, seen } = await ask(`/record?id=${encodeURIComponent(row.i)}`), was = page.decision(row.i);
    const names = Object.keys(whole).filter((name) => !["id", "attributes", "verdicts", "simulated"].includes(name));
    const plain = (name) => typeof whole[name] === "string" || whole[name] === null;
    const text = (name, value) => (plain(name) ? value ?? "" : JSON.stringify(value)).replace(/\r\n?/g, "\n"); // as a form has it
    const now = { ...whole, ...(was && was.fields) };
    open("Edit", row, names.map((name) => [name, text(name, now[name])]), (given) => {
      const fields = {};
      for (const name of names) {
        if (given[name] === text(name, whole[name])) continue;
        const ends = plain(name) && /\r\n/.test(whole[name]) ? "\r\n" : "\n";
        try {
          fields[name] = plain(name) ? given[name].replace(/\n/g, ends) : JSON.parse(given[name]);
        } catch { throw new Error(`${name}: that is no JSON value`); }
      }
      return decide(row, "edit", { fields, seen });
    });
  }

  const ACTS = { k: (row) => decide(row, "keep"), r: reject, e: edit };
  const act = (key) => inTurn((row) => {
    if (key === "u") return undo();
    if (key === "j") return page.next();
    if (!row) return say("choose a record first");
    return row.r ? say("this attempt was turned away by the run: there is nothing to decide") : ACTS[key](row);
  });

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    if (!["j", "u", ...Object.keys(ACTS)].includes(event.key)) return;
    event.preventDefault();
    if (event.key === "j" || !event.repeat) act(event.key); // a key that is held down decides once
  });

  function offer(row) { // the buttons of a record, and what was decided of it
    const box = byId("record");
    for (const old of box.querySelectorAll(":scope > .decide")) old.remove();
    if (row.r) return;
    const was = page.decision(row.i);
    const buttons = [["Keep (k)", "k"], ["Reject (r)", "r"], ["Edit (e)", "e"]].map(([words, key]) => {
      const button = page.make("button", { type: "button" }, words);
      button.addEventListener("click", () => {
        if (form) close();
        act(key);
      });
      return button;
    });
    const said = was ? page.make("span", { class: "small" }, `decided: ${was.decision}${was.reason ? `: ${was.reason}` : ""}`) : null;
    box.prepend(page.make("div", { class: "decide" }, buttons, said));
  }

  page.onChoose((row) => {
    form = null;
    offer(row);
  });

  follow();
})();
