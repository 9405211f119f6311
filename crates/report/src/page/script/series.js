// Which optimizers are shown. A series is an optimizer's place in the plan, as
// text; figures and tables mark with it what belongs to the optimizer.
const series = (() => {
  const bar = document.getElementById("optimizers");
  const buttons = bar ? [...bar.querySelectorAll("[data-toggle]")] : [];
  const known = buttons.map((button) => button.dataset.toggle);
  const groups = [...document.querySelectorAll("figure g[data-series]")];
  let hidden = new Set();
  const listeners = [];

  const apply = () => {
    for (const group of groups) group.classList.toggle("off", hidden.has(group.dataset.series));
    for (const button of buttons) {
      button.setAttribute("aria-pressed", String(!hidden.has(button.dataset.toggle)));
    }
    listeners.forEach((listener) => listener());
  };
  const choose = (next) => {
    hidden = new Set(next);
    apply();
    state.set("hide", known.filter((one) => hidden.has(one)).join("."));
    say(`${known.length - hidden.size} of ${known.length} optimizers shown`);
  };

  bar?.addEventListener("click", (event) => {
    const data = event.target.closest("button")?.dataset;
    if (!data) return;
    if (data.toggle) {
      const next = new Set(hidden);
      if (!next.delete(data.toggle)) next.add(data.toggle);
      choose(next);
    } else if (data.only) {
      const others = known.filter((one) => one !== data.only);
      // The second press on "only" brings the others back.
      const alone = !hidden.has(data.only) && others.every((one) => hidden.has(one));
      choose(alone ? [] : others);
    } else if (data.all) {
      choose(data.all === "true" ? [] : known);
    }
  });
  if (bar) {
    bar.hidden = false;
    // What is scrolled to must not end up behind the bar.
    const room = () => {
      const isSticky = getComputedStyle(bar).position === "sticky";
      document.documentElement.style.setProperty("--bar", `${isSticky ? bar.offsetHeight : 0}px`);
    };
    window.addEventListener("resize", room);
    room();
  }
  state.follow(() => {
    const wanted = state.get("hide").split(".");
    hidden = new Set(known.filter((one) => wanted.includes(one)));
    apply();
  });

  return {
    isHidden: (one) => hidden.has(String(one)),
    follow: (listener) => {
      listeners.push(listener);
      listener();
    },
  };
})();
