// Editing with figures as chips: each textarea with slots gets a field in which a slot shows what it stands for. The textarea stays the
// truth: what the field holds is written back into it with every letter, so the form, and what base.js keeps of it, are as without this script.
import { fragment, say } from "./base.js";

const SLOT = /\{\{[^{}]+\}\}/g;
const form = document.getElementById("edit");
let last = null; // the field that was edited last, with its place: where a figure is put

function chip(slot, shown) {
  const made = document.createElement("span");
  made.className = "chip";
  made.contentEditable = "false";
  made.dataset.slot = slot;
  made.textContent = shown ?? slot;
  made.title = slot;
  return made;
}

function fill(field, text, known) {
  field.replaceChildren();
  let at = 0;
  for (const match of text.matchAll(SLOT)) {
    field.append(text.slice(at, match.index), chip(match[0], known.get(match[0])));
    at = match.index + match[0].length;
  }
  field.append(text.slice(at));
}

function written(field) {
  let text = "";
  for (const node of field.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) text += node.data;
    else if (node.dataset?.slot) text += node.dataset.slot;
    else if (node.nodeName === "BR") text += node === field.lastChild ? "" : "\n";
    else text += node.textContent;
  }
  return text;
}

function enhance(area) {
  const known = new Map();
  for (const term of area.closest(".part").querySelectorAll(".slots dt")) known.set(term.textContent.trim(), term.nextElementSibling.textContent.trim());
  if (!area.value.match(SLOT)) return;
  const field = document.createElement("div");
  field.className = "chips";
  field.contentEditable = "plaintext-only";
  if (field.contentEditable !== "plaintext-only") return; // a browser without it edits the slots
  field.setAttribute("role", "textbox");
  field.setAttribute("aria-multiline", "true");
  field.setAttribute("tabindex", "0");
  const label = document.querySelector(`label[for="${CSS.escape(area.id)}"]`);
  label.id = `l-${area.id}`;
  field.setAttribute("aria-labelledby", label.id);
  for (const name of ["aria-describedby", "aria-invalid"]) if (area.hasAttribute(name)) field.setAttribute(name, area.getAttribute(name));
  label.addEventListener("click", (event) => { event.preventDefault(); field.focus(); });
  fill(field, area.value, known);
  field.addEventListener("input", () => {
    area.value = written(field);
    area.dispatchEvent(new Event("input", { bubbles: true }));
    area.closest(".part").classList.add("changed");
  });
  field.addEventListener("click", (event) => {
    if (event.target.closest(".chip")) behind(event.target.closest(".chip"), field);
  });
  // a copied chip is its slot, and a pasted slot is a chip
  for (const name of ["copy", "cut"]) {
    field.addEventListener(name, (event) => {
      const range = document.getSelection().getRangeAt(0);
      const holder = document.createElement("div");
      holder.append(range.cloneContents());
      event.clipboardData.setData("text/plain", written(holder));
      event.preventDefault();
      if (name === "cut") { range.deleteContents(); field.dispatchEvent(new Event("input")); }
    });
  }
  field.addEventListener("blur", () => {
    const text = written(field);
    if ((text.match(SLOT) ?? []).length !== field.querySelectorAll(".chip").length) fill(field, text, known);
  });
  field.addEventListener("focusin", () => { last = { field, known, area }; });
  area.hidden = true;
  area.after(field);
  // the field itself reads so now, unless something in it is marked
  const part = area.closest(".part");
  if (!part.querySelector(".reads mark")) part.querySelector(".reads")?.setAttribute("hidden", "");
  part.querySelector(".slots")?.setAttribute("hidden", "");
}

for (const area of form.querySelectorAll("textarea[data-slots]")) enhance(area);

// an address that leads to a field leads to what stands in its place
function lead() {
  const wanted = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (wanted?.hidden && wanted.nextElementSibling?.classList.contains("chips")) wanted.nextElementSibling.focus();
}
addEventListener("hashchange", lead);
lead();

// figures to put in: found by the service, put where the writer was last
const finder = document.getElementById("finder");
if (finder) {
  finder.hidden = false;
  const find = finder.querySelector("input");
  const place = finder.querySelector("[data-found]");
  let waiting;
  const look = async () => {
    try {
      const found = await fragment(`${form.dataset.figures}?find=${encodeURIComponent(find.value)}`);
      const rows = [...found.querySelectorAll("tbody tr")].slice(0, 12);
      place.replaceChildren(...rows.map((row) => {
        const [shows, what] = [...row.cells].map((cell) => cell.textContent);
        const button = document.createElement("button");
        button.type = "button";
        button.className = "quiet";
        button.dataset.slot = row.querySelector("[data-slot]").textContent;
        button.dataset.shows = shows;
        button.textContent = `${shows} ${what}`;
        return button;
      }));
      say(rows.length ? `${rows.length} figures` : "No figure speaks of that.");
      if (!rows.length) place.textContent = "No figure speaks of that.";
    } catch (error) {
      place.textContent = error.message;
    }
  };
  find.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(look, 250); });
  find.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  place.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (!last) { say("First put the cursor where the figure should stand."); place.prepend("First put the cursor where the figure should stand. "); return; }
    put(button.dataset.slot, button.dataset.shows);
  });
}

/** The cursor behind a chip: it cannot stand inside one. */
function behind(made, field) {
  const after = document.createRange();
  after.setStartAfter(made);
  field.focus();
  document.getSelection().removeAllRanges();
  document.getSelection().addRange(after);
}

function put(slot, shows) {
  const { field, known, range, area } = last;
  if (!field) {
    area.setRangeText(slot, area.selectionStart, area.selectionEnd, "end");
    area.focus();
  } else {
    known.set(slot, shows);
    const made = chip(slot, shows);
    if (range && field.contains(range.startContainer)) { range.deleteContents(); range.insertNode(made); } else field.append(" ", made);
    behind(made, field);
    field.dispatchEvent(new Event("input"));
  }
  say(`${shows} is put in.`);
}

document.addEventListener("selectionchange", () => {
  const selection = document.getSelection();
  const node = selection.rangeCount ? selection.getRangeAt(0).startContainer : null;
  const field = (node?.nodeType === Node.ELEMENT_NODE ? node : node?.parentElement)?.closest?.(".chips");
  if (field && last?.field === field) last.range = selection.getRangeAt(0).cloneRange();
});
form.addEventListener("focusin", (event) => {
  if (event.target.matches("textarea[data-slots]")) last = { area: event.target };
});

// leaving with changes asks first; sending does not
let sending = false;
form.addEventListener("submit", () => { sending = true; });
addEventListener("beforeunload", (event) => { if (!sending && form.querySelector(".changed")) event.preventDefault(); });
