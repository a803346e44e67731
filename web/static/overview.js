// The overview: what is out of date is computed once the page is seen, and what is at work is followed.
import { fragment, say } from "./base.js";

const standing = document.getElementById("standing");

async function renew() {
  const url = standing.dataset.renew;
  if (!url) return;
  delete standing.dataset.renew;
  standing.setAttribute("aria-busy", "true");
  try {
    standing.replaceChildren(await fragment(url, { method: "POST", headers: { Accept: "text/x-fragment" } }));
    say("The overview is up to date.");
  } catch (error) {
    const told = document.createElement("p");
    told.className = "notice bad";
    told.textContent = error.message;
    standing.prepend(told);
  } finally {
    standing.removeAttribute("aria-busy");
  }
}

async function follow() {
  const place = document.getElementById("at-work");
  if (place?.querySelector("[data-busy]") && !document.hidden) {
    const before = place.textContent;
    try {
      place.replaceChildren(await fragment(place.dataset.atWork));
      if (place.textContent !== before) say("What is at work has changed.");
    } catch { /* the next look may find the service again */ }
  }
  setTimeout(follow, 3000);
}

renew();
follow();
