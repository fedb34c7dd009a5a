// Elements without markup: whatever comes from the API becomes text, never HTML.

/** Make an element. Strings among the children become text; null and false are left out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "class") element.className = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const made = new WeakMap();

/**
 * Bring the children of `parent` in line with `items`. An element whose item has not changed is left alone, so that
 * focus, selection and scroll position stay.
 */
export function sync(parent, items, { key, render }) {
  const keys = new Set(items.map((item) => String(key(item))));
  const old = new Map();
  for (const child of [...parent.children]) {
    const known = made.get(child);
    if (known && keys.has(known.key)) old.set(known.key, child);
    else child.remove();
  }
  let place = parent.firstElementChild;
  for (const item of items) {
    const name = String(key(item));
    const stamp = JSON.stringify(item);
    let element = old.get(name);
    if (element && made.get(element).stamp !== stamp) {
      const fresh = render(item, false);
      if (place === element) place = fresh;
      element.replaceWith(fresh);
      element = fresh;
      made.set(element, { key: name, stamp });
    } else if (!element) {
      element = render(item, true);
      made.set(element, { key: name, stamp });
    }
    if (element === place) place = place.nextElementSibling;
    else parent.insertBefore(element, place);
  }
}

/** Fill a container anew, but only when what it shows has changed. */
export function fill(container, value, render) {
  const stamp = JSON.stringify(value);
  if (made.get(container)?.stamp === stamp) return;
  made.set(container, { key: "", stamp });
  container.replaceChildren(...[render(value)].flat().filter(Boolean));
}

/** Tell a screen reader. */
export function say(text) {
  document.getElementById("said").textContent = text;
}

/** A command to copy. */
export function command(text) {
  const button = h("button", { type: "button", onclick: () => copy(text, button) }, "Copy");
  return h("div", { class: "command" }, h("pre", {}, text), button);
}

async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(button.previousElementSibling);
    button.textContent = "Selected";
  }
  say("Copied");
  setTimeout(() => (button.textContent = "Copy"), 2000);
}

/** What to show where there is nothing yet, with the next step. */
export function empty(title, text, ...commands) {
  return h("div", { class: "empty" }, h("h2", {}, title), text && h("p", {}, text), commands.map(command));
}

export function chip(text, kind = "") {
  return h("span", { class: `chip ${kind}` }, text);
}

/** A link, when it is one that a browser may safely follow; else its text. */
export function outside(url, text, props = {}) {
  if (!/^https?:\/\//i.test(url)) return h("span", props, text);
  return h("a", { href: url, target: "_blank", rel: "noopener noreferrer", ...props }, text);
}

/** A SID in short, with the whole of it for whoever asks. */
export function sidOf(sid, href) {
  const short = h("code", { title: sid }, `${sid.slice(0, 8)}…${sid.slice(-4)}`);
  return href ? h("a", { href }, short) : short;
}

export function pairs(entries, marked = () => false) {
  const rows = entries.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, h("span", { class: marked(name) ? "marked" : null }, value))]);
  return h("dl", { class: "pairs" }, rows);
}

export function facts(entries) {
  return h("dl", { class: "facts" }, entries.filter(Boolean).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value))));
}

export function field(name, control) {
  return h("label", { class: "field" }, name, control);
}

/** A table whose rows are kept up by `sync(table.body, …)`. */
export function table(columns, kind = "stack") {
  const body = h("tbody");
  const heads = columns.map((column) => h("th", { scope: "col", class: column.startsWith("#") ? "number" : null }, column.replace("#", "")));
  const element = h("div", { class: "scroll" }, h("table", { class: kind }, h("thead", {}, h("tr", {}, heads)), body));
  return { element, body };
}
