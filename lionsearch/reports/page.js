"use strict";
(() => {
  const said = document.getElementById("said");
  const copy = async (text, place) => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const range = document.createRange();
      range.selectNodeContents(place);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      if (!document.execCommand("copy")) throw new Error("nothing was copied");
    }
  };
  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = false;
    const label = button.firstChild;
    button.addEventListener("click", async () => {
      const place = document.getElementById(button.dataset.copy);
      try {
        await copy(place.textContent, place);
        label.data = "Copied";
      } catch {
        label.data = "Select and copy";
      }
      said.textContent = label.data;
      setTimeout(() => { label.data = "Copy"; }, 1500);
    });
  }
  const open = () => {
    const place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const details = place && place.closest("details");
    if (!details) return;
    details.open = true;
    place.focus({ preventScroll: true });
    details.scrollIntoView({ block: "nearest" });
  };
  addEventListener("hashchange", open);
  for (const link of document.querySelectorAll('a[href^="#"]')) link.addEventListener("click", () => setTimeout(open));
  open();

  if (!("live" in document.body.dataset)) return;
  const key = "lionsearch " + location.pathname;
  const all = () => [...document.querySelectorAll("details")];
  const name = (details) => (details.querySelector("[id]") || {}).id;
  const kept = JSON.parse(sessionStorage.getItem(key) || "null");
  if (kept) {
    for (const details of all()) details.open ||= kept.open.includes(name(details));
    scrollTo({ top: kept.y, behavior: "instant" });
  }
  setInterval(async () => {
    let found;
    try {
      found = await fetch(location.pathname, { method: "HEAD", cache: "no-store" });
    } catch {
      said.textContent = "lionsearch watch has ended";
      return;
    }
    if (found.headers.get("ETag") !== `"${document.body.dataset.live}"`) {
      sessionStorage.setItem(key, JSON.stringify({ y: scrollY, open: all().filter((each) => each.open).map(name) }));
      location.reload();
    }
  }, 3000);
})();
