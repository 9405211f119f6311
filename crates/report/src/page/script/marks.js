// The values of a figure: `[series or null, x, y in the wide drawing, x, y in
// the narrow one, text]`, curve by curve and along each curve.
const marks = (() => {
  const WIDE = 1;
  const NARROW = 3;
  let data = {};
  try {
    data = JSON.parse(document.getElementById("figure-data")?.textContent ?? "{}") ?? {};
  } catch {
    // Figures without values are still figures.
  }

  const isShown = (mark) => mark[0] === null || !series.isHidden(mark[0]);
  const at = (mark, layout) => ({ x: mark[layout], y: mark[layout + 1] });

  // The mark nearest to a point of the drawing, within `reach` of it.
  const nearest = (all, layout, point, reach) => {
    let best = null;
    let least = reach;
    for (const mark of all) {
      const { x, y } = at(mark, layout);
      const distance = Math.hypot(x - point.x, y - point.y);
      // No position in this layout is no number, which is near to nothing.
      if (distance <= least && isShown(mark)) [best, least] = [mark, distance];
    }
    return best;
  };

  // The mark to which a key leads from `from`: along its curve, or to the mark
  // of the next curve that lies closest across.
  const step = (all, from, key) => {
    const shown = all.filter(isShown);
    if (!from || !shown.includes(from)) return shown[0] ?? null;
    const curve = shown.filter((mark) => mark[0] === from[0]);
    const place = curve.indexOf(from);
    switch (key) {
      case "ArrowRight":
        return curve[Math.min(place + 1, curve.length - 1)];
      case "ArrowLeft":
        return curve[Math.max(place - 1, 0)];
      case "Home":
        return curve[0];
      case "End":
        return curve.at(-1);
    }
    const curves = [...new Set(shown.map((mark) => mark[0]))];
    const next = (curves.indexOf(from[0]) + (key === "ArrowDown" ? 1 : -1) + curves.length) % curves.length;
    // Panels stand side by side in the wide drawing, so x alone tells them apart there.
    const across = (mark) => Math.hypot((mark[WIDE] - from[WIDE]) * 8, mark[WIDE + 1] - from[WIDE + 1]);
    return shown
      .filter((mark) => mark[0] === curves[next])
      .reduce((best, mark) => (across(mark) < across(best) ? mark : best));
  };

  return {
    WIDE,
    NARROW,
    at,
    isShown,
    nearest,
    step,
    of: (figure) => (Object.hasOwn(data, figure) && Array.isArray(data[figure]) ? data[figure] : []),
  };
})();
