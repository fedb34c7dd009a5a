// Webhooks: every attempt, and one attempt with its request and its answer.

import { get } from "../api.js";
import { chip, empty, field, fill, h, pairs, sidOf, sync, table } from "../dom.js";
import { momentOf } from "../times.js";
import { pager } from "./pager.js";

const PAGE = 50;

export const outcome = (item) => {
  if (item.status === null) return chip("no answer", "bad");
  return chip(String(item.status), item.status < 300 ? "good" : item.status < 400 ? "warn" : "bad");
};

/** A link to what a code means, in Twilio's own words. It leaves this machine only when it is followed. */
const alert = (code) => h("a", { class: "chip bad", href: `https://www.twilio.com/docs/api/errors/${code}`, target: "_blank", rel: "noopener noreferrer" },
  `alert ${code}`);

export function webhooks({ root, query, refresh }) {
  const url = h("input", { type: "search", placeholder: "Part of the URL", autocomplete: "off", oninput: () => pages.first() });
  const list = table(["When", "Kind", "URL", "Answer", "#Time", "#Tries"]);
  const nothing = h("div");
  const pages = pager(PAGE, refresh);
  const only = ["account", "resource"].filter((name) => query.get(name)).map((name) =>
    h("p", { class: "row" }, chip(`${name} ${query.get(name)}`), h("a", { href: "#/webhooks" }, "Show all")));
  root.append(h("h1", {}, "Webhooks"), h("p", { class: "lead" }, "Every call of a customer's URL, the latest first; the signature and the answer are a click away."), ...only,
    field("Find", url), h("div", { class: "card" }, list.element, nothing), pages.element);
  return {
    title: "Webhooks",
    async refresh() {
      const filters = { url: url.value.trim(), account: query.get("account"), resource: query.get("resource") };
      const { deliveries } = await get("/deliveries", { ...filters, ...pages.query() });
      const shown = pages.show(deliveries);
      sync(list.body, shown.map(brief), { key: (item) => item.seq, render: row });
      list.element.hidden = shown.length === 0;
      fill(nothing, [shown.length, filters], () => shown.length ? null : Object.values(filters).some(Boolean)
        ? empty("No webhook fits")
        : empty("No webhook was called yet", "Write to a number whose SmsUrl is set, from the conversations page or from a shell:",
          `twilio-emulator say --url ${location.origin} --from +12025550142 --to +13055550123 "Hello"`));
    },
  };
}

const brief = ({ seq, at, kind, url, status, error, errorCode, milliseconds, attempt, request }) =>
  ({ seq, at, kind, url, status, error, errorCode, milliseconds, attempt, method: request.method });

function row(item) {
  return h("tr", {},
    h("td", { class: "tight" }, h("a", { href: `#/webhooks/${item.seq}` }, momentOf(item.at))),
    h("td", {}, item.kind),
    h("td", { class: "wide" }, h("span", { class: "method" }, item.method, " "), h("a", { href: `#/webhooks/${item.seq}` }, item.url)),
    h("td", { class: "tight" }, outcome(item), item.errorCode && [" ", chip(`alert ${item.errorCode}`, "bad")]),
    h("td", { class: "number" }, `${Math.round(item.milliseconds)} ms`),
    h("td", { class: "number", "data-unit": item.attempt === 1 ? "try" : "tries" }, String(item.attempt)));
}

export function webhook({ root, parts }) {
  const seq = Number(parts[0]);
  const content = h("div", { class: "view" });
  root.append(h("div", { class: "row apart" }, h("p", { class: "back" }, h("a", { href: "#/webhooks" }, "← Webhooks")),
    h("p", { class: "row" }, seq > 1 && h("a", { href: `#/webhooks/${seq - 1}` }, "← Before"), h("a", { href: `#/webhooks/${seq + 1}` }, "After →"))), content);
  return {
    title: `Webhook ${seq}`,
    async refresh() {
      const { deliveries } = await get("/deliveries", { after: seq - 1, before: seq + 1 });
      fill(content, deliveries[0] ?? null, (item) => item ? detail(item) : h("div", { class: "card" }, empty("There is no such webhook", "It was forgotten by a reset, or has not been called yet.")));
    },
  };
}

function detail(item) {
  return [
    h("div", { class: "row" }, h("h1", {}, `Webhook ${item.seq}`), chip(item.kind), outcome(item), item.errorCode && alert(item.errorCode)),
    h("p", { class: "lead" }, `${momentOf(item.at)} UTC · ${item.milliseconds} ms · attempt ${item.attempt} · `,
      sidOf(item.accountSid, `#/accounts/${item.accountSid}`), item.resourceSid && [" · ", sidOf(item.resourceSid, `#/webhooks?resource=${item.resourceSid}`)]),
    item.error && h("p", { class: "notice bad" }, item.error),
    h("div", { class: "sides" }, request(item), response(item)),
  ];
}

function request({ request: sent, url }) {
  const form = !/json/i.test(header(sent.headers, "Content-Type"));
  const sides = [h("h2", {}, "Request"), h("p", { class: "mono" }, h("strong", {}, sent.method), " ", h("span", { class: "url" }, url)),
    h("h3", {}, "Headers"), pairs(Object.entries(sent.headers), (name) => /signature/i.test(name))];
  const parameters = [...new URLSearchParams(form && sent.body ? sent.body : url.split("?")[1] ?? "")];
  if (parameters.length) sides.push(h("h3", {}, "Parameters"), pairs(parameters));
  if (sent.body) sides.push(form ? raw("Body as it was sent", sent.body) : h("pre", { class: "body" }, pretty(sent.body)));
  return h("section", { class: "card padded", "aria-label": "Request" }, sides);
}

function response({ response: got, status }) {
  const sides = [h("div", { class: "row" }, h("h2", {}, "Response"), outcome({ status }))];
  if (status === null) sides.push(h("p", { class: "lead" }, "No answer came."));
  if (Object.keys(got.headers).length) sides.push(h("h3", {}, "Headers"), pairs(Object.entries(got.headers)));
  if (got.body) sides.push(h("h3", {}, "Body"), h("pre", { class: "body" }, pretty(got.body)));
  else if (status !== null) sides.push(h("p", { class: "lead" }, "The body is empty: nothing to do."));
  return h("section", { class: "card padded", "aria-label": "Response" }, sides);
}

const raw = (title, body) => h("details", {}, h("summary", {}, title), h("pre", { class: "body" }, body));

const header = (headers, wanted) => Object.entries(headers).find(([name]) => name.toLowerCase() === wanted.toLowerCase())?.[1] ?? "";

function pretty(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
