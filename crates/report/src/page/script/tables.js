// Tables: sort by a column, search, choose by a column's values, count, CSV.

// Rows from which a search is worth its place.
const SEARCHABLE = 12;
const NOUNS = { runs: "runs", configurations: "configurations" };

// A number as an attribute holds it; none sorts last.
const numberOf = (cell) => {
  const text = cell.dataset.sort ?? "NaN";
  if (text === "inf") return Infinity;
  return text === "-inf" ? -Infinity : Number.parseFloat(text);
};

const sortable = (table, changed) => {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const original = [...body.rows];
  const isNumeric = (column) => heads[column].classList.contains("n");

  const sort = (column, down) => {
    heads.forEach((head) => head.removeAttribute("aria-sort"));
    if (column === null) {
      body.append(...original);
      return;
    }
    heads[column].setAttribute("aria-sort", down ? "descending" : "ascending");
    const order = (a, b) => {
      const [x, y] = [a.cells[column], b.cells[column]];
      if (!isNumeric(column)) {
        const text = x.textContent.localeCompare(y.textContent, "en", { numeric: true });
        return down ? -text : text;
      }
      const [p, q] = [numberOf(x), numberOf(y)];
      if (Number.isNaN(p) || Number.isNaN(q)) return Number.isNaN(p) - Number.isNaN(q);
      // Infinity less infinity is no number.
      const up = p === q ? 0 : p < q ? -1 : 1;
      return down ? -up : up;
    };
    // From the plan's order, so that equal rows do not depend on earlier clicks.
    body.append(...[...original].sort(order));
  };

  heads.forEach((head, column) => {
    const button = make("button", { type: "button" });
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const old = head.getAttribute("aria-sort");
      // Numbers begin with the highest, text with A.
      const down = old ? old === "ascending" : isNumeric(column);
      sort(column, down);
      changed(`${down ? "-" : ""}${column + 1}`);
    });
  });
  return (wanted) => {
    const column = Math.abs(Number.parseInt(wanted, 10)) - 1;
    sort(column in heads ? column : null, wanted.startsWith("-"));
  };
};

for (const table of document.querySelectorAll("table.sort")) {
  const name = table.dataset.name;
  const key = (what) => `${name}.${what}`;
  const remember = (what, value) => name && state.set(key(what), value);
  const rows = [...table.tBodies[0].rows].map((row) => ({
    row,
    text: row.textContent.toLowerCase(),
    series: row.dataset.series?.split(" ") ?? [],
  }));
  const restoreOrder = sortable(table, (order) => remember("sort", order));

  const tools = make("div", { class: "tools" });
  const count = make("span", { class: "count", role: "status", "aria-live": "polite" });
  const controls = [];
  const control = (what, label, element) => {
    controls.push({ what, element });
    tools.append(make("label", {}, label, element));
    element.addEventListener("input", () => {
      apply();
      remember(what, element.value);
    });
    return element;
  };

  const isLong = rows.length > SEARCHABLE;
  const search = isLong ? control("find", "Search", make("input", { type: "search" })) : null;
  const choices = [];
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (!isLong || !("choice" in head.dataset)) return;
    const values = [...new Set(rows.map(({ row }) => row.cells[column].textContent))];
    // One value is no choice.
    if (values.length < 2) return;
    const title = head.textContent;
    const options = values.map((value) => make("option", { value }, value || "(empty)"));
    const select = make("select", {}, make("option", { value: "" }, "all"), ...options);
    choices.push({ column, select: control(title.toLowerCase(), title, select) });
  });

  const apply = () => {
    const words = (search?.value ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { row, text, series: about } of rows) {
      const fits =
        words.every((word) => text.includes(word)) &&
        choices.every(({ column, select }) => !select.value || row.cells[column].textContent === select.value) &&
        !about.some(series.isHidden);
      row.hidden = !fits;
      shown += fits;
    }
    const [some, all] = [shown, rows.length].map((n) => n.toLocaleString("en"));
    const noun = NOUNS[name] ?? "rows";
    if (shown < rows.length) count.textContent = `${some} of ${all} ${noun}`;
    else count.textContent = isLong ? `${all} ${noun}` : "";
  };

  const caption = table.caption?.textContent ?? "Table";
  const save = make("button", { type: "button", title: "The rows shown, in this order, with every number in full" }, "CSV");
  save.setAttribute("aria-label", `CSV of the table: ${caption}`);
  save.addEventListener("click", () => {
    csv.download(table, [...table.tBodies[0].rows].filter((row) => !row.hidden));
  });
  tools.append(count, save);
  table.closest(".table").prepend(tools);

  state.follow(() => {
    for (const { what, element } of controls) element.value = name ? state.get(key(what)) : "";
    // A choice that this table does not have leaves the list without one.
    for (const { select } of choices) if (select.selectedIndex < 0) select.value = "";
    restoreOrder(name ? state.get(key("sort")) : "");
    apply();
    // What an address asks for is to be seen.
    if (controls.some(({ element }) => element.value)) table.closest("details")?.setAttribute("open", "");
  });
  series.follow(apply);
}
