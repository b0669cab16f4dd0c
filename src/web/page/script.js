// What the pages do beyond links and forms: they stay fresh, sort tables, copy commands, and have three keys.
// Without it everything is there all the same. It makes text of what it reads, never markup of text.
"use strict";
(() => {
  const EVERY_MS = 5000;
  let paused = false;
  let copied = null;

  const main = () => document.getElementById("main");
  const isTyping = () => {
    const at = document.activeElement;
    return at !== null && ["INPUT", "SELECT", "TEXTAREA"].includes(at.tagName);
  };
  const isReading = () => main().querySelector("details[open]") !== null || isTyping() || !getSelection().isCollapsed;

  const told = () => {
    const place = document.getElementById("refresh");
    if (place !== null) {
      place.textContent = paused ? "Paused: p goes on." : "Refreshed every 5 seconds: p pauses.";
    }
  };

  // Which link or button has the focus, to give it back to its like in the new content.
  const focused = () => {
    const at = document.activeElement;
    if (at === null || !main().contains(at) || at === main()) return null;
    const all = [...main().querySelectorAll("a, button, [tabindex]")];
    return { index: all.indexOf(at), text: at.textContent };
  };
  const refocus = (was) => {
    if (was === null) return;
    const like = [...main().querySelectorAll("a, button, [tabindex]")][was.index];
    if (like !== undefined && like.textContent === was.text) like.focus({ preventScroll: true });
  };

  const refresh = async () => {
    if (paused || document.hidden || isReading() || document.getElementById("refresh") === null) return;
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      if (!answer.ok || isReading() || paused) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
      if (fresh === null) return;
      const was = focused();
      const scrolls = [...main().querySelectorAll(".wide")].map((box) => box.scrollLeft);
      const sorted = orders();
      main().replaceWith(document.adoptNode(fresh));
      enhance();
      reorder(sorted);
      [...main().querySelectorAll(".wide")].forEach((box, i) => { box.scrollLeft = scrolls[i] ?? 0; });
      refocus(was);
    } catch {
      // The server is away: what is shown says of when it is.
    }
  };

  const value = (cell) => {
    const exact = cell.dataset.n ?? cell.querySelector("time")?.dateTime ?? cell.textContent.trim();
    const number = Number(exact.replace(/[\s,]/g, ""));
    return exact !== "" && !Number.isNaN(number) ? number : exact;
  };
  const sort = (head, direction) => {
    const row = head.parentElement;
    const at = [...row.children].indexOf(head);
    const body = row.closest("table").tBodies[0];
    const rows = [...body.rows].filter((one) => one.cells.length > at);
    const sign = direction === "descending" ? -1 : 1;
    rows.sort((a, b) => {
      const [x, y] = [value(a.cells[at]), value(b.cells[at])];
      if (typeof x === typeof y) return sign * (x < y ? -1 : x > y ? 1 : 0);
      return typeof x === "number" ? -sign : sign;
    });
    body.append(...rows);
    for (const other of row.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", direction);
  };
  const orders = () =>
    [...main().querySelectorAll("table")].map((table) => {
      const head = table.querySelector("th[aria-sort]");
      return head === null ? null : { at: [...head.parentElement.children].indexOf(head), direction: head.getAttribute("aria-sort") };
    });
  const reorder = (sorted) =>
    [...main().querySelectorAll("table")].forEach((table, i) => {
      const head = sorted[i] == null ? undefined : table.tHead?.rows[0]?.cells[sorted[i].at];
      if (head !== undefined) sort(head, sorted[i].direction);
    });

  const copy = async (button, text) => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Select it, please";
    }
    clearTimeout(copied);
    copied = setTimeout(() => { button.textContent = "Copy"; }, 2000);
  };

  const enhance = () => {
    for (const head of main().querySelectorAll("table thead th")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      button.addEventListener("click", () => {
        sort(head, head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending");
      });
      head.replaceChildren(button);
    }
    for (const code of main().querySelectorAll("code.copy")) {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      button.setAttribute("aria-label", `Copy: ${code.textContent}`);
      button.addEventListener("click", () => copy(button, code.textContent));
      code.after(button);
    }
    told();
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping()) return;
    if (event.key === "/") {
      const find = document.getElementById("find");
      if (find !== null) {
        event.preventDefault();
        find.focus();
      }
    } else if (event.key === "p") {
      paused = !paused;
      told();
    }
  });
  enhance();
  setInterval(refresh, EVERY_MS);
})();
