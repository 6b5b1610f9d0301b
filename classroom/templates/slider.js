// Shows the picture that was drawn for where the ranges stand.
addEventListener("input", ({ target }) => {
  const figure = target.closest?.("figure.positions");
  if (!figure) return;
  let at = 0;
  for (const range of figure.querySelectorAll("input")) {
    const labels = JSON.parse(range.dataset.labels);
    at = at * labels.length + range.valueAsNumber;
    range.setAttribute("aria-valuetext", labels[range.valueAsNumber]);
    range.nextElementSibling.textContent = labels[range.valueAsNumber];
  }
  [...figure.querySelector(".shown").children].forEach((one, place) => one.hidden = place !== at);
});
