// Times are the emulator's, shown as UTC: the same on every machine, and the same as in its logs.

const day = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", weekday: "short", day: "numeric", month: "short", year: "numeric" });
const date = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short", year: "numeric" });
const clock = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", hour: "2-digit", minute: "2-digit" });
const exact = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", hour: "2-digit", minute: "2-digit", second: "2-digit" });
const short = new Intl.DateTimeFormat("en-GB", { timeZone: "UTC", day: "numeric", month: "short" });

export const dayOf = (at) => day.format(new Date(at));
export const timeOf = (at) => clock.format(new Date(at));
export const exactTimeOf = (at) => exact.format(new Date(at));
export const momentOf = (at) => `${short.format(new Date(at))} ${exactTimeOf(at)}`;
export const minuteOf = (at) => `${date.format(new Date(at))}, ${timeOf(at)}`;
