// The search of the static site: every word of the question in the title or the address of a page.
"use strict";
const field = document.querySelector("input[data-index]");
let index = null;
field?.addEventListener("input", async () => {
  index ??= await (await fetch(field.dataset.index)).json();
  const words = field.value.toLowerCase().split(/[\s,-]+/).filter(Boolean);
  const found = index.filter((one) => words.every((word) => `${one.title} ${one.url}`.toLowerCase().includes(word)));
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
