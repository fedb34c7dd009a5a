// Conversations: who wrote with whom, one conversation as bubbles, and a composer that writes as the phone.

import { get, post } from "../api.js";
import { chip, empty, field, fill, h, outside, say, sync } from "../dom.js";
import { dayOf, exactTimeOf, minuteOf, timeOf } from "../times.js";

const STEP = 60;
const MOST = 1000;
const NEAR = 60;
const PHONE = "+12025550142"; // of the numbers reserved for fiction

const bare = (address) => address.replace(/^whatsapp:/, "");
const channelOf = (message) => (message.from.startsWith("whatsapp:") || message.to.startsWith("whatsapp:") ? "whatsapp" : "sms");
const channelName = { sms: "SMS", whatsapp: "WhatsApp" };
const isFailed = (message) => ["failed", "undelivered"].includes(message.status);
const isPhone = (message) => message.direction === "inbound";

const ticks = { accepted: "◷", scheduled: "◷", queued: "◷", sending: "◷", sent: "✓", delivered: "✓✓", read: "✓✓", received: "", canceled: "✕",
  undelivered: "⚠", failed: "⚠" };

export function conversations({ root, parts, refresh }) {
  let [number = "", phone = ""] = parts;
  const find = h("input", { type: "search", placeholder: "Part of a number", "aria-label": "Find conversations", autocomplete: "off", oninput: refresh });
  const list = h("nav", { class: "list", "aria-label": "Conversations" });
  const nothing = h("div");
  const people = h("section", { class: "card people", "aria-label": "All conversations" },
    h("div", { class: "head" }, h("div", { class: "row apart" }, h("h1", {}, "Conversations"), h("a", { class: "button", href: "#/conversations/new" }, "New")), find),
    list, nothing);
  const isOpen = parts.length > 0;
  const talk = isOpen ? thread({ number: number === "new" ? "" : number, phone, refresh }) : null;
  const stage = talk?.element ?? h("section", { class: "card thread" }, empty("Choose a conversation", "Or press New and write to a number as a phone of your own."));
  root.append(h("div", { class: "talks", "data-open": isOpen ? "yes" : "no" }, people, stage));

  return {
    title: phone ? `${phone} with ${number}` : "Conversations",
    async refresh() {
      const containing = find.value.trim().replace(/^whatsapp:/, "");
      const [{ conversations: found }] = await Promise.all([get("/conversations", { containing, last: 200 }), talk?.refresh()]);
      const shown = found.map((item) => ({ ...item, current: item.number === number && item.phone === phone }));
      sync(list, shown, { key: (item) => `${item.number} ${item.phone}`, render: entry });
      fill(nothing, [found.length, containing], () => found.length ? null : containing ? empty("No conversation fits") : empty("No messages yet",
        "Press New to write to a number as a phone, or do it from a shell:", `twilio-emulator say --url ${location.origin} --from +12025550142 --to +13055550123 "Hello"`));
    },
  };
}

function entry({ number, phone, last, messages, current }) {
  const channel = channelOf(last);
  const text = last.body || (last.media.length ? "(media)" : "(no text)");
  return h("a", { class: "talk", href: `#/conversations/${encode(number)}/${encode(phone)}`, "aria-current": current && "true" },
    h("span", { class: "who" }, phone), h("time", { datetime: last.created, title: minuteOf(last.created) }, timeOf(last.created)),
    h("span", { class: "with" }, `with ${number} · ${messages}`), chip(channelName[channel], channel),
    h("span", { class: `snippet ${isFailed(last) ? "failed" : ""}` }, `${isFailed(last) ? `⚠ ${last.status}: ` : isPhone(last) ? "" : "↩ "}${text}`));
}

const encode = (text) => encodeURIComponent(text).replaceAll("%2B", "+");

function thread({ number, phone, refresh }) {
  let most = STEP;
  let newest = null;
  let wishes = null;
  const whole = Boolean(number && phone);
  const earlier = h("button", { type: "button", class: "earlier", hidden: true, onclick: () => { most = Math.min(most * 2, MOST); refresh(); } }, "Show earlier messages");
  const bubbles = h("ol", { class: "bubbles", "aria-label": "Messages" });
  const nothing = h("div");
  const chat = h("div", { class: "chat", tabindex: "0", role: "region", "aria-label": "Messages" }, earlier, nothing, bubbles);
  const compose = composer({ number, phone, sent: refresh });
  const title = whole ? h("h2", {}, phone) : h("h2", {}, "New conversation");
  const element = h("section", { class: "card thread", "aria-label": whole ? `Conversation of ${phone} with ${number}` : "New conversation" },
    h("div", { class: "head" }, h("div", { class: "row apart" }, h("div", {}, h("p", { class: "back" }, h("a", { href: "#/conversations" }, "← Conversations")), title,
      whole && h("p", { class: "lead" }, `with ${number}`)))), chat, compose.element);

  return {
    element,
    async refresh() {
      await compose.refresh();
      if (!whole) {
        fill(nothing, "new", () => empty("Write as a phone", "Give the phone's number, any you like, and a number that an account owns. The emulator signs the webhook and calls the owner's URL."));
        return;
      }
      const { messages } = await get("/messages", { between: `${number},${phone}`, last: most });
      const stays = chat.scrollHeight - chat.scrollTop - chat.clientHeight > NEAR && newest !== null;
      const height = chat.scrollHeight;
      const wished = most !== wishes && wishes !== null;
      wishes = most;
      sync(bubbles, withDays(messages), { key: (item) => item.day ?? item.seq, render: (item, fresh) => item.day ? h("li", { class: "day" }, item.day) : bubble(item, fresh && newest !== null, compose.answer) });
      earlier.hidden = messages.length < most || most >= MOST;
      fill(nothing, messages.length, () => messages.length ? null : empty("Nothing said yet", "Write below as the phone; what the bot answers appears by itself."));
      if (wished) chat.scrollTop += chat.scrollHeight - height;
      else if (!stays) chat.scrollTop = chat.scrollHeight;
      announce(messages);
      compose.suggest(messages.at(-1));
    },
  };

  function announce(messages) {
    const last = messages.at(-1)?.seq ?? 0;
    if (newest !== null) {
      const fresh = messages.filter((item) => item.seq > newest && !isPhone(item));
      if (fresh.length) say(`${number} says: ${fresh.map((item) => item.body || "media").join(". ")}`);
    }
    newest = Math.max(newest ?? 0, last);
  }
}

function withDays(messages) {
  let day = "";
  return messages.flatMap((message) => {
    const own = dayOf(message.created);
    if (own === day) return [message];
    day = own;
    return [{ day }, message];
  });
}

function bubble(message, fresh, answer) {
  const channel = channelOf(message);
  const side = isPhone(message) ? "phone" : "bot";
  const failed = isFailed(message);
  const who = isPhone(message) ? "Phone" : "Bot";
  return h("li", { class: `bubble ${side} ${channel} ${failed ? "failed" : ""} ${fresh ? "fresh" : ""}`, "data-status": message.status, "data-sid": message.sid },
    h("span", { class: "hidden" }, `${who}: `),
    message.media.map((url) => h("div", {}, outside(url, ["📎 ", fileName(url)], { class: "media", title: url }))),
    message.body && h("div", { class: "text" }, message.body),
    message.details.length ? h("div", { class: "mono details" }, message.details.map(([name, value]) => `${name}: ${value}`).join("\n")) : null,
    message.buttons.length ? h("div", { class: "replies" }, message.buttons.map((button) => h("button", { type: "button", onclick: () => answer(message, button) }, label(button)))) : null,
    failed && h("div", { class: "failure" }, `${message.status}${message.errorCode ? `, error ${message.errorCode}` : ""}`),
    h("div", { class: "meta" }, isPhone(message) ? h("span", {}, channelName[channel]) : chip(channelName[channel], channel), h("time", { datetime: message.created, title: `${minuteOf(message.created)} UTC` }, exactTimeOf(message.created)),
      state(message), h("a", { href: `#/webhooks?resource=${message.sid}`, title: `Webhooks of ${message.sid}`, "aria-label": "Webhooks of this message" }, "↗")));
}

function state(message) {
  if (isPhone(message)) return null;
  return h("span", { class: "status" }, h("span", { class: `tick ${message.status}`, "aria-hidden": "true" }, ticks[message.status] ?? ""), " ", message.status);
}

const label = ({ button, list }) => button?.text ?? list?.title ?? "";

function fileName(url) {
  try {
    return decodeURIComponent(new URL(url).pathname.split("/").pop()) || url;
  } catch {
    return url;
  }
}

function composer({ number, phone, sent }) {
  let touched = false;
  const whole = Boolean(number && phone);
  const from = h("input", { value: phone || remembered(), inputmode: "tel", autocomplete: "off", placeholder: PHONE, required: true });
  const to = h("input", { value: number, inputmode: "tel", autocomplete: "off", placeholder: "+13055550123", list: "numbers", required: true, oninput: () => offer() });
  const numbers = h("datalist", { id: "numbers" });
  const text = h("textarea", { rows: 1, placeholder: "Write as the phone; Enter sends", "aria-label": "Message", onkeydown: keys });
  const media = h("input", { type: "url", placeholder: "https://…/photo.jpg", autocomplete: "off" });
  const name = h("input", { placeholder: "Profile name on WhatsApp", autocomplete: "off" });
  const extras = h("details", {}, h("summary", {}, "Media and profile name"), h("div", { class: "ends" }, field("Media URL", media), field("Profile name", name)));
  const button = h("button", { class: "solid", type: "button", onclick: () => send() }, "Send");
  const trouble = h("p", { class: "notice bad", role: "alert", hidden: true });
  const channel = Object.fromEntries(["sms", "whatsapp"].map((value) => [value,
    h("input", { type: "radio", name: "channel", value, checked: value === "sms", onchange: () => { touched = true; } })]));
  const chosen = () => (channel.whatsapp.checked ? "whatsapp" : "sms");
  const element = h("div", { class: "composer" }, trouble,
    whole ? null : h("div", { class: "ends" }, field("The phone's number", from), field("The number it writes to", to)), numbers,
    h("div", { class: "row apart" },
      h("fieldset", { class: "choice" }, h("legend", { class: "hidden" }, "Channel"), h("label", {}, channel.sms, "SMS"), h("label", {}, channel.whatsapp, "WhatsApp")), extras),
    h("div", { class: "write" }, text, button));

  function keys(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    send();
  }

  async function offer() {
    try {
      const found = await get("/numbers", { containing: to.value.trim(), last: 20 });
      sync(numbers, found.numbers, { key: (item) => item.sid, render: (item) => h("option", { value: item.phoneNumber }, item.friendlyName) });
      if (!to.value && found.numbers.length === 1) to.value = found.numbers[0].phoneNumber;
    } catch {
      // a list of suggestions only
    }
  }

  async function send(more = {}, way = chosen()) {
    const prefix = way === "whatsapp" ? "whatsapp:" : "";
    const order = { from: `${prefix}${bare(from.value.trim())}`, to: `${prefix}${bare(to.value.trim())}`, body: text.value, ...more };
    if (!more.body && media.value.trim()) order.media = [media.value.trim()];
    if (way === "whatsapp" && name.value.trim()) order.profileName = name.value.trim();
    trouble.hidden = true;
    if (!order.body && !order.media) {
      text.focus();
      return;
    }
    button.disabled = true;
    try {
      const answer = await post("/inbound", order);
      if (!more.body) text.value = media.value = "";
      remember(bare(order.from));
      if (answer.note || !answer.request) warn(answer.note ?? "Nobody is told: the number has no URL for messages.");
      if (answer.message) moved(answer.message);
    } catch (error) {
      warn(error.message);
    }
    button.disabled = false;
    text.focus();
    sent();
  }

  function warn(message) {
    trouble.textContent = message;
    trouble.hidden = false;
  }

  function moved(message) {
    if (whole) return;
    location.hash = `#/conversations/${encode(bare(message.to))}/${encode(bare(message.from))}`;
  }

  return {
    element,
    /** Answer a quick reply by its button. */
    answer: (message, pressed) => send({ body: label(pressed), replyTo: message.sid, ...pressed }, channelOf(message)),
    async refresh() {
      if (!whole && !numbers.childElementCount) await offer();
    },
    /** Go on where the last message was. */
    suggest(last) {
      if (touched || !last) return;
      channel[channelOf(last)].checked = true;
    },
  };
}

function remembered() {
  try {
    return localStorage.getItem("phone") ?? PHONE;
  } catch {
    return PHONE;
  }
}

function remember(phone) {
  try {
    localStorage.setItem("phone", phone);
  } catch {
    // next time it has to be typed again
  }
}
