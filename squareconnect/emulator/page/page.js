/* Data becomes text, never HTML. What forms and buttons send stands in index.html. */

const $ = id => document.getElementById(id);
const all = selector => [...document.querySelectorAll(selector)];
const say = (id, text) => { $(id).textContent = text };
const wait = ms => new Promise(done => setTimeout(done, ms));
const time = text => text.slice(0, 19).replace("T", " ");
const pretty = (value, space) => typeof value === "string" ? value : JSON.stringify(value, null, space);
const count = number => number.toLocaleString("en");

function el(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

const button = (text, properties) => el("button", { type: "button", ...properties }, text);
const link = text => button(text, { className: "link" });
const badge = (text, kind) => el("span", { className: `badge ${kind}` }, text);

// Talk to the emulator

let asking;

const headers = () => ({ Authorization: `Bearer ${localStorage.token}`, "Square-Version": "2022-09-21" });

async function send(method, path, body) {
  const answer = await fetch(`/_emulator/${path}`, { method, headers: headers(), body: body && JSON.stringify(body) });
  if (answer.status === 401) {
    await (asking ??= askForToken());
    return send(method, path, body);
  }
  const json = await answer.json().catch(() => ({}));
  if (answer.ok) return json;
  const { detail, field } = json.errors?.[0] ?? {};
  throw Object.assign(Error(detail ?? `Status ${answer.status}`), { field });
}

async function askForToken() {
  const token = await ask("The emulator's access token", "Continue", false);
  if (!token) throw Error("Reload the page to enter the access token.");
  localStorage.token = token;
  asking = null;
}

onstorage = () => location.reload(); // Another tab has the token.

// A browser allows six connections to a host, so only the tab with the lock reads events, and informs the others.
// Without locks (plain HTTP from elsewhere), each tab polls.

const tabs = new BroadcastChannel("square-emulator");
tabs.onmessage = event => heard(event.data);

const heard = live => live ? changed() : forget();
const connection = (textContent, className) => Object.assign($("live"), { textContent, className });

function tell(live) {
  tabs.postMessage(live);
  heard(live);
}

async function listen() {
  for (;; await wait(1000)) {
    try {
      await send("GET", "health");
      heard(true);
      if (!navigator.locks) continue;
      const { body } = await fetch("/_emulator/events", { headers: headers() });
      const reader = body.getReader();
      for (let part = {}; !part.done; part = await reader.read()) tell(true);
    } catch { /* It may come back. */ }
    tell(false);
  }
}

// After changes, fetch the visible data, for a third of the time at most.

let due = false, busy = false;

async function changed() {
  due = true;
  if (busy) return;
  busy = true;
  while (due && !document.hidden) {
    due = false;
    const start = performance.now();
    await Promise.all([overview(), area()()]).catch(error => toast(error.message));
    await wait(200 + 2 * (performance.now() - start));
  }
  busy = false;
}

// Shared

const area = () => [requests, faults].find(({ name }) => location.hash === `#${name}`) ?? customers;
const faults = async () => {};

function go() {
  for (const link of all("nav a")) link.ariaCurrent = link.hash === `#${area().name}` ? "page" : null;
  changed();
}

function toast(text) {
  (all("dialog[open]").at(-1) ?? document.body).append($("toast"));
  say("toast", text);
  clearTimeout(toast.timer);
  toast.timer = setTimeout(say, 5000, "toast", "");
}

/* Ask for a yes, or for a text. */
function ask(question, yes, hidden = true) {
  const dialog = $("ask"), input = $("ask-input");
  say("ask-text", question);
  say("ask-yes", yes);
  input.hidden = hidden;
  input.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise(done => { dialog.onclose = () => done(dialog.returnValue && (hidden || input.value.trim())) });
}

/* Lay out rows for items. Their buttons stay: one may have the focus, or get it back from a dialog. */
function rows(id, items, key, make) {
  const list = $(id), old = new Map([...list.children].map(row => [row.key, row]));
  const wanted = items.map(item => {
    const state = item.change ?? JSON.stringify(item), before = old.get(item[key]);
    old.delete(item[key]);
    if (before?.state === state) return before;
    const row = Object.assign(make(item), { key: item[key], state });
    if (!before) return row;
    const [kept, made] = [before, row].map(each => each.querySelector("button"));
    const focused = kept === document.activeElement;
    kept.textContent = made.textContent;
    made.replaceWith(kept);
    before.replaceWith(row);
    if (focused) kept.focus();
    return row;
  });
  old.forEach(row => row.remove());
  wanted.forEach((row, at) => { if (list.children[at] !== row) list.insertBefore(row, list.children[at]) });
  $(`no-${id}`).hidden = items.length;
}

const line = (open, ...cells) => does(el("tr", {}, ...cells.map(cell => el("td", {}, ...[cell].flat()))), open);

const does = (node, action) =>
  Object.assign(node, { onclick: () => action()?.then(() => tell(true), error => toast(error.message)) });

function submits(form, action) {
  let sending;
  form.onsubmit = event => {
    event.preventDefault();
    sending ??= new Promise(done => done(action(values(form)))).then(() => tell(true), error => error).then(error => {
      complain(form, error);
      sending = null;
    });
  };
}

function complain(form, error) {
  form.querySelector("output").textContent = error?.message ?? "";
  for (const field of form.elements) if (field.name) field.ariaInvalid = field.name === error?.field;
}

/* The fields of a form by name; null for an empty one. */
const values = form => Object.fromEntries([...form.elements].filter(({ name }) => name).map(field => [field.name, value(field)]));

function value({ type, value, valueAsNumber, name, dataset }) {
  if (value === "") return null;
  if (!dataset.json) return type === "number" ? valueAsNumber : value;
  try { return JSON.parse(value) } catch { throw Object.assign(Error(dataset.json), { field: name }) }
}

// Customers

const PAGE = 50;
let offset = 0, customer;

const nameOf = each => [each.given_name, each.family_name].filter(Boolean).join(" ")
  || each.company_name || each.email_address || each.phone_number || "No name";

async function customers() {
  const query = new URLSearchParams({ search: $("search").value, offset, limit: PAGE });
  const { customers, total } = await send("GET", `customers?${query}`);
  const last = offset + customers.length;
  rows("customer-rows", customers, "id", each => line(() => openCustomer(each),
    [link(nameOf(each)), el("small", {}, each.id)], each.email_address ?? "",
    each.phone_number ?? "", (each.cards ?? []).map(card => badge(`•••• ${card.last_4}`, "")), time(each.created_at)));
  say("customer-count", last ? `${count(offset + 1)} to ${count(last)} of ${count(total)}` : "");
  $("previous").disabled = !offset;
  $("next").disabled = last >= total;
}

function openCustomer(each) {
  const form = $("customer-form");
  complain(form);
  for (const field of form.elements) field.value = field.name.split(".").reduce((part, name) => part?.[name], each) ?? "";
  showCustomer(each);
  $("customer").showModal();
}

function showCustomer(each) {
  customer = each;
  say("customer-title", each.id ? nameOf(each) : "New customer");
  say("customer-json", pretty(each, 2));
  $("cards").hidden = $("delete").hidden = !each.id;
  rows("card-rows", each.cards ?? [], "id", card => el("li", {},
    el("div", {}, `${card.card_brand} •••• ${card.last_4}`,
      el("small", {}, `expires ${card.exp_month}/${card.exp_year} ${card.cardholder_name ?? ""}`)),
    does(button("Delete", { ariaLabel: `Delete the card ${card.id}` }), async () => {
      if (!await ask(`Delete the card that ends in ${card.last_4}?`, "Delete")) return;
      await send("DELETE", its("cards", card.id));
      await reload();
    })));
}

const its = (...path) => `v2/customers/${[customer.id, ...path].map(encodeURIComponent).join("/")}`;
const reload = async () => showCustomer((await send("GET", its())).customer);

submits($("customer-form"), async said => {
  const body = { version: customer.version };
  for (const [path, value] of Object.entries(said)) {
    const [name, part] = path.split(".");
    part ? (body[name] ??= {})[part] = value : body[name] = value;
  }
  await (customer.id ? send("PUT", its(), body) : send("POST", "v2/customers", body));
  $("customer").close();
  toast("Saved");
});

submits($("card-form"), async said => {
  await send("POST", its("cards"), said);
  await reload();
});

does($("delete"), async () => {
  if (!await ask(`Delete ${nameOf(customer)} with all cards?`, "Delete")) return;
  await send("DELETE", its());
  $("customer").close();
});

does($("new"), () => openCustomer({}));
does($("previous"), async () => { offset -= offset && PAGE });
does($("next"), async () => { offset += PAGE });

// Requests

const STEP = 100;
const journal = new Map();
let since = 0, shown = STEP, paused = false, request;

async function requests() {
  for (let more = !paused; more;) {
    const { requests, cleared } = await send("GET", `requests?since=${since}&limit=500&brief=true&excerpt=2000`);
    for (const each of requests) {
      each.text = [each.operation, target(each), outcome(each), each.code, each.text].join(" ").toLowerCase();
      journal.set(each.number, each);
    }
    for (const each of journal.values())
      if (each.change < cleared || journal.size > 10_000) journal.delete(each.number);
    since = requests.at(-1)?.change ?? since;
    more = requests.length === 500;
  }
  showRequests();
}

function forget() {
  connection("No connection", "off");
  journal.clear();
  since = 0;
}

function showRequests() {
  const filter = $("text").value.toLowerCase(), kind = RegExp($("kind").value);
  const found = [...journal.values()].filter(each => kind.test(outcome(each) + (each.fault ? "fault" : "")) && each.text.includes(filter))
    .sort((one, other) => other.number - one.number);
  rows("request-rows", found.slice(0, shown), "number", each => line(() => openRequest(each),
    each.at.slice(11, 23), link(each.operation ?? "unknown"), target(each),
    [answered(each), ` ${each.code ?? ""}`], each.fault ? badge(describe(each.fault), "odd") : "",
    took(each)));
  say("request-count", `${count(Math.min(shown, found.length))} of ${count(journal.size)}`);
  $("more").hidden = found.length <= shown;
  if ($("request").open && journal.get(request.number)?.change > request.change) showRequest(request.number);
}

const target = ({ method, path, query }) => `${method} ${path}?${new URLSearchParams(query)}`.replace(/\?$/, "");
const took = each => each.seconds === null ? "" : `${(each.seconds * 1000).toFixed(1)} ms`;
const describe = ({ id, operation, times, used, ...rest }) => Object.entries(rest)
  .map(([name, value]) => value === true ? name : `${name} ${pretty(value)}`).join(", ");

const outcome = each => String(each.status ?? (each.seconds === null ? "waiting" : "no answer"));
const answered = each => badge(outcome(each), `s${outcome(each)[0]}`);

async function openRequest({ number }) {
  $("copied").value = "";
  await showRequest(number);
  $("request").showModal();
}

async function showRequest(number) {
  request = await send("GET", `requests/${number}?url=${location.origin}`);
  $("request-title").replaceChildren(`${request.operation ?? request.method} `, answered(request));
  say("fact-request", target(request));
  say("fact-arrived", `${request.at}, on connection ${request.connection}`);
  say("fact-took", took(request) || "not answered yet");
  say("fact-fault", request.fault ? describe(request.fault) : "none");
  say("request-headers", Object.entries(request.headers).map(pair => pair.join(": ")).join("\n"));
  say("request-body", pretty(request.body ?? "none", 2));
  say("request-answer", pretty(request.answer ?? "none", 2));
}

function copy(text) {
  $("copied").value = text;
  $("copied").select();
  document.execCommand("copy"); // works without HTTPS
  toast("Copied");
}

does($("curl"), () => copy(request.curl));
does($("python"), () => copy(request.python));
does($("more"), async () => { shown += STEP });
does($("pause"), async () => { $("pause").ariaPressed = paused = !paused });

// Faults and clock

let now, fetched, standing;

async function overview() {
  const { clock, faults, ...limits } = await send("GET", "health");
  [now, standing, fetched] = [Date.parse(clock.now), clock.standing, performance.now()];
  connection("Live", "on");
  tick();
  say("rate", limits.rate_limit ? describe(limits.rate_limit) : "no rate limit");
  say("delay", `listing delay ${limits.listing_delay} s`);
  rows("fault-rows", faults, "id", fault => el("li", {},
    el("div", {}, fault.operation.replace("*", "every operation"), el("small", {}, describe(fault))),
    badge(`used ${fault.used} of ${fault.times ?? "∞"}`, fault.used ? "odd" : ""),
    does(button("Remove", { ariaLabel: `Remove fault ${fault.id}` }), () => send("DELETE", `faults/${fault.id}`))));
}

function tick() {
  if (!now) return;
  const text = new Date(standing ? now : now + performance.now() - fetched).toISOString();
  for (const node of all("time")) node.textContent = time(text);
  say("clock-kind", standing ? "stands still" : "running");
}

for (const each of all("[data-preset]")) each.onclick = async () => {
  await wait(); // until the form is reset
  for (const [name, value] of new URLSearchParams(each.dataset.preset)) each.form.elements[name].value = value;
};

async function carryOut({ dataset }, body) {
  if (dataset.ask && !await ask(dataset.ask, "Yes")) return;
  await send(...dataset.send.split(" "), body);
  toast(dataset.said);
}

for (const form of all("form[data-send]")) submits(form, said => carryOut(form, said));
for (const each of all("button[data-send]")) does(each, () => carryOut(each, JSON.parse(each.dataset.body ?? null)));

does($("snapshot"), async () => {
  const text = JSON.stringify(await send("GET", "snapshot"));
  const href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  el("a", { href, download: "square-snapshot.json" }).click();
  URL.revokeObjectURL(href);
});

$("restore").onchange = ({ target }) => {
  target.files[0].text().then(JSON.parse).then(state => send("PUT", "snapshot", state))
    .then(() => toast("Restored"), error => toast(error.message));
  target.value = "";
};

$("search").oninput = () => { offset = 0; changed() };
$("text").oninput = $("kind").oninput = () => { shown = STEP; showRequests() };
onhashchange = go;
document.onvisibilitychange = changed;
setInterval(tick, 1000);
go();
navigator.locks?.request("square-emulator", listen) ?? listen();
