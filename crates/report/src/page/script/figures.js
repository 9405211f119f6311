// Values in figures: by pointer, by finger, by key.
{
  // Pixels around a mark within which the pointer means it.
  const REACH = 28;
  const KEYS = ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"];
  const tip = make("div", { id: "tip", "aria-hidden": "true", hidden: "" });
  document.body.append(tip);
  // `{ plot, mark, byKey }` of the mark that is shown.
  let current = null;

  const ringOf = (plot) => {
    if (!plot.ring) {
      plot.ring = document.createElementNS("http://www.w3.org/2000/svg", "circle");
      plot.ring.setAttribute("class", "ring");
      plot.svg.append(plot.ring);
    }
    return plot.ring;
  };

  // Beside the mark, inside the window.
  const place = () => {
    const { plot, mark } = current;
    const { x, y } = marks.at(mark, plot.layout);
    const spot = new DOMPoint(x, y).matrixTransform(plot.svg.getScreenCTM());
    const { width, height } = tip.getBoundingClientRect();
    const view = document.documentElement;
    const within = (value, size, most) => Math.max(4, Math.min(value, most - size - 4));
    const right = spot.x + 14;
    const left = right + width > view.clientWidth - 4 ? spot.x - 14 - width : right;
    const above = spot.y - 12 - height;
    const top = above < 4 ? spot.y + 16 : above;
    tip.style.left = `${within(left, width, view.clientWidth)}px`;
    tip.style.top = `${within(top, height, view.clientHeight)}px`;
  };

  const hide = () => {
    if (!current) return;
    current.plot.ring?.remove();
    current.plot.ring = null;
    current = null;
    tip.hidden = true;
  };

  const show = (plot, mark, byKey) => {
    if (!mark) {
      hide();
      return;
    }
    if (current && current.plot !== plot) hide();
    const isNew = current?.mark !== mark;
    current = { plot, mark, byKey };
    if (isNew) {
      const { x, y } = marks.at(mark, plot.layout);
      const ring = ringOf(plot);
      ring.setAttribute("cx", x);
      ring.setAttribute("cy", y);
      ring.setAttribute("r", 7 / plot.svg.getScreenCTM().a);
      const text = String(mark[5]);
      const swatch = mark[0] === null ? [] : [make("span", { class: `k k${mark[0] % 8}` })];
      tip.replaceChildren(...swatch, text);
      tip.hidden = false;
      if (byKey) say(text);
    }
    place();
  };

  const attach = (box, layout, all) => {
    const svg = box.querySelector("svg");
    if (!svg) return;
    const plot = { svg, layout, ring: null };
    const under = (event) => {
      const matrix = svg.getScreenCTM();
      const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
      return marks.nearest(all, layout, point, REACH / matrix.a);
    };
    const name = svg.getAttribute("aria-label");
    box.classList.add("plot");
    box.tabIndex = 0;
    // Arrow keys are the reader's only inside an application.
    box.setAttribute("role", "application");
    box.setAttribute("aria-label", `Values of the figure: ${name}. Arrow keys go along a curve and between curves.`);
    box.addEventListener("pointermove", (event) => show(plot, under(event), false));
    box.addEventListener("pointerdown", (event) => show(plot, under(event), false));
    box.addEventListener("pointerleave", (event) => {
      // A lifted finger leaves too, and its value is to stay.
      if (event.pointerType !== "touch") hide();
    });
    box.addEventListener("keydown", (event) => {
      if (!KEYS.includes(event.key) || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      show(plot, marks.step(all, current?.plot === plot ? current.mark : null, event.key), true);
    });
    box.addEventListener("blur", () => {
      if (current?.plot === plot && current.byKey) hide();
    });
  };

  for (const figure of document.querySelectorAll("figure[data-figure]")) {
    const all = marks.of(figure.dataset.figure);
    if (all.length === 0) continue;
    for (const box of figure.querySelectorAll(":scope > .wide")) attach(box, marks.WIDE, all);
    for (const box of figure.querySelectorAll(":scope > .narrow")) attach(box, marks.NARROW, all);
    figure.querySelector("details")?.append(
      make("p", { class: "hint" }, "Values: point at a mark or tap it, or focus the figure and press the arrow keys. Escape closes."),
    );
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") hide();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!event.target.closest?.(".plot")) hide();
  });
  // Under a pointer that rests, the page moves on.
  const moved = () => {
    if (current?.byKey) place();
    else hide();
  };
  window.addEventListener("scroll", moved, { passive: true });
  window.addEventListener("resize", hide);
  window.addEventListener("beforeprint", hide);
  series.follow(() => {
    if (current && !marks.isShown(current.mark)) hide();
  });
}
