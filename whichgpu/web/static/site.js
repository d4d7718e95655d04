// Enhancement only: every page works without it. It swaps an answer in place, adds sliders and names to fields,
// draws a chart that can be pointed at, and shows how far an audit is, which can be cancelled.
"use strict";
let going = null;
let here = where();

// Which answer an address is of: what stands behind `#` only where it is a text that was sent.
function where() {
  return location.pathname + location.search + (location.hash.startsWith("#packed=") ? location.hash : "");
}

// An address is asked; where a form of the page carries the question, together with it.
function ask(url, signal) {
  const carried = document.getElementById("again");
  return fetch(url, carried ? { method: "POST", body: new FormData(carried), signal } : { signal });
}

async function swap(url, keep) {
  going?.abort();
  going = new AbortController();
  const answer = document.getElementById("answer");
  answer?.classList.add("busy");
  try {
    const carried = document.getElementById("again");
    const got = await ask(url, going.signal);
    const page = new DOMParser().parseFromString(await got.text(), "text/html");
    const focused = document.activeElement?.id;
    for (const part of ["answer", "main"]) {
      const fresh = page.getElementById(part), old = document.getElementById(part);
      const enough = part === "answer" && keep && !page.querySelector(".fault") && !document.querySelector(".fault");
      if (fresh && old && (enough || part === "main")) { old.replaceWith(fresh); break; }
    }
    document.title = page.title;
    went(carried ? document.querySelector(".again a")?.href : url);
    enhance();
    if (focused) document.getElementById(focused)?.focus();
  } catch (fault) {
    if (fault.name !== "AbortError" && !document.getElementById("again")) location.href = url;
  } finally {
    document.getElementById("answer")?.classList.remove("busy");
  }
}

// The address of what is now seen; a browser that takes no address so long keeps the one it has.
function went(url) {
  try {
    history.pushState(null, "", url ?? location.pathname);
  } catch { /* The link below the answer has it. */ }
  here = where();
}

function address(form) {
  const url = new URL(form.getAttribute("action") || location.pathname, location.href);
  const hash = url.hash;
  if (hash) { url.pathname = location.pathname; }
  url.hash = "";
  url.search = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== "")).toString();
  return url.pathname + url.search;
}

// A field of numbers gets a slider, by factors of two where its sizes go far.
function slider(input) {
  if (input.dataset.done) return;
  input.dataset.done = "1";
  const log = input.dataset.slider === "log";
  const range = document.createElement("input");
  range.type = "range";
  range.id = `${input.id}-range`;
  [range.min, range.max, range.step] = log ? ["0", input.name === "batch" ? "9" : "17", "1"] : ["-90", "200", "5"];
  range.setAttribute("aria-label", `${document.querySelector(`label[for="${input.id}"]`)?.textContent ?? input.name}, slider`);
  const value = Number(log ? input.value || input.placeholder : input.value);
  range.value = log ? Math.round(Math.log2(Math.max(value || 1, 1))) : value || 0;
  range.addEventListener("input", () => { input.value = log ? 2 ** range.value : range.value; });
  range.addEventListener("change", () => { if (input.form.checkValidity()) swap(address(input.form), true); });
  input.after(range);
}

// Names that may be meant, read when a field is first gone to.
function names(input) {
  input.addEventListener("focus", async () => {
    if (input.list || input.dataset.asked) return;
    input.dataset.asked = "1";
    const kind = input.dataset.names;
    const id = `names-${kind}`;
    if (!document.getElementById(id)) {
      const list = document.createElement("datalist");
      list.id = id;
      document.body.append(list);
      const got = await fetch(`/names/${kind}`);
      for (const name of await got.json()) list.append(new Option(name));
    }
    input.setAttribute("list", id);
  });
}

async function live(button) {
  if (!window.vegaEmbed) {
    await new Promise((done, fail) => {
      const script = document.createElement("script");
      script.src = document.body.dataset.vega;
      script.onload = done;
      script.onerror = fail;
      document.head.append(script);
    });
  }
  const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "&dark=1" : "";
  const narrow = matchMedia("(max-width: 40rem)").matches ? "&narrow=1" : "";
  const spec = await (await ask(button.dataset.live + dark + narrow)).json();
  const picture = button.closest("figure").querySelector("picture");
  const place = document.createElement("div");
  picture.after(place);
  const options = { ast: true, actions: false, renderer: "svg", defaultStyle: false, tooltip: { disableDefaultStyle: true } };
  await window.vegaEmbed(place, spec, options);
  picture.hidden = true;
  button.hidden = true;
}

// The parts of a stream of events, as they come.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (let got = await reader.read(); !got.done; got = await reader.read()) {
    held += got.value;
    const parts = held.split("\n\n");
    held = parts.pop();
    for (const part of parts) {
      const [name, data] = part.split("\n");
      yield [name.replace("event: ", ""), JSON.parse(data.replace("data: ", ""))];
    }
  }
}

async function send(form, data, url = form.action) {
  const said = form.querySelector("[data-progress]"), cancel = form.querySelector("[data-cancel]");
  const button = form.querySelector("button:not([type=button])");
  const stop = new AbortController();
  const over = (text) => { said.textContent = text; cancel.hidden = true; button.disabled = false; };
  button.disabled = true;
  cancel.hidden = false;
  cancel.onclick = () => { stop.abort(); over("Cancelled; the work has ended."); button.focus(); };
  said.textContent = "Sent";
  try {
    const got = await fetch(url, {
      method: "POST", body: data, signal: stop.signal, headers: { Accept: "text/event-stream" },
    });
    if (!got.headers.get("content-type").startsWith("text/event-stream")) {
      put(await got.text());
      return;
    }
    for await (const [name, data] of events(got.body)) {
      if (name === "progress") {
        const words = data.stage[0].toUpperCase() + data.stage.slice(1);
        said.textContent = `${words}: ${Math.round(data.seconds)} s so far`;
      } else {
        went(data.url);
        put(data.html);
        return;
      }
    }
    over("The server ended before the work did; try again.");
  } catch (fault) {
    if (fault.name !== "AbortError") over("It could not be sent; try again.");
  }
}

// Another page in the place of this one.
function put(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  document.getElementById("main").replaceWith(page.getElementById("main"));
  document.title = page.title;
  enhance();
  const answer = document.querySelector("#answer > *") ? document.getElementById("answer") : document.querySelector(".fault");
  answer?.scrollIntoView({ block: "nearest" });
}

function enhance() {
  for (const input of document.querySelectorAll("input[data-slider]")) slider(input);
  for (const input of document.querySelectorAll("input[data-names]")) names(input);
  for (const button of document.querySelectorAll("button[data-live]")) {
    button.hidden = false;
    button.onclick = () => live(button);
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-swap]");
  if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
  event.preventDefault();
  swap(link.href, true);
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.matches("[data-sent]")) {
    event.preventDefault();
    send(form, new FormData(form));
  } else if (form.id === "again") {
    if (!event.submitter?.matches("[data-swap]")) return;
    event.preventDefault();
    swap(event.submitter.getAttribute("formaction") ?? form.action, true);
  } else if (form.method === "get") {
    event.preventDefault();
    if (form.matches("[data-swap]")) swap(address(form), true);
    else location.href = address(form);
  }
});
document.querySelector("header [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
// Going back to another answer reads it again; going to a part of the page does not.
addEventListener("popstate", () => {
  if (where() !== here) location.reload();
});
enhance();
// A text that stands behind the `#` of a link is sent as if it had been chosen again.
if (location.hash.startsWith("#packed=")) {
  const form = document.querySelector("[data-sent]");
  if (form) {
    const data = new FormData();
    for (const [name, value] of new URLSearchParams(location.hash.slice(1))) data.append(name, value);
    send(form, data, form.action + location.search);
  }
}
