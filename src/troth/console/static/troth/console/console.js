// What the console's pages do in the browser beside htmx: dialogs, menus, toasts, copying, comboboxes, theme and zone.
"use strict";
const root = document.documentElement;
root.classList.add("scripted");
const words = document.body.dataset;

const keep = (name, value) => { document.cookie = `${name}=${value};path=/console/;max-age=31536000;samesite=lax${location.protocol === "https:" ? ";secure" : ""}`; };
keep("troth_zone", Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC");

document.querySelector(".side-rest > nav [aria-current]")?.scrollIntoView({ block: "nearest" });

const isMac = /Mac|iPhone|iPad/.test(navigator.platform);
for (const key of document.querySelectorAll("[data-key=mod]")) if (isMac) key.textContent = "⌘K";

async function openDialog(url) {
  const dialog = document.getElementById("dialog");
  const answer = await fetch(url, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
  if (!answer.ok || answer.redirected) { location.assign(url); return; }
  dialog.innerHTML = await answer.text();
  htmx.process(dialog);
  dialog.showModal();
}

function say(text) {
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.textContent = text;
  document.getElementById("toasts")?.append(toast);
  setTimeout(() => toast.remove(), 2500);
}

document.addEventListener("click", (event) => {
  const at = (selector) => event.target.closest(selector);
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  const link = at("a[data-dialog], a[data-palette]");
  if (link && !event.metaKey && !event.ctrlKey && !event.shiftKey && event.button === 0) { event.preventDefault(); openDialog(link.href); }
  const over = (at("[data-close]") || event.target.id === "dialog") && event.target.closest("dialog");
  if (over) { event.preventDefault(); over.close(); }
  at("[data-dismiss]")?.closest("[data-toast]").remove();
  const toggle = at("[data-toggle]");
  if (toggle) toggle.setAttribute("aria-expanded", document.getElementById(toggle.dataset.toggle).classList.toggle("open"));
  const copy = at("[data-copy]");
  if (copy) navigator.clipboard.writeText(copy.parentElement.querySelector("code").textContent).then(() => say(words.copied));
  if (at("[data-theme-switch]")) {
    const now = root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    keep("troth_theme", root.dataset.theme = now === "dark" ? "light" : "dark");
  }
});

document.addEventListener("keydown", (event) => {
  const search = document.querySelector("a[data-palette]");
  if ((event.metaKey || event.ctrlKey) && event.key === "k" && search) {
    event.preventDefault();
    if (!document.getElementById("dialog").open) openDialog(search.href);
  }
  const palette = event.target.closest?.("#palette");
  if (palette && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    const stops = [...palette.querySelectorAll("input, a")];
    event.preventDefault();
    stops[(stops.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : stops.length - 1)) % stops.length].focus();
  }
  // Enter goes to the first hit, once the hits are those of what was typed.
  const hits = palette?.querySelector("[data-for]");
  if (event.key === "Enter" && event.target.tagName === "INPUT" && hits?.dataset.for === event.target.value.trim() && hits.querySelector("a")) {
    event.preventDefault();
    location.assign(hits.querySelector("a").href);
  }
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) { menu.open = false; menu.querySelector("summary").focus(); }
});

// Combobox (WAI-ARIA, list autocomplete): the server answers `<li role="option" data-value>` to ?q=.
for (const box of document.querySelectorAll("[data-combobox]")) {
  const input = box.querySelector("input"), list = box.querySelector("[role=listbox]");
  let waiting, chosen = -1;
  const options = () => [...list.querySelectorAll("[role=option]")];
  const show = (open) => { list.hidden = !open; input.setAttribute("aria-expanded", open); if (!open) { chosen = -1; input.removeAttribute("aria-activedescendant"); } };
  const mark = (index) => {
    const all = options();
    chosen = (index + all.length) % all.length;
    all.forEach((one, at) => { one.id = `${list.id}-${at}`; one.setAttribute("aria-selected", at === chosen); });
    input.setAttribute("aria-activedescendant", all[chosen].id);
    all[chosen].scrollIntoView({ block: "nearest" });
  };
  const take = (one) => { input.value = one.dataset.value ?? one.textContent.trim(); show(false); input.dispatchEvent(new Event("change", { bubbles: true })); };
  const ask = async () => {
    const address = new URL(box.dataset.combobox, location.href);
    address.searchParams.set("q", input.value);
    const answer = await fetch(address, { credentials: "same-origin" });
    if (answer.ok && document.activeElement === input) { list.innerHTML = await answer.text(); show(options().length > 0); }
  };
  input.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, 150); });
  input.addEventListener("blur", () => setTimeout(() => show(false), 150));
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" && list.hidden) ask();
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); if (options().length) mark(chosen + (event.key === "ArrowDown" ? 1 : -1)); }
    else if (event.key === "Enter" && chosen >= 0) { event.preventDefault(); take(options()[chosen]); }
    else if (event.key === "Escape" && !list.hidden) { event.stopPropagation(); show(false); }
  });
  list.addEventListener("mousedown", (event) => { const one = event.target.closest("[role=option]"); if (one) take(one); });
}

// A page that says so goes where the server's answer leads; a failed request is told instead of lost.
document.addEventListener("htmx:responseError", () => say(words.failed));
document.addEventListener("htmx:sendError", () => say(words.offline));

// What can be inserted goes where one was writing last; once a name is begun between braces, those that fit are left, and take its place.
let written;
const begun = () => written?.value.slice(0, written.selectionStart).match(/\{\{ ?([\w.]*)$/);
document.addEventListener("focusin", ({ target }) => {
  if (target.matches("form.halves .mono:is(textarea), form.halves input:is([name^=part_], [name$=subject])")) written = target;
});
document.addEventListener("input", ({ target }) => {
  const name = target === written && begun();
  for (const list of name ? target.form.querySelectorAll("[data-inserts]") : []) list.open = true;
  for (const one of document.querySelectorAll("[data-insert]")) one.hidden = Boolean(name) && !one.dataset.insert.includes(name[1]);
});
document.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-insert]");
  const into = written ?? button?.form?.querySelector("textarea");
  if (!button || !into) return;
  into.setRangeText(button.dataset.insert, into.selectionStart - (begun()?.[0].length ?? 0), into.selectionEnd, "end");
  into.focus();
  into.dispatchEvent(new Event("input", { bubbles: true }));
});

// A form with a preview asks for it while one types. The answer is a page under its own policy; each goes into a frame made anew, so that Back leads away.
for (const button of document.querySelectorAll("[data-preview]")) {
  let waiting;
  const ask = () => {
    const frame = document.getElementsByName(button.formTarget)[0];
    frame.replaceWith(frame.cloneNode());
    button.form.requestSubmit(button);
  };
  button.form.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(ask, 400); });
  button.form.addEventListener("change", () => { clearTimeout(waiting); waiting = setTimeout(ask, 400); });
  ask();
}

// Live: whether its stream is there, and no more rows than the page has at first.
for (const [name, state] of [["htmx:sseOpen", "open"], ["htmx:sseError", "lost"], ["htmx:sseClose", "over"]]) {
  document.addEventListener(name, (event) => { event.target.dataset.stream = state; });
}
document.addEventListener("htmx:sseMessage", (event) => {
  const rows = event.target.dataset.most ? [...event.target.children] : [];
  for (const row of rows.slice(Number(event.target.dataset.most))) row.remove();
});
