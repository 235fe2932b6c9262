// Keys of the console: ? help, / search, j and k through the rows of a table, Enter opens one.
(() => {
  "use strict";
  const typing = (node) => node && (node.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(node.tagName));
  const seen = (node) => node.offsetParent !== null;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = document.activeElement;
    if (event.key === "Enter" && at && at.matches("tr[tabindex]")) { at.click(); event.preventDefault(); return; }
    if (typing(at) || document.querySelector(".q-dialog")) return;
    if (event.key === "?") { (document.querySelector(".ar-page-help") || document.querySelector(".ar-help"))?.click(); event.preventDefault(); }
    if (event.key === "/") {
      const box = document.getElementById("ar-search");
      if (box) { box.focus(); event.preventDefault(); }
    }
    if (event.key === "j" || event.key === "k") {
      const rows = [...document.querySelectorAll(".ar-table tr[tabindex]")].filter(seen);
      if (!rows.length) return;
      const now = rows.indexOf(at);
      const next = now < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, now + (event.key === "j" ? 1 : -1)));
      rows[next].focus();
      event.preventDefault();
    }
  });
})();
