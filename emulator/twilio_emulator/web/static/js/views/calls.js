// Calls: the list, a form to call a number as a phone, and one call as it is heard, with a keypad.

import { get, post } from "../api.js";
import { chip, empty, facts, field, fill, h, say, sidOf, sync, table } from "../dom.js";
import { exactTimeOf, minuteOf, momentOf } from "../times.js";
import { pager } from "./pager.js";

const PAGE = 50;
const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];
const over = new Set(["completed", "busy", "no-answer", "failed", "canceled"]);
const shades = { "in-progress": "good", ringing: "warn", queued: "warn", failed: "bad", busy: "bad", "no-answer": "bad" };

export function calls({ root, parts, refresh }) {
  return parts.length ? one({ root, sid: parts[0], refresh }) : all({ root, refresh });
}

function all({ root, refresh }) {
  const list = table(["When", "From", "To", "Direction", "Status", "#Seconds"]);
  const nothing = h("div");
  const pages = pager(PAGE, refresh);
  root.append(h("h1", {}, "Calls"), dial(), h("div", { class: "card" }, list.element, nothing), pages.element);
  return {
    title: "Calls",
    async refresh() {
      const shown = pages.show((await get("/calls", pages.query())).calls);
      sync(list.body, shown, { key: (item) => item.sid, render: row });
      list.element.hidden = shown.length === 0;
      fill(nothing, shown.length, () => shown.length ? null : empty("No calls yet", "Call a number with the form above, or have a program call a phone:",
        `curl -u ACCOUNT_SID:AUTH_TOKEN ${location.origin}/api/2010-04-01/Accounts/ACCOUNT_SID/Calls.json \\\n  --data-urlencode "From=+13055550123" --data-urlencode "To=+12025550142" \\\n  --data-urlencode "Url=http://127.0.0.1:8080/voice"`));
    },
  };
}

function row(item) {
  return h("tr", {},
    h("td", { class: "tight" }, h("a", { href: `#/calls/${item.sid}` }, momentOf(item.created))),
    h("td", {}, h("a", { href: `#/calls/${item.sid}` }, item.from)), h("td", {}, item.to), h("td", {}, item.direction),
    h("td", {}, chip(item.status, shades[item.status])), h("td", { class: "number", "data-unit": "seconds" }, item.duration === null ? "–" : String(item.duration)));
}

function dial() {
  const from = h("input", { inputmode: "tel", autocomplete: "off", value: "+12025550142", required: true });
  const to = h("input", { inputmode: "tel", autocomplete: "off", placeholder: "+13055550123", required: true });
  const trouble = h("p", { class: "notice bad", role: "alert", hidden: true });

  async function call(event) {
    event.preventDefault();
    trouble.hidden = true;
    try {
      const { sid } = await post("/calls", { from: from.value.trim(), to: to.value.trim() });
      location.hash = `#/calls/${sid}`;
    } catch (error) {
      trouble.textContent = error.message;
      trouble.hidden = false;
    }
  }

  return h("form", { class: "card padded", "aria-label": "Call a number", onsubmit: call }, h("h2", {}, "Call a number as a phone"),
    h("div", { class: "presets" }, field("The phone's number", from), field("The number it calls", to), h("button", { class: "solid" }, "Call")), trouble);
}

function one({ root, sid, refresh }) {
  const head = h("div", { class: "view" });
  const lines = h("ol", { "aria-label": "What was heard and done" });
  const nothing = h("div");
  const handset = phone({ sid, refresh });
  const more = h("div", { class: "view" });
  let heard = null;
  root.append(h("p", { class: "back" }, h("a", { href: "#/calls" }, "← Calls")), head,
    h("div", { class: "sides" }, h("section", { class: "card", "aria-label": "Transcript" }, lines, nothing), h("div", { class: "view" }, handset.element, more)));
  return {
    title: "Call",
    async refresh() {
      const call = await get(`/calls/${encodeURIComponent(sid)}`);
      const { transcript, waitingFor, recordings, dialled, ...summary } = call;
      fill(head, [summary, waitingFor], () => showHead(summary, waitingFor));
      sync(lines, transcript, { key: (item) => item.seq, render: line });
      fill(nothing, transcript.length, () => transcript.length ? null : empty("Nothing heard yet"));
      handset.show(call);
      fill(more, [recordings, dialled], () => showMore(recordings ?? [], dialled ?? []));
      const last = transcript.at(-1);
      if (heard !== null && last && last.seq > heard) say(words(last));
      heard = last?.seq ?? 0;
    },
  };
}

function showHead(call, waitingFor) {
  const until = waitingFor?.until ? ` until ${exactTimeOf(waitingFor.until)}` : "";
  return [
    h("div", { class: "row" }, h("h1", {}, `${call.from} calls ${call.to}`), chip(call.status, shades[call.status]), chip(call.direction)),
    h("div", { class: "card padded" }, facts([["SID", h("code", {}, call.sid)], ["Account", sidOf(call.account, `#/accounts/${call.account}`)],
      ["Began", `${minuteOf(call.created)} UTC`], waitingFor && ["Waits for", `${waitingFor.kind}${until}`], call.duration !== null && ["Lasted", `${call.duration} s`],
      call.price && ["Price", `${call.price} USD`]]), h("p", {}, h("a", { href: `#/webhooks?resource=${call.sid}` }, "Its webhooks"))),
  ];
}

/** What an event says, in one line: its kind, then its fields. */
function words(event) {
  const { seq, at, kind, ...rest } = event;
  const text = rest.text ?? rest.digits ?? rest.url ?? rest.status;
  return text === undefined ? kind : `${kind}: ${text}`;
}

function line(event) {
  const { seq, at, kind, ...rest } = event;
  const { text, ...others } = rest;
  const detail = Object.entries(others).filter(([, value]) => value !== null && value !== "").map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`);
  return h("li", { class: "said-line" }, h("span", {}, h("time", { datetime: at }, exactTimeOf(at)), h("div", { class: "who" }, kind)),
    h("div", {}, text && h("div", {}, `“${text}”`), detail.length ? h("div", { class: "mono lead" }, detail.join(" · ")) : null));
}

function showMore(recordings, dialled) {
  const list = [];
  if (recordings.length) list.push(h("section", { class: "card padded" }, h("h2", {}, "Recordings"), h("ul", {}, recordings.map((item) =>
    h("li", {}, h("code", {}, item.sid), ` ${item.status}, ${item.duration} s, ${item.source}`)))));
  if (dialled.length) list.push(h("section", { class: "card padded" }, h("h2", {}, "Dialled"), h("ul", {}, dialled.map((item) =>
    h("li", {}, h("a", { href: `#/calls/${item.sid}` }, item.to), " ", chip(item.status, shades[item.status]))))));
  return list;
}

function phone({ sid, refresh }) {
  const trouble = h("p", { class: "notice bad", role: "alert", hidden: true });
  const words = h("input", { autocomplete: "off", placeholder: "Say something" });
  const keys = KEYS.map((key) => h("button", { type: "button", "aria-label": `Key ${key}`, onclick: () => act("digits", { digits: key }) }, key));
  const speak = h("form", { class: "row low", onsubmit: (event) => { event.preventDefault(); act("speech", { text: words.value }); words.value = ""; } },
    h("div", { class: "grow" }, field("Speech", words)), h("button", {}, "Say"));
  const hang = h("button", { type: "button", class: "danger", onclick: () => act("hangup", {}) }, "Hang up");
  const element = h("section", { class: "card padded", "aria-label": "The phone" }, h("h2", {}, "The phone"), h("div", { class: "keypad" }, keys), speak, h("div", {}, hang), trouble);

  async function act(what, body) {
    trouble.hidden = true;
    try {
      await post(`/calls/${encodeURIComponent(sid)}/${what}`, body);
    } catch (error) {
      trouble.textContent = error.message;
      trouble.hidden = false;
    }
    refresh();
  }

  return {
    element,
    show(call) {
      element.hidden = over.has(call.status);
    },
  };
}
