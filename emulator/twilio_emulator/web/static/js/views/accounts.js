// Accounts: a list by pages, and one account with its numbers.

import { get } from "../api.js";
import { chip, empty, facts, field, fill, h, outside, sync, table } from "../dom.js";
import { minuteOf } from "../times.js";

const PAGE = 50;
const kinds = { active: "good", suspended: "warn", closed: "bad" };

export const status = (account) => {
  const shown = account.inEffect ?? account.status;
  const by = account.suspendedBy === "twilio" ? " by Twilio" : "";
  return chip(`${shown}${by}`, kinds[shown]);
};

const curl = (path, data) => [
  `curl -u ACCOUNT_SID:AUTH_TOKEN ${location.origin}${path} \\`,
  ...data.map((item, index) => `  --data-urlencode "${item}"${index < data.length - 1 ? " \\" : ""}`),
].join("\n");

export function accounts({ root, refresh }) {
  let page = 0;
  const containing = h("input", { type: "search", placeholder: "Name, SID or number", autocomplete: "off", oninput: () => first() });
  const wanted = h("select", { onchange: () => first() }, h("option", { value: "" }, "Any status"),
    Object.keys(kinds).map((kind) => h("option", { value: kind }, kind)));
  const parent = h("div");
  const list = table(["Name", "SID", "Status", "#Numbers", "Created"]);
  const nothing = h("div");
  const card = h("div", { class: "card" }, list.element, nothing);
  const count = h("span", { role: "status" });
  const back = h("button", { type: "button", onclick: () => turn(-1) }, "← Newer");
  const on = h("button", { type: "button", onclick: () => turn(1) }, "Older →");

  function first() {
    page = 0;
    refresh();
  }

  function turn(step) {
    page += step;
    refresh();
  }

  root.append(
    h("h1", {}, "Accounts"), parent,
    h("div", { class: "row" }, h("div", { class: "grow" }, field("Find subaccounts", containing)), field("Status", wanted)),
    card, h("div", { class: "pager" }, back, on, count),
  );

  return {
    title: "Accounts",
    async refresh() {
      const found = await get("/accounts", { containing: containing.value.trim(), status: wanted.value, page, last: PAGE });
      fill(parent, found.parent, showParent);
      sync(list.body, found.accounts, { key: (item) => item.sid, render: row });
      const filtered = containing.value.trim() || wanted.value;
      list.element.hidden = found.total === 0;
      fill(nothing, [found.total === 0, filtered], () => found.total ? null : none(filtered, found.parent.sid));
      const start = page * PAGE;
      count.textContent = found.total ? `${start + 1} to ${start + found.accounts.length} of ${found.total.toLocaleString("en")} subaccounts` : "";
      back.disabled = page === 0;
      on.disabled = start + found.accounts.length >= found.total;
      back.hidden = on.hidden = found.total <= PAGE;
    },
  };
}

function none(filtered, sid) {
  if (filtered) return empty("No subaccount fits", "Try part of a name, of a SID or of a phone number.");
  return empty("No subaccounts yet", "Make one as a customer would, with the parent's SID and auth token:",
    curl("/api/2010-04-01/Accounts.json", ["FriendlyName=my-tenant"]).replace("ACCOUNT_SID", sid));
}

function showParent(account) {
  return h("section", { class: "card padded", "aria-label": "Parent account" },
    h("div", { class: "row" }, h("h2", {}, h("a", { href: `#/accounts/${account.sid}` }, account.friendlyName)), status(account), chip("parent")),
    facts([["SID", h("code", {}, account.sid)], ["Type", account.type], account.balance && ["Balance", `${account.balance} USD`],
      ["Subaccounts allowed", account.quota.toLocaleString("en")], ["Numbers", String(account.numbers)]]));
}

function row(account) {
  return h("tr", {},
    h("td", { class: "wide" }, h("a", { href: `#/accounts/${account.sid}` }, account.friendlyName || "(no name)")),
    h("td", {}, h("code", {}, account.sid)),
    h("td", {}, status(account)),
    h("td", { class: "number", "data-unit": account.numbers === 1 ? "number" : "numbers" }, String(account.numbers)),
    h("td", { class: "tight" }, minuteOf(account.created)));
}

export function account({ root, parts }) {
  const [sid] = parts;
  const head = h("div", { class: "view" });
  const numbers = h("div", { class: "view" });
  const nothing = h("div", { class: "card", hidden: true });
  root.append(h("p", { class: "back" }, h("a", { href: "#/accounts" }, "← Accounts")), head, h("h2", {}, "Numbers"), numbers, nothing);
  return {
    title: sid,
    async refresh() {
      const found = await get(`/accounts/${encodeURIComponent(sid)}`);
      fill(head, found.account, showAccount);
      sync(numbers, found.numbers, { key: (item) => item.sid, render: showNumber });
      nothing.hidden = found.numbers.length > 0;
      fill(nothing, sid, () => empty("No numbers yet", "Buy one with the account's own credentials; its messages go to SmsUrl:",
        curl(`/api/2010-04-01/Accounts/${sid}/IncomingPhoneNumbers.json`,
          ["PhoneNumber=+13055550123", "SmsUrl=http://127.0.0.1:8080/sms", "VoiceUrl=http://127.0.0.1:8080/voice"]).replace("ACCOUNT_SID", sid)));
    },
  };
}

function showAccount(account) {
  return [
    h("div", { class: "row" }, h("h1", {}, account.friendlyName || account.sid), status(account)),
    h("div", { class: "card padded" }, facts([
      ["SID", h("code", {}, account.sid)], ["Type", account.type], ["Created", `${minuteOf(account.created)} UTC`],
      account.ownerSid !== account.sid && ["Parent", h("a", { href: `#/accounts/${account.ownerSid}` }, h("code", {}, account.ownerSid))],
    ]), h("div", { class: "row" }, h("a", { href: `#/webhooks?account=${account.sid}` }, "Its webhooks"),
      h("a", { href: `#/requests?account=${account.sid}` }, "Its API requests"))),
  ];
}

function showNumber(number) {
  return h("section", { class: "card padded", "aria-label": number.phoneNumber },
    h("div", { class: "row apart" },
      h("div", { class: "row" }, h("h3", { class: "mono" }, number.phoneNumber), chip(`${number.country} ${number.type}`),
        number.service && chip(`service ${number.service.friendlyName || number.service.sid}`, "sms"),
        number.whatsapp && chip(`WhatsApp sender ${number.whatsapp.status.toLowerCase()}`, "whatsapp")),
      h("a", { class: "button", href: `#/conversations/${number.phoneNumber}` }, "Write to it")),
    number.friendlyName !== number.phoneNumber && h("p", { class: "lead" }, number.friendlyName),
    h("dl", { class: "pairs" }, targets(number)));
}

function targets(number) {
  return [["SMS", number.messages], ["WhatsApp", number.whatsapp], ["Calls", number.calls]].filter(([, target]) => target).flatMap(([name, target]) => [
    h("dt", {}, name),
    h("dd", {}, destination(target), target.fallbackUrl && ["\n", "fallback: ", outside(target.fallbackUrl, target.fallbackUrl)]),
  ]);
}

function destination(target) {
  if (target.via === "trunk") return `SIP trunk ${target.sid}`;
  const via = target.sid && target.via !== undefined && target.via !== "number" ? ` (by ${target.via} ${target.sid})` : "";
  if (!target.url) return `nothing is called: no URL is set${via}`;
  return [`${target.method} `, outside(target.url, target.url), via];
}
