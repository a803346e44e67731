// A task's steps as they come: each event of the run renews the part that the server rendered.
import { fragment, say } from "./base.js";

const place = document.getElementById("now");
let renewing = false;
let again = false;

async function renew() {
  if (renewing) { again = true; return; }
  renewing = true;
  try {
    do {
      again = false;
      const focused = place.contains(document.activeElement) ? document.activeElement.textContent : null;
      place.replaceChildren(await fragment(place.dataset.now));
      if (focused) [...place.querySelectorAll("a, button")].find((one) => one.textContent === focused)?.focus();
      const last = place.querySelector(".steps li:last-child .what");
      if (last) say(last.textContent);
    } while (again);
  } catch (error) {
    say(error.message);
  } finally {
    renewing = false;
  }
}

const source = new EventSource(place.dataset.events);
const KINDS = ["started", "step", "brief", "context", "tool_call", "tool_result", "tool_refused", "verdict", "deliverable", "approval_asked",
  "approval_given", "approval_edited", "approval_delegated", "approval", "finished"];
for (const kind of KINDS) {
  source.addEventListener(kind, () => {
    if (kind === "finished") source.close();
    renew();
  });
}
