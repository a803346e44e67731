// What every page has: figures that open their evidence, forms that are sent once, drafts that outlive a lost session, and a voice.

export const csrf = document.querySelector('meta[name="csrf"]')?.content ?? "";
const member = document.querySelector('meta[name="member"]')?.content ?? "";

/** Tell somebody who listens to the page instead of looking at it. */
export function say(text) {
  const live = document.getElementById("live");
  live.textContent = "";
  requestAnimationFrame(() => { live.textContent = text; });
}

/** What went wrong, in the words of the problem document that the service answers with. */
export class Refused extends Error {
  constructor(status, problem) {
    super(problem?.detail ?? (status === 0 ? "The service cannot be reached. Nothing was sent; try again." : `The service answered ${status}.`));
    this.status = status;
    this.problem = problem;
  }
}

/** Fetch from the service. Throws Refused. */
export async function ask(url, { method = "GET", body, headers = {}, signal } = {}) {
  const sent = { ...headers };
  if (method !== "GET") sent["X-CSRF-Token"] = csrf;
  let payload = body;
  if (body && !(body instanceof FormData) && !(body instanceof URLSearchParams)) {
    sent["Content-Type"] = "application/json";
    payload = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(url, { method, body: payload, headers: sent, signal, credentials: "same-origin", redirect: "follow" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, null);
  }
  if (!response.ok) {
    const problem = await response.json().catch(() => null);
    throw new Refused(response.status, problem);
  }
  return response;
}

/** A part of a page that the service rendered: everything in it was escaped there. */
export async function fragment(url, options) {
  const text = await (await ask(url, options)).text();
  const holder = document.createElement("template");
  holder.innerHTML = text;
  return holder.content;
}

const dialog = document.getElementById("card");
const inside = document.getElementById("card-inside");

async function openFigure(link) {
  const url = new URL(link.href);
  inside.textContent = "Looking it up …";
  dialog.showModal();
  try {
    inside.replaceChildren(await fragment(`${url.pathname}/card?key=${encodeURIComponent(url.hash.slice(1))}`));
  } catch (error) {
    inside.textContent = error.message;
  }
}

async function replay(button) {
  const place = button.closest("dialog, main").querySelector("[data-replayed]");
  button.disabled = true;
  place.textContent = "Computing again …";
  try {
    place.replaceChildren(await fragment(button.dataset.replay, { method: "POST" }));
  } catch (error) {
    place.textContent = error.message;
  } finally {
    button.disabled = false;
  }
}

// to the browser, this file with its version and without, as scripts of pages import it, are two modules: one of them listens
const first = document.documentElement.dataset.base === undefined;
document.documentElement.dataset.base = "listens";
const listen = (name, heard) => { if (first) document.addEventListener(name, heard); };

listen("click", (event) => {
  const link = event.target.closest("a.figure");
  if (link && /^\/(evidence|portal|shared)\//.test(link.pathname) && !event.metaKey && !event.ctrlKey) {
    event.preventDefault();
    openFigure(link);
    return;
  }
  const button = event.target.closest("[data-replay]");
  if (button) replay(button);
  if (event.target.closest("[data-close]") || event.target === dialog) dialog.close();
});

// a form is sent once, and asks first where it says so
listen("submit", (event) => {
  const form = event.target;
  if (form.dataset.confirm && !window.confirm(form.dataset.confirm)) {
    event.preventDefault();
    return;
  }
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  if (event.defaultPrevented || form.method !== "post") return;
  form.dataset.sent = "yes";
  setTimeout(() => { delete form.dataset.sent; }, 8000);
  for (const field of form.querySelectorAll("[data-keep]")) sessionStorage.setItem(`sent:${keyOf(field)}`, location.pathname);
});

// what is typed in a field with data-keep stays in this browser until the service has it
const keyOf = (field) => `draft:${member}:${field.dataset.keep}`;

// what was sent is kept no longer once the service has it: not after a refusal, which the page says, and not when the same page comes again
// as if nothing had been sent, because the line or the session was lost
if (first) {
  const refused = document.querySelector('[role="alert"], [data-refused]') !== null;
  const said = new URLSearchParams(location.search).has("said");
  for (const name of Object.keys(sessionStorage).filter((one) => one.startsWith("sent:"))) {
    if (!refused && (said || sessionStorage.getItem(name) !== location.pathname)) localStorage.removeItem(name.slice("sent:".length));
    sessionStorage.removeItem(name);
  }
}

/** Begin to keep what is typed in a field; gives back a function that forgets it. */
export function keep(field) {
  const key = keyOf(field);
  const kept = localStorage.getItem(key);
  if (kept !== null && kept !== field.value) {
    field.value = kept;
    const told = document.createElement("span");
    told.className = "hint";
    told.textContent = "Restored from this browser: it was typed here and not sent.";
    field.after(told);
  }
  field.addEventListener("input", () => localStorage.setItem(key, field.value));
  return () => localStorage.removeItem(key);
}
if (first) for (const field of document.querySelectorAll("[data-keep]")) keep(field);

// on a narrow screen the menu begins closed
if (first && window.matchMedia("(max-width: 760px)").matches) document.querySelector(".menu")?.removeAttribute("open");
listen("keydown", (event) => {
  if (event.key === "Escape") document.querySelector(".switch[open]")?.removeAttribute("open");
});
// a page that the back button brings from memory may be somebody's who signed out meanwhile
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
