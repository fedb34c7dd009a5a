// Faults: orders to fail, a form for the ones that have names, and their end.

import { del, get, post } from "../api.js";
import { chip, command, empty, field, fill, h, say, sync, table } from "../dom.js";

const shades = { open: "warn", spent: "", expired: "", withdrawn: "" };
const shown = ["id", "state", "hits", "count", "kind", "target", "preset", "when"];

export function faults({ root, refresh }) {
  const list = table(["#Id", "What goes wrong", "State", "#Hits", ""]);
  const nothing = h("div");
  const all = h("button", { type: "button", class: "danger", hidden: true, onclick: () => withdraw("/faults", "All orders are withdrawn") }, "Withdraw all");
  const form = order({ done: refresh });
  root.append(h("h1", {}, "Faults"), h("p", { class: "lead" }, "Have calls of the API, or the emulator's webhooks, go wrong on purpose: a test of what your program does then."),
    form.element, h("div", { class: "row apart" }, h("h2", {}, "Orders"), all), h("div", { class: "card" }, list.element, nothing));

  async function withdraw(path, done) {
    try {
      await del(path);
      say(done);
    } catch (error) {
      say(error.message);
    }
    refresh();
  }

  function row(item) {
    const rest = Object.entries(item).filter(([name]) => !shown.includes(name)).map(([name, value]) => `${name} ${value}`);
    return h("tr", {},
      h("td", { class: "number" }, String(item.id)),
      h("td", { class: "wide" }, h("strong", {}, item.kind), " ", chip(item.target === "webhook" ? "webhook" : `${item.target}, ${item.when} the act`), rest.length ? h("div", { class: "mono lead" }, rest.join(" · ")) : null),
      h("td", {}, chip(item.state, shades[item.state])),
      h("td", { class: "number", "data-unit": "hits" }, item.count ? `${item.hits} of ${item.count}` : String(item.hits)),
      h("td", {}, h("button", { type: "button", "aria-label": `Withdraw order ${item.id}`, onclick: () => withdraw(`/faults/${item.id}`, `Order ${item.id} is withdrawn`) },
        item.state === "open" ? "Withdraw" : "Forget")));
  }

  return {
    title: "Faults",
    async refresh() {
      const [{ faults: found }] = await Promise.all([get("/faults"), form.refresh()]);
      sync(list.body, [...found].reverse(), { key: (item) => item.id, render: row });
      all.hidden = found.length === 0;
      list.element.hidden = found.length === 0;
      fill(nothing, found.length, () => found.length ? null : empty("Everything works", "Order a fault above, or from a shell. This refuses the next three calls with 429:",
        `curl ${location.origin}/emulator/v1/faults -d '{"preset": "throttled", "count": 3}'`));
    },
  };
}

function order({ done }) {
  let presets = {};
  const preset = h("select", { onchange: () => explain() });
  const path = h("input", { placeholder: "Messages\\.json$", autocomplete: "off" });
  const method = h("select", {}, h("option", { value: "" }, "Any"), ["GET", "POST", "DELETE"].map((name) => h("option", {}, name)));
  const account = h("input", { placeholder: "AC…", autocomplete: "off" });
  const count = h("input", { type: "number", min: 1, value: 1 });
  const forever = h("input", { type: "checkbox", onchange: () => { count.disabled = forever.checked; } });
  const trouble = h("p", { class: "notice bad", role: "alert", hidden: true });
  const meaning = h("div");
  const pathField = h("label", { class: "field" }, h("span", {}, "Path, a regular expression"), path);
  const methodField = field("Method", method);
  const element = h("form", { class: "card padded", "aria-label": "Order a fault", onsubmit: place },
    h("h2", {}, "Order a fault"),
    h("div", { class: "presets" }, field("What goes wrong", preset), methodField, pathField, field("Account", account), field("How often", count),
      h("div", { class: "row" }, h("label", { class: "row" }, forever, "until withdrawn")), h("button", { class: "solid" }, "Order this fault")),
    meaning, trouble);

  const isWebhook = () => presets[preset.value]?.target === "webhook";

  function explain() {
    methodField.hidden = isWebhook();
    pathField.firstElementChild.textContent = isWebhook() ? "URL, a regular expression" : "Path, a regular expression";
    fill(meaning, preset.value, (name) => command(`curl ${location.origin}/emulator/v1/faults -d '${JSON.stringify({ preset: name })}'`));
  }

  async function place(event) {
    event.preventDefault();
    const given = { preset: preset.value, [isWebhook() ? "url" : "path"]: path.value, account: account.value.trim() };
    if (!isWebhook()) given.method = method.value;
    const body = Object.fromEntries(Object.entries(given).filter(([, value]) => value));
    trouble.hidden = true;
    try {
      const placed = await post("/faults", { ...body, count: forever.checked ? null : Number(count.value) });
      say(`Order ${placed.id} is open`);
    } catch (error) {
      trouble.textContent = error.message;
      trouble.hidden = false;
    }
    done();
  }

  return {
    element,
    async refresh() {
      if (preset.childElementCount) return;
      ({ presets } = await get("/faults/presets"));
      preset.replaceChildren(...Object.keys(presets).map((name) => h("option", { value: name }, name)));
      explain();
    },
  };
}
