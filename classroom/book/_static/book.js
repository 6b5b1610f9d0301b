// Answers are printed, whether they were open or not.
const printed = matchMedia("print");
printed.addEventListener("change", () => {
  for (const answer of document.querySelectorAll("details:not(.code)")) {
    if (printed.matches) {
      answer.dataset.open = answer.open;
      answer.open = true;
    } else {
      answer.open = answer.dataset.open === "true";
    }
  }
});

// What is wider than the window is scrolled with the arrow keys, once Tab has reached it.
const scrolled = "pre, .bd-article table, .math mjx-container, figure.positions .shown";
const reach = () => {
  const room = document.querySelector(".bd-article")?.clientWidth;
  for (const formula of document.querySelectorAll("span.math mjx-container"))
    formula.classList.toggle("wide", formula.firstElementChild.clientWidth > 0.9 * room);
  for (const wide of document.querySelectorAll(scrolled)) {
    if (wide.scrollWidth > wide.clientWidth) wide.tabIndex = 0;
    else wide.removeAttribute("tabindex");
  }
};
for (const event of ["load", "resize", "toggle"]) addEventListener(event, reach, true);
addEventListener("load", () => window.MathJax?.startup?.promise?.then(reach));

// From a disk, a browser does not let a page read others for an extract of what was found.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;

// The theme calls this button by another name than the one that is seen on it.
addEventListener("DOMContentLoaded", () => {
  for (const button of document.querySelectorAll(".search-button-field"))
    button.removeAttribute("aria-label");
});

// A list has items, for those who hear the page.
addEventListener("DOMContentLoaded", () => {
  for (const reference of document.querySelectorAll(".citation-list > .citation"))
    reference.setAttribute("role", "listitem");
});
