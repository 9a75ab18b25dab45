"use strict";
const table = document.getElementById("leaderboard");
const body = table.tBodies[0];
const rows = [...body.rows];

function key(row, column) {
  const cell = row.cells[column];
  const value = cell.dataset.value ?? cell.textContent.trim();
  return value === "" ? null : isNaN(value) ? value : Number(value);
}

function compare(a, b) {
  if (a === null || b === null) return (a === null) - (b === null);
  return typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b));
}

[...table.tHead.rows[0].cells].forEach((head, column) => {
  head.querySelector(".sort").addEventListener("click", () => {
    const rising = head.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", rising ? "ascending" : "descending");
    rows.sort((a, b) => {
      const x = key(a, column), y = key(b, column);
      return x === null || y === null ? compare(x, y) : (rising ? 1 : -1) * compare(x, y);
    });
    body.append(...rows);
  });
});

const filters = [...document.querySelectorAll("[data-filter]")];
function filter() {
  for (const row of rows) {
    row.hidden = filters.some(f => f.value !== "" && row.dataset[f.dataset.filter] !== f.value);
  }
}
filters.forEach(f => f.addEventListener("change", filter));

function open() {
  const target = document.getElementById(location.hash.slice(1));
  if (target instanceof HTMLDetailsElement) {
    target.open = true;
    target.scrollIntoView();
  }
}
addEventListener("hashchange", open);
open();
