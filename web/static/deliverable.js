// Words that are selected in the text stand in the comment's field; a comment's words are shown where they stand.
const field = document.getElementById("f-quote");
const article = document.querySelector(".reading article");

document.addEventListener("selectionchange", () => {
  const selection = document.getSelection();
  if (!field || !selection.rangeCount || selection.isCollapsed || !article.contains(selection.getRangeAt(0).commonAncestorContainer)) return;
  const words = selection.toString().replace(/\s+/g, " ").trim();
  if (words) field.value = words.slice(0, 500);
});

/** Where words stand in the text, however its spaces and lines fall; null where they do not. */
function found(words) {
  const nodes = [];
  let text = "";
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    nodes.push({ node: walker.currentNode, at: text.length });
    text += walker.currentNode.data;
  }
  const pattern = words.trim().split(/\s+/).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("\\s*");
  const match = new RegExp(pattern).exec(text);
  if (!words.trim() || !match) return null;
  const place = (offset) => {
    const { node, at } = nodes.findLast((one) => one.at <= offset);
    return [node, offset - at];
  };
  const range = document.createRange();
  range.setStart(...place(match.index));
  range.setEnd(...place(match.index + match[0].length - 1));
  range.setEnd(range.endContainer, range.endOffset + 1);
  return range;
}

const ranges = [];
for (const quote of document.querySelectorAll(".remarks li:not(.soft) [data-quote]")) {
  const range = found(quote.textContent);
  if (!range) continue;
  ranges.push(range);
  const lead = document.createElement("button");
  lead.type = "button";
  lead.className = "plain small";
  lead.textContent = "Show in the text";
  lead.addEventListener("click", () => {
    const element = range.startContainer.parentElement;
    element.scrollIntoView({ block: "center" });
    document.getSelection().removeAllRanges();
    document.getSelection().addRange(range.cloneRange());
  });
  quote.after(lead);
}
if (ranges.length && window.Highlight && CSS.highlights) CSS.highlights.set("remarks", new Highlight(...ranges));
