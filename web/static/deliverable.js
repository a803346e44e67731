// Words that are selected in the text stand in the comment's field; a comment's words are shown where they stand.
const field = document.getElementById("f-quote");
const article = document.querySelector(".reading article");

document.addEventListener("selectionchange", () => {
  const selection = document.getSelection();
  if (!field || !selection.rangeCount || selection.isCollapsed || !article.contains(selection.getRangeAt(0).commonAncestorContainer)) return;
  const words = selection.toString().replace(/\s+/g, " ").trim();
  if (words) field.value = words.slice(0, 500);
});
