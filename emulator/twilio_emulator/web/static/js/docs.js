// The admin API's page, made from its OpenAPI document.

import { h } from "./dom.js";

const main = document.getElementById("main");
const contents = document.getElementById("contents");

const slug = (text) => text.toLowerCase().replaceAll(/\W+/g, "-");

async function show() {
  const api = await (await fetch("v1/openapi.json")).json();
  const groups = api.tags.map(({ name }) => [name, operations(api, name)]);
  contents.append(...groups.map(([name]) => h("a", { href: `#${slug(name)}` }, name)), h("a", { href: "#schemas" }, "Schemas"), h("a", { href: "/emulator/" }, "← The page"));
  main.append(h("div", { class: "view" }, h("h1", {}, api.info.title),
    h("p", { class: "lead" }, ...marked(api.info.description)),
    h("p", {}, "For programs: ", h("a", { href: "v1/openapi.json" }, "openapi.json"), `, OpenAPI ${api.openapi}. Paths below stand under `, h("code", {}, api.servers[0].url), "."),
    ...groups.map(([name, list]) => h("section", { "aria-labelledby": slug(name) }, h("h2", { id: slug(name) }, name), h("div", { class: "card" }, list.map(operation)))),
    h("section", { "aria-labelledby": "schemas" }, h("h2", { id: "schemas" }, "Schemas"), h("div", { class: "card" }, Object.entries(api.components.schemas).map(schema)))));
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

function operations(api, group) {
  return Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).filter(([, one]) => one.tags.includes(group)).map(([method, one]) => ({ method, path, root: api.servers[0].url, ...one })));
}

function operation(one) {
  const body = one.requestBody?.content["application/json"];
  return h("article", { class: "operation", id: one.operationId },
    h("h3", {}, h("span", { class: `verb ${one.method}` }, one.method.toUpperCase()), h("a", { href: `#${one.operationId}` }, one.path)),
    h("p", {}, h("strong", {}, ...marked(one.summary)), one.description ? [". ", ...marked(one.description)] : null),
    one.parameters && fields("Parameters", one.parameters.map((item) => [item.in === "path" ? `{${item.name}}` : `?${item.name}`, item.schema, item.description, item.required])),
    body && shape("Body", body.schema),
    body?.example !== undefined && h("pre", { class: "body" }, curl(one, body.example)),
    fields("Answers", Object.entries(one.responses).map(([status, answer]) => [status, answer.content?.["application/json"].schema, answer.description])));
}

const curl = (one, example) => `curl -X ${one.method.toUpperCase()} ${location.origin}${one.root}${one.path} -d '${JSON.stringify(example)}'`;

function schema([name, value]) {
  return h("article", { class: "operation", id: `schema-${name}` }, h("h3", {}, name), value.description && h("p", {}, ...marked(value.description)), shape("Fields", value));
}

function shape(title, value) {
  if (!value.properties) return h("p", {}, `${title}: `, ...type(value));
  const required = new Set(value.required ?? []);
  const rows = Object.entries(value.properties).map(([name, item]) => [name, item, item.description, required.has(name)]);
  return rows.length ? fields(title, rows) : h("p", { class: "lead" }, `${title}: an empty object`);
}

function fields(title, rows) {
  return h("div", { class: "scroll" }, h("table", { class: "fields" }, h("caption", {}, title), h("tbody", {}, rows.map(([name, value, description, required]) =>
    h("tr", {}, h("td", {}, name, required ? "" : title === "Answers" ? "" : "?"), h("td", {}, ...(value ? type(value) : ["–"])), h("td", {}, ...marked(description ?? value?.anyOf?.[0]?.description ?? "")))))));
}

/** A schema in a few words, with links to those that have names. */
function type(value) {
  if (value.$ref) {
    const name = value.$ref.split("/").pop();
    return [h("a", { href: `#schema-${name}` }, name)];
  }
  if (value.anyOf) return value.anyOf.flatMap((item, index) => [index ? " or " : "", ...type(item)]);
  if (value.enum) return [h("code", {}, value.enum.join(" | "))];
  if (value.type === "array") return ["list of ", ...type(value.items)];
  if (value.properties) return ["{ ", ...Object.entries(value.properties).flatMap(([name, item], index) => [index ? ", " : "", h("code", {}, name), ": ", ...type(item)]), " }"];
  return [value.format === "date-time" ? "moment" : value.type ?? "anything"];
}

/** Text in which `code` stands between backticks. */
function marked(text) {
  return text.split("`").map((part, index) => (index % 2 ? h("code", {}, part) : part));
}

show();
