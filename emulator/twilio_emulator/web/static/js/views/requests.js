// API requests: what was asked of the emulator.

import { get } from "../api.js";
import { chip, empty, field, fill, h, sidOf, sync, table } from "../dom.js";
import { momentOf } from "../times.js";
import { pager } from "./pager.js";

const PAGE = 100;

export function requests({ root, query, refresh }) {
  const path = h("input", { type: "search", placeholder: "Part of the path, such as Messages.json", autocomplete: "off", oninput: () => pages.first() });
  const list = table(["When", "Request", "Answer", "#Time", "Account"]);
  const nothing = h("div");
  const pages = pager(PAGE, refresh);
  root.append(h("h1", {}, "API requests"), h("p", { class: "lead" }, "What programs asked of Twilio's API, the latest first."),
    query.get("account") && h("p", { class: "row" }, chip(`account ${query.get("account")}`), h("a", { href: "#/requests" }, "Show all")) || "",
    field("Find", path), h("div", { class: "card" }, list.element, nothing), pages.element);
  return {
    title: "API requests",
    async refresh() {
      const filters = { path: path.value.trim(), account: query.get("account") };
      const shown = pages.show((await get("/requests", { ...filters, ...pages.query() })).requests);
      sync(list.body, shown, { key: (item) => item.seq, render: row });
      list.element.hidden = shown.length === 0;
      fill(nothing, [shown.length, filters], () => shown.length ? null : Object.values(filters).some(Boolean)
        ? empty("No request fits")
        : empty("No program has called yet", "Point an official SDK at the emulator. In Python:", sdk()));
    },
  };
}

const sdk = () => `from twilio_emulator.sdk import sdk_client

client = sdk_client("${location.origin}", "ACCOUNT_SID", "AUTH_TOKEN")
client.api.v2010.accounts.create(friendly_name="my-tenant")`;

function row(item) {
  const kind = item.status === null || item.status >= 500 ? "bad" : item.status >= 400 ? "warn" : "good";
  return h("tr", {},
    h("td", { class: "tight" }, momentOf(item.at)),
    h("td", { class: "wide" }, h("span", { class: "method" }, item.method, " "), h("code", {}, item.path)),
    h("td", {}, chip(item.status === null ? "connection cut" : String(item.status), kind), item.code ? [" ", chip(`error ${item.code}`, kind)] : null,
      item.fault ? [" ", chip(`fault: ${item.fault}`, "warn")] : null),
    h("td", { class: "number" }, `${Math.round(item.milliseconds)} ms`),
    h("td", { class: "tight" }, item.accountSid ? sidOf(item.accountSid, `#/accounts/${item.accountSid}`) : chip("nobody")));
}
