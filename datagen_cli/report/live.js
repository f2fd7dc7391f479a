// A served page: it follows its run, and a person decides on records by keys. Decisions are sent with the address's token.
"use strict";
(() => {
  const byId = (id) => document.getElementById(id), EVERY_MS = 2000;
  let version = page.data.live.version, form = null;

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
    page.setDecisions((await ask("/decisions")).decisions);
  }

  async function follow() {
    try {
      const now = await ask("/state");
      const refused = Object.values(now.rejected).reduce((sum, n) => sum + n, 0);
      byId("state").textContent = `${now.state} · ${now.accepted.toLocaleString("en")} of ${now.count.toLocaleString("en")} accepted`
        + ` · ${refused.toLocaleString("en")} rejected · ${now.calls.toLocaleString("en")} calls`;
      if (now.version !== version && !form) {
        await renew();
        version = now.version;
      }
    } catch (error) {
      byId("state").textContent = `the server does not answer: ${error.message}`;
    }
    setTimeout(follow, EVERY_MS);
  }

  async function renew() { // takes over the new page but for what a person has typed, chosen and scrolled to
    const answer = await fetch("/" + location.search, { cache: "no-store" });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const records = byId("records"), theirs = fresh.getElementById("records"), island = fresh.getElementById("island");
    if (!island) return;
    const top = byId("rows") ? byId("rows").scrollTop : 0;
    if (records && theirs) theirs.replaceWith(records);
    byId("live").replaceWith(document.adoptNode(fresh.getElementById("live")));
    byId("island").textContent = island.textContent;
    page.show();
    if (byId("rows")) byId("rows").scrollTop = top;
    await decisions();
  }

  async function decide(row, decision, more) {
    try {
      await ask("/review", { id: row.i, decision, ...more });
      await decisions();
      say(`${decision}: ${row.i}`);
      close();
      page.next();
    } catch (error) {
      say(error.message);
    }
  }

  async function undo() {
    try {
      const { undone } = await ask("/undo", {});
      await decisions();
      say(undone ? `taken back: ${undone.decision} of ${undone.id}` : "nothing to take back");
      if (undone) page.goTo(undone.id);
    } catch (error) {
      say(error.message);
    }
  }

  function close() {
    if (form) form.remove();
    form = null;
    if (byId("rows")) byId("rows").focus({ preventScroll: true });
  }

  function open(title, fields, done) {
    if (form) form.remove();
    const inputs = fields.map(([name, value]) => [name, page.make("textarea", { "aria-label": name, rows: 3 })]);
    inputs.forEach(([, input], place) => { input.value = fields[place][1]; });
    form = page.make("form", {}, page.make("h4", {}, title), inputs.map(([name, input]) => page.make("label", { class: "small" }, name, input)),
      page.make("button", { type: "submit" }, "Save (Ctrl+Enter)"), " ", page.make("button", { type: "button", "data-cancel": true }, "Cancel (Esc)"));
    const save = () => done(Object.fromEntries(inputs.map(([name, input]) => [name, input.value])));
    form.addEventListener("submit", (event) => { event.preventDefault(); save(); });
    form.querySelector("[data-cancel]").addEventListener("click", close);
    form.addEventListener("keydown", (event) => {
      if (event.key === "Escape") close();
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); save(); }
      event.stopPropagation();
    });
    byId("record").prepend(form);
    inputs[0][1].focus();
  }

  function reject(row) {
    open(`Reject ${row.i}`, [["reason", ""]], ({ reason }) => decide(row, "reject", { reason }));
  }

  async function edit(row) {
    try {
      const whole = (await ask(`/record?id=${encodeURIComponent(row.i)}`)).row;
      const names = Object.keys(whole).filter((name) => !["id", "attributes", "verdicts", "simulated"].includes(name));
      const text = (value) => (typeof value === "string" ? value : JSON.stringify(value));
      open(`Edit ${row.i}`, names.map((name) => [name, text(whole[name])]), (given) => {
        const fields = {};
        for (const name of names) {
          if (given[name] === text(whole[name])) continue;
          try {
            fields[name] = typeof whole[name] === "string" ? given[name] : JSON.parse(given[name]);
          } catch { say(`${name}: that is no JSON value`); return; }
        }
        decide(row, "edit", { fields });
      });
    } catch (error) {
      say(error.message);
    }
  }

  const ACTS = { k: (row) => decide(row, "keep"), r: reject, e: edit };
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea")) return;
    const row = page.chosen;
    if (event.key === "u") { event.preventDefault(); undo(); }
    else if (event.key === "j") { event.preventDefault(); page.next(); }
    else if (ACTS[event.key]) {
      event.preventDefault();
      if (!row) say("choose a record first");
      else if (row.r) say("this attempt was turned away by the run: there is nothing to decide");
      else ACTS[event.key](row);
    }
  });

  page.onChoose((row) => {
    form = null;
    if (row.r) return;
    const was = page.decision(row.i);
    const buttons = [["Keep (k)", ACTS.k], ["Reject (r)", ACTS.r], ["Edit (e)", ACTS.e]].map(([words, act]) => {
      const button = page.make("button", { type: "button" }, words);
      button.addEventListener("click", () => act(row));
      return button;
    });
    const said = was ? page.make("p", { class: "small" }, `decided: ${was.decision}${was.reason ? `: ${was.reason}` : ""}`) : null;
    byId("record").prepend(...[page.make("div", { class: "decide" }, buttons), said].filter(Boolean));
  });

  decisions().then(() => page.refilter());
  follow();
})();
