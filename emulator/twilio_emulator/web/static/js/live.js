// Waits for changes by long polling, and says whether the emulator is there.

import { get } from "./api.js";

const WAIT = 25;
const SLOWEST = 5000;

/**
 * Call `onChange` after every change and `onState` with "live" or "away". While the page is not to be seen nothing is
 * asked for: a browser allows one server only a few connections, and all its pages share them.
 */
export function follow({ onChange, onState }) {
  let seen = -1;
  let pause = 500;
  let aborter = new AbortController();

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) aborter.abort();
  });

  async function once() {
    if (document.hidden) await new Promise((go) => document.addEventListener("visibilitychange", go, { once: true }));
    aborter = new AbortController();
    const query = seen < 0 ? { wait: 0 } : { after: seen, wait: WAIT };
    const { changes } = await get("/changes", query, aborter.signal);
    onState("live");
    pause = 500;
    if (changes !== seen) onChange();
    seen = changes;
  }

  async function run() {
    for (;;) {
      try {
        await once();
      } catch (error) {
        if (error.name === "AbortError") continue;
        onState("away");
        seen = -1;
        await new Promise((go) => setTimeout(go, pause));
        pause = Math.min(pause * 2, SLOWEST);
      }
    }
  }
  run();
}

/**
 * Return a function that runs `work` soon, never twice at once, with a rest of so many milliseconds after it, and no
 * less than twice what it took: a busy emulator is not kept busy by those who watch it.
 */
export function gently(work, rest = 150) {
  let running = false;
  let again = false;
  return async function run() {
    if (running) {
      again = true;
      return;
    }
    running = true;
    do {
      again = false;
      const began = performance.now();
      await work();
      await new Promise((go) => setTimeout(go, Math.max(rest, 2 * (performance.now() - began))));
    } while (again);
    running = false;
  };
}
