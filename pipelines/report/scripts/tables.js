// Tables that sort by a click on a head, or by its key; a third click gives the first order back.

function sortable(table) {
  const body = table.tBodies[0];
  const first = [...body.rows];
  const heads = [...table.tHead.rows[table.tHead.rows.length - 1].cells];
  if (first.length < 2) return;
  const key = (row, at) => {
    const cell = row.cells[at];
    const given = cell.dataset.value ?? cell.textContent.trim().replaceAll("−", "-").replaceAll(",", "");
    const number = Number.parseFloat(given);
    return Number.isFinite(number) && cell.tagName === "TD" ? number : given;
  };
  const compare = (a, b) => {
    const [x, y] = [typeof a === "number", typeof b === "number"];
    if (x && y) return a - b;
    return x === y ? String(a).localeCompare(String(b), "en", { numeric: true }) : x ? -1 : 1;
  };
  heads.forEach((head, at) => {
    const own = [...head.childNodes].filter((node) => !node.classList?.contains("anchor"));
    const button = el("button", { type: "button", class: "sort" }, ...own);
    head.prepend(button);
    button.addEventListener("click", () => {
      const downFirst = typeof key(first[0], at) === "number";
      const order = downFirst ? ["descending", "ascending", ""] : ["ascending", "descending", ""];
      const next = order[(order.indexOf(head.getAttribute("aria-sort") ?? "") + 1) % 3];
      for (const each of heads) each.removeAttribute("aria-sort");
      if (next) head.setAttribute("aria-sort", next);
      const rows = [...first];
      if (next) rows.sort((a, b) => compare(key(a, at), key(b, at)));
      if (next === "descending") rows.reverse();
      body.append(...rows);
      byId("spoken").textContent = next ? `sorted by ${button.textContent.trim()}, ${next}` : "in the first order";
    });
  });
}
