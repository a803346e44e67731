// Uploads with their progress, a place to drop a file on, and an import that is under way.
import { csrf, say } from "./base.js";

const sizeOf = (bytes) => (bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : bytes >= 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} kB`);

for (const form of document.querySelectorAll("form[data-upload]")) {
  const input = form.querySelector('input[type="file"]');
  const refused = form.querySelector("[data-refused]");
  const sending = form.querySelector("[data-sending]");
  const word = form.querySelector("[data-sending-word]");
  const bar = form.querySelector("progress");
  const button = form.querySelector("button");
  const limit = Number(form.dataset.limit);
  const kinds = form.dataset.kinds.split(",");

  const refuse = (text) => { refused.textContent = text; refused.hidden = !text; };
  const wrong = (file) => {
    if (!file) return "";
    if (file.size > limit) return `${file.name} has ${sizeOf(file.size)}, and at most ${sizeOf(limit)} are taken. Split it, or import it on the server: groundwork import FILE.`;
    if (!kinds.some((kind) => file.name.toLowerCase().endsWith(kind))) return `${file.name} cannot be read here. Taken are: ${kinds.join(", ")}.`;
    return "";
  };
  input.addEventListener("change", () => refuse(wrong(input.files[0])));

  form.addEventListener("submit", (event) => {
    const file = input.files[0];
    if (!file && !input.required) return;
    event.preventDefault();
    if (form.dataset.sending) return;
    const told = wrong(file);
    refuse(told);
    if (told || !file) return;
    form.dataset.sending = "yes";
    button.disabled = true;
    sending.hidden = false;
    const sent = new XMLHttpRequest();
    sent.open("POST", form.action);
    sent.setRequestHeader("X-CSRF-Token", csrf);
    sent.upload.addEventListener("progress", (step) => {
      if (!step.lengthComputable) return;
      bar.value = step.loaded / step.total;
      word.textContent = step.loaded < step.total ? `Sending: ${sizeOf(step.loaded)} of ${sizeOf(step.total)}` : "Sent. Reading the file …";
    });
    sent.upload.addEventListener("load", () => { bar.removeAttribute("value"); say("Sent. Reading the file."); });
    const ended = (text) => {
      delete form.dataset.sending;
      button.disabled = false;
      sending.hidden = true;
      bar.value = 0;
      refuse(text);
    };
    sent.addEventListener("load", () => {
      if (sent.status < 400 && sent.responseURL) { location.assign(sent.responseURL); return; }
      let problem = null;
      try { problem = JSON.parse(sent.responseText); } catch { problem = null; }
      ended(problem?.detail ?? `The service answered ${sent.status}.`);
    });
    sent.addEventListener("error", () => ended(`The connection broke before the file was there. Nothing was imported; try again. At most ${sizeOf(limit)} are taken.`));
    sent.send(new FormData(form));
  });

  const place = form.querySelector("[data-drop]");
  if (place) {
    form.querySelector("[data-dropword]").hidden = false;
    for (const name of ["dragenter", "dragover"]) place.addEventListener(name, (event) => { event.preventDefault(); place.classList.add("over"); });
    place.addEventListener("dragleave", (event) => { if (!place.contains(event.relatedTarget)) place.classList.remove("over"); });
    place.addEventListener("drop", (event) => {
      event.preventDefault();
      place.classList.remove("over");
      if (event.dataTransfer.files.length !== 1) { refuse("One file at a time, please."); return; }
      input.files = event.dataTransfer.files;
      refuse(wrong(input.files[0]));
      if (!wrong(input.files[0]) && form.reportValidity()) form.requestSubmit();
    });
  }
}

const importing = document.querySelector("[data-importing]");
if (importing) {
  const word = importing.querySelector("[data-importing-word]");
  const bar = importing.querySelector("progress");
  const look = async () => {
    let step;
    try {
      const answer = await fetch(importing.dataset.importing, { credentials: "same-origin" });
      if (!answer.ok) { location.reload(); return; }
      step = await answer.json();
    } catch {
      word.textContent = "The service cannot be reached just now. The import goes on there; this page asks again.";
      setTimeout(look, 4000);
      return;
    }
    if (!step.working || step.stopped) { location.reload(); return; }
    word.textContent = step.told;
    bar.value = step.share;
    setTimeout(look, 700);
  };
  setTimeout(look, 500);
}
