// Pages of a log whose newest entry comes first and which grows while one reads.

import { h } from "../dom.js";

export function pager(size, refresh) {
  let before = null; // the page shows what is older than this; null is the newest
  let oldest = null;
  let newest = null;
  let more = false;
  const trail = [];
  const back = h("button", { type: "button", onclick: () => go(trail.pop() ?? null) }, "← Newer");
  const on = h("button", { type: "button", onclick: () => { trail.push(before); go(oldest); } }, "Older →");
  const label = h("span", { role: "status" });
  const element = h("div", { class: "pager", hidden: true }, back, on, label);

  function go(where) {
    before = where;
    refresh();
  }

  return {
    element,
    first() {
      trail.length = 0;
      go(null);
    },
    query: () => ({ before, last: size + 1 }),
    /** Take what came for `query()`, oldest first, and return the page, newest first. */
    show(found) {
      more = found.length > size;
      const page = found.slice(-size).reverse();
      newest = page[0]?.seq;
      oldest = page.at(-1)?.seq ?? null;
      back.disabled = before === null;
      on.disabled = !more;
      element.hidden = before === null && !more;
      label.textContent = page.length ? `${oldest} to ${newest}` : "";
      return page;
    },
  };
}
