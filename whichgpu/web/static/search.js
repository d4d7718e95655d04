// The search of the static site: every word of the question in the title or the address of a page, or in these
// without what is no letter or digit ("rtx4090").
"use strict";
const field = document.querySelector("input[data-index]");
let index = null;
field?.addEventListener("input", async () => {
  if (!index) {
    index = await (await fetch(field.dataset.index)).json();
    for (const one of index) {
      const text = `${one.title} ${one.url}`.toLowerCase();
      one.text = `${text} ${text.replace(/[^a-z0-9]/g, "")}`;
    }
  }
  const words = field.value.toLowerCase().split(/[\s,-]+/).filter(Boolean);
  const found = index.filter((one) => words.every((word) => one.text.includes(word)));
  document.getElementById("count").textContent = found.length ? `${found.length} page${found.length > 1 ? "s" : ""}` : "No page is called that.";
  const list = document.getElementById("found");
  list.replaceChildren(...found.slice(0, 60).map((one) => {
    const item = document.createElement("li"), link = document.createElement("a");
    link.href = one.url;
    link.textContent = one.title;
    item.append(link);
    return item;
  }));
});
field?.form.addEventListener("submit", (event) => event.preventDefault());
