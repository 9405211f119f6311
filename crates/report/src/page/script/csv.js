// A table as CSV, the same bytes as `page/csv.rs` writes: numbers in full from
// the attributes, and text behind an apostrophe where a spreadsheet would take
// it for a formula.
const csv = {
  text: (text) => (/^[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/.test(text) ? `'${text}` : text),
  field: (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text),

  // `rows` of `table`, in the order given, below its headings. A cell of several
  // values stands in as many columns: `data-csv2` to `4` of its head name those
  // behind the first, `data-sort2` to `4` hold them.
  of(table, rows) {
    const heads = [...table.tHead.rows[0].cells];
    const further = heads.map(({ dataset }) => ["2", "3", "4"].filter((n) => `csv${n}` in dataset));
    const names = heads.flatMap(({ dataset }, column) => [
      dataset.csv,
      ...further[column].map((n) => dataset[`csv${n}`]),
    ]);
    const first = (cell) => {
      if ("sort" in cell.dataset) return cell.dataset.sort;
      // A dash stands for none.
      return cell.textContent === "\u2013" ? "" : csv.field(csv.text(cell.textContent));
    };
    const fields = (cell, column) => [
      first(cell),
      ...further[column].map((n) => cell.dataset[`sort${n}`] ?? ""),
    ];
    const lines = [
      names.map((name) => csv.field(csv.text(name))),
      ...rows.map((row) => [...row.cells].flatMap(fields)),
    ];
    return lines.map((line) => `${line.join(",")}\r\n`).join("");
  },

  // The name is made of letters, digits, dashes and dots, whatever the report is called.
  fileName(table) {
    const title = document.querySelector("h1").textContent;
    const clean = title.replace(/[^\w.-]+/g, "-").slice(0, 64).replace(/^[-.]+|[-.]+$/g, "");
    return `${clean || "sweep"}-${table.dataset.name ?? "table"}.csv`;
  },

  download(table, rows) {
    const blob = new Blob([csv.of(table, rows)], { type: "text/csv;charset=utf-8" });
    const link = make("a", { href: URL.createObjectURL(blob), download: csv.fileName(table) });
    link.click();
    // The browser reads the address after the click has been handled.
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  },
};
