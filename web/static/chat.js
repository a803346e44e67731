// A conversation that is followed as it comes. Whatever arrives was rendered by the service, and carries the place up to which it has been read.
import { Refused, ask, fragment, say } from "./base.js";

const turns = document.getElementById("turns");
const form = document.getElementById("compose");
const lost = document.getElementById("lost");
const heard = document.getElementById("heard");
const AWAY = 10000;
let place = turns?.dataset.place ?? "";
let stream = null;
let again = 0;

let atEnd = true;
const nearEnd = () => window.innerHeight + window.scrollY > document.documentElement.scrollHeight - 160;
const toEnd = () => window.scrollTo({ top: document.documentElement.scrollHeight });

function parsed(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return holder.content.firstElementChild;
}

function turnOf(run) {
  let turn = turns.querySelector(`[data-turn="${CSS.escape(run)}"]`);
  if (!turn) {
    turn = document.createElement("article");
    turn.className = "turn";
    turn.dataset.turn = run;
    turn.setAttribute("aria-label", "Question and answer");
    const later = [...turns.querySelectorAll("[data-turn]")].find((one) => one.dataset.turn > run);
    turns.insertBefore(turn, later ?? null);
    document.getElementById("nothing")?.remove();
  }
  return turn;
}

/** Put one block where it belongs. One that reads as before stays, opened details and all. */
function put(turn, { id, after, html }) {
  const made = parsed(html);
  let there = document.getElementById(id);
  if (there && !turn.contains(there)) {
    there.remove();
    there = null;
  }
  if (there) {
    if (there.dataset.v === made.dataset.v) return;
    const opened = there.querySelector("details[open]") !== null;
    there.replaceWith(made);
    if (opened) for (const details of made.querySelectorAll("details.step")) details.open = true;
    return;
  }
  const before = after ? document.getElementById(after) : null;
  if (before && turn.contains(before)) before.after(made);
  else if (after) turn.append(made);
  else turn.prepend(made);
}

function working(now) {
  document.getElementById("stop")?.toggleAttribute("hidden", !now);
  for (const hint of document.querySelectorAll("[data-when]")) hint.hidden = (hint.dataset.when === "working") !== now;
}

/** Read the answer out sentence by sentence to whoever listens. */
function aloud(sentences) {
  for (const text of sentences) {
    const line = document.createElement("p");
    line.textContent = text;
    heard.append(line);
  }
  while (heard.childElementCount > 40) heard.firstElementChild.remove();
}

function told(event) {
  const news = JSON.parse(event.data);
  const follow = nearEnd();
  const turn = turnOf(news.turn);
  for (const block of news.blocks) put(turn, block);
  place = event.lastEventId || place;
  turns.dataset.place = place;
  working(news.working);
  aloud(news.aloud);
  if (follow && news.blocks.length) toEnd();
}

function moved(event) {
  const { task, html } = JSON.parse(event.data);
  for (const card of document.querySelectorAll(`[data-task="${CSS.escape(task)}"]`)) {
    const made = parsed(html);
    const states = [...card.querySelectorAll("details")].map((one) => one.open);
    if (card.outerHTML === made.outerHTML) continue;
    card.replaceWith(made);
    [...made.querySelectorAll("details")].forEach((one, index) => { one.open = states[index] ?? false; });
  }
}

function missing(text) {
  lost.hidden = !text;
  lost.textContent = text;
}

function leave() {
  stream?.close();
  stream = null;
  clearTimeout(again);
}

function connect() {
  leave();
  stream = new EventSource(`${turns.dataset.stream}?after=${encodeURIComponent(place)}`);
  stream.onopen = () => missing("");
  stream.addEventListener("turn", told);
  stream.addEventListener("task", moved);
  stream.addEventListener("state", (event) => working(JSON.parse(event.data).working));
  stream.addEventListener("gone", () => { leave(); missing("This conversation was deleted. What is below is what was here; nothing more comes."); });
  stream.addEventListener("signed-out", () => { leave(); whyNot(); });
  stream.onerror = () => {
    if (stream?.readyState === EventSource.CLOSED) whyNot();
    else missing("The connection is lost. What comes meanwhile is not lost: this page goes on by itself.");
  };
}

/** The stream was refused: say why, and try again while that may help. */
async function whyNot() {
  leave();
  const probe = new AbortController();
  try {
    await ask(`${turns.dataset.stream}?after=${encodeURIComponent(place)}`, { signal: probe.signal });
    probe.abort();
    connect();
  } catch (error) {
    missing(error instanceof Refused ? error.message : "The connection is lost. This page goes on by itself.");
    if (error.status !== 404 && error.status !== 403) again = setTimeout(whyNot, error.status === 401 ? AWAY : 2000);
  }
}

function refuse(text) {
  const place = document.getElementById("refused");
  place.hidden = !text;
  place.textContent = text;
}

async function send(event) {
  event.preventDefault();
  const field = form.elements.text;
  const button = form.querySelector("button");
  if (!field.value.trim()) {
    refuse("The message is empty: ask something about the client, or say what you want made.");
    field.focus();
    return;
  }
  button.disabled = true;
  refuse("");
  const text = field.value;
  try {
    await ask(form.action, { method: "POST", body: new URLSearchParams({ text }) });
    // only what was sent is forgotten: somebody may have typed on
    if (field.value === text) field.value = "";
    field.dispatchEvent(new Event("input", { bubbles: true }));
    toEnd();
    say("Sent.");
  } catch (error) {
    refuse(error.message);
  } finally {
    button.disabled = false;
    field.focus();
  }
}

if (form) {
  // ours comes first, so that the page's own listener leaves the form alone
  form.addEventListener("submit", send);
  form.elements.text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
}

document.addEventListener("submit", async (event) => {
  const quiet = event.target;
  if (quiet.id !== "stop" && quiet.dataset.quiet === undefined) return;
  event.preventDefault();
  const button = quiet.querySelector("button");
  const before = button.textContent;
  button.disabled = true;
  button.textContent = "Stopping …";
  try {
    await ask(quiet.action, { method: "POST" });
    say("Stopping.");
  } catch (error) {
    missing(error.message);
  } finally {
    button.disabled = false;
    button.textContent = before;
  }
}, true);

// the inside of a line is fetched when it is opened
document.addEventListener("toggle", async (event) => {
  const details = event.target;
  if (!details.open || !details.dataset?.inside || details.dataset.fetched) return;
  details.dataset.fetched = "yes";
  const inside = details.querySelector(":scope > .inside");
  const before = [...inside.childNodes];
  inside.textContent = "Looking it up …";
  try {
    inside.replaceChildren(await fragment(details.dataset.inside));
  } catch (error) {
    inside.replaceChildren(error.message, " ", ...before);
    delete details.dataset.fetched;
  }
}, true);

if (turns?.dataset.stream) {
  // what was said of the last form stands where the next one is
  const done = document.querySelector("main > .notice[role='status']");
  if (done) document.querySelector(".compose")?.prepend(done);
  connect();
  toEnd();
  window.addEventListener("scroll", () => { atEnd = nearEnd(); }, { passive: true });
  // a picture takes its room when it has come
  turns.addEventListener("load", () => { if (atEnd) toEnd(); }, true);
  // a page that nobody sees keeps no connection: a browser has few of them for one address
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) leave();
    else connect();
  });
  window.addEventListener("pagehide", leave);
}
