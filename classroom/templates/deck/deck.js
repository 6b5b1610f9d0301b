// Lays a slide out when it comes up, and lets sliders and the keys of a remote live together.

const HEIGHT = 720, ROOM = 700, LARGEST_TYPE = 34;

const lengthOn = (pixels) => pixels / Reveal.getScale();
const own = (slide, what) => [...slide.querySelectorAll(what)].filter((e) => !e.closest("aside"));

// What stands to the right of a column, or is scrolled in it, is too wide for it.
function tooWide(slide, column) {
  const edge = slide.getBoundingClientRect().left / Reveal.getScale() + column;
  return own(slide, "pre, mjx-container svg, li, p")
    .filter((e) => !e.closest("figure"))
    .some((e) => lengthOn(e.getBoundingClientRect().right) > edge + 1
      || (e.matches("pre") && e.scrollWidth > e.clientWidth + 1));
}

function bottom(slide, without) {
  const top = slide.getBoundingClientRect().top;
  return Math.max(0, ...[...slide.querySelectorAll(":scope > *, :scope > .fragment > *")]
    .filter((e) => !e.matches("aside, .beside") && e !== without)
    .map((e) => lengthOn(e.getBoundingClientRect().bottom - top)));
}

function type(slide) {
  for (const size of [40, 36, 32]) {
    slide.style.fontSize = `${size}px`;
    if (slide.scrollHeight <= ROOM - 40 && !tooWide(slide, slide.clientWidth - 40)) return;
  }
  slide.style.fontSize = "";
}

// A picture is as large as it can be: below the text, or beside it.
function picture(slide, image) {
  const box = image.closest(".jp-Cell-outputWrapper");
  const shape = image.naturalWidth / image.naturalHeight;
  const widest = Math.min(slide.clientWidth - 104, limit(image));
  const set = (width) => slide.style.setProperty("--picture", `${Math.floor(width)}px`);
  box.classList.remove("beside");
  slide.style.removeProperty("--column");
  set(0);
  const below = Math.min(widest, (ROOM - slide.scrollHeight) * shape);
  const heading = slide.querySelector("h1, h2");
  const top = heading ? heading.offsetTop + heading.offsetHeight + 12 : 14;
  box.classList.add("beside");
  box.style.top = `${top}px`;
  const most = Math.min(widest, 760);
  for (let width = most; width > Math.max(below * 1.04, 300); width -= 20) {
    set(width);
    slide.style.setProperty("--column", `${width + 36}px`);
    const fits = top + box.offsetHeight <= ROOM && slide.scrollHeight <= HEIGHT
      && !tooWide(slide, slide.clientWidth - 52 - width - 30);
    if (fits) return;
  }
  box.classList.remove("beside");
  slide.style.removeProperty("--column");
  set(below);
}

// No wider than makes the smallest type in the picture as large as a heading.
function limit(image) {
  const points = Number(image.dataset.smallestType || 10);
  return (LARGEST_TYPE / points) * 72 * (image.getAttribute("width") / 84);
}

function fit() {
  const slide = Reveal.getCurrentSlide();
  const [image] = own(slide, "img").filter((e) => !e.closest("[hidden]"));
  if (image) picture(slide, image);
  else if (own(slide, ".jp-CodeCell").length === 0) type(slide);
}

// --- keys ---------------------------------------------------------------------------------

function move(steps) {
  const range = Reveal.getCurrentSlide().querySelector("figure.positions input");
  if (!range || range.closest(".fragment:not(.visible)")) return steps > 0 ? Reveal.prev() : Reveal.next();
  range.stepUp(steps);
  range.dispatchEvent(new Event("input", { bubbles: true }));
}

const isRange = (e) => e?.matches?.("input[type=range]");

// Once the mouse has let go of a slider, the keys belong to the slides again.
addEventListener("pointerup", ({ target }) => isRange(target) && setTimeout(() => target.blur()));
addEventListener("keydown", ({ key }) => {
  if (["PageDown", "PageUp", " ", "Escape"].includes(key) && isRange(document.activeElement))
    document.activeElement.blur();
}, true);

const loaded = new Promise((done) =>
  document.readyState === "complete" ? done() : addEventListener("load", done));

async function start() {
  await loaded;
  await Reveal.initialize({
    width: 1280, height: HEIGHT, margin: 0, center: false, hash: true,
    navigationMode: "linear", // Right and Left go through every slide, those below another too
    keyboard: { 38: () => move(1), 40: () => move(-1) },
    slideNumber: "c/t", transition: "none", plugins: [RevealNotes],
  });
  Reveal.on("slidechanged", fit);
  fit();
}
