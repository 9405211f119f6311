// Light, dark, or as the system wishes.
{
  const themes = ["auto", "light", "dark"];
  const button = document.getElementById("theme");
  let theme = "auto";

  const apply = () => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    button.textContent = `Colours: ${theme}`;
  };
  button.addEventListener("click", () => {
    theme = themes[(themes.indexOf(theme) + 1) % themes.length];
    apply();
    state.set("theme", theme === "auto" ? "" : theme);
  });
  button.hidden = false;
  state.follow(() => {
    const wanted = state.get("theme");
    theme = themes.includes(wanted) ? wanted : "auto";
    apply();
  });
}
