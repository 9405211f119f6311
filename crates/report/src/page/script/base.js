"use strict";
// What the other files share. The page is whole without any of this; text
// goes in as text only, never as markup, for labels come out of files.

const live = document.getElementById("live");

// For screen readers: one place that speaks, so that nothing talks over another.
const say = (text) => {
  live.textContent = text;
};

const make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

// What the reader has chosen stands in the address behind the anchor, as in
// `#noise?hide=1.3&theme=dark`: it survives a reload, can be sent to others,
// and nothing is stored on the reader's machine.
const state = (() => {
  let anchor = "";
  let values = new URLSearchParams();
  const listeners = [];

  const read = () => {
    const hash = location.hash.slice(1);
    const at = hash.indexOf("?");
    anchor = at < 0 ? hash : hash.slice(0, at);
    values = new URLSearchParams(at < 0 ? "" : hash.slice(at + 1));
  };
  const write = () => {
    const query = values.toString();
    const hash = anchor || query ? `#${anchor}${query && "?"}${query}` : "";
    try {
      history.replaceState(null, "", location.href.split("#")[0] + hash);
    } catch {
      // Some viewers forbid it to pages without a host; the choice still holds until a reload.
    }
  };

  read();
  window.addEventListener("hashchange", () => {
    // A link to a section brings an anchor alone; what was chosen stays.
    if (!location.hash.includes("?") && values.toString()) {
      anchor = location.hash.slice(1);
      write();
      return;
    }
    read();
    listeners.forEach((listener) => listener());
  });

  return {
    get: (key) => values.get(key) ?? "",
    set: (key, value) => {
      if (value) values.set(key, value);
      else values.delete(key);
      write();
    },
    // Calls `listener` now and whenever the address brings another state.
    follow: (listener) => {
      listeners.push(listener);
      listener();
    },
    // No element has the name `noise?hide=1`, so the browser did not go there.
    goToAnchor: () => {
      if (anchor && location.hash.includes("?")) {
        document.getElementById(anchor)?.scrollIntoView();
      }
    },
  };
})();
