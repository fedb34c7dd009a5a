// The frame: which view the address names, the connection, the clock, the reset.

import { get, post } from "./api.js";
import { h, say } from "./dom.js";
import { follow, gently } from "./live.js";
import { minuteOf } from "./times.js";
import { accounts, account } from "./views/accounts.js";
import { calls } from "./views/calls.js";
import { conversations } from "./views/conversations.js";
import { faults } from "./views/faults.js";
import { requests } from "./views/requests.js";
import { webhook, webhooks } from "./views/webhooks.js";

const places = { accounts: [accounts, account], conversations: [conversations, conversations], calls: [calls, calls],
  webhooks: [webhooks, webhook], requests: [requests, requests], faults: [faults, faults] };

const main = document.getElementById("main");
let current = null;

/** Read `#/place/part/part?name=value`. */
function address() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [place, ...parts] = path.split("/").map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
  return { place, parts: parts.filter(Boolean), query: new URLSearchParams(query) };
}

function open() {
  const { place, parts, query } = address();
  if (!(place in places)) {
    location.replace("#/accounts");
    return;
  }
  for (const link of document.querySelectorAll("[data-place]")) {
    if (link.dataset.place === place) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "center" });
    } else link.removeAttribute("aria-current");
  }
  const root = h("div", { class: "view", "data-ready": "no" });
  const make = places[place][parts.length ? 1 : 0];
  current = { ...make({ root, parts, query, refresh }), root };
  main.replaceChildren(root);
  document.title = `${current.title} · Twilio emulator`;
  scrollTo(0, 0);
  refresh();
}

async function update() {
  const view = current;
  if (!view) return;
  try {
    await view.refresh();
    view.root.dataset.ready = "yes";
    view.trouble?.remove();
    view.trouble = null;
  } catch (error) {
    if (error.status === 0) return; // the connection says so
    const text = error.message;
    if (view.trouble?.textContent === text) return;
    view.trouble?.remove();
    view.trouble = h("p", { class: "notice bad", role: "alert" }, text);
    view.root.prepend(view.trouble);
    view.root.dataset.ready = "yes";
  }
}

const refresh = gently(update);

// the clock

const clock = document.getElementById("clock");

async function showClock() {
  try {
    const { at } = await get("/clock");
    clock.dateTime = at;
    clock.textContent = `${minuteOf(at)} UTC`;
  } catch {
    // the connection says so
  }
}

const tick = gently(showClock, 500);

for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const { at } = await post("/clock", { seconds: Number(button.dataset.advance) });
      say(`The clock says ${minuteOf(at)}`);
    } catch (error) {
      say(error.message);
    }
    button.disabled = false;
    button.focus();
    tick();
    refresh();
  });
}

// the reset

const dialog = document.getElementById("confirm");
document.getElementById("reset").addEventListener("click", () => dialog.showModal());
document.getElementById("keep").addEventListener("click", () => dialog.close());
document.getElementById("forget").addEventListener("click", async () => {
  try {
    await post("/reset");
    say("The emulator has forgotten everything");
    location.hash = "#/accounts";
  } catch (error) {
    say(error.message);
  }
  dialog.close();
  refresh();
});

// the connection

const connection = document.getElementById("connection");
const words = { live: "Live", away: "The emulator is away. Trying again…" };

follow({
  onChange: () => {
    tick();
    refresh();
  },
  onState: (state) => {
    if (connection.dataset.state === state) return;
    connection.dataset.state = state;
    connection.textContent = words[state];
  },
});

setInterval(tick, 10_000);
addEventListener("hashchange", open);
open();
