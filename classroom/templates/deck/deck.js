// Lays a slide out when it comes up, and lets sliders and the keys of a remote live together.

const HEIGHT = 720, ROOM = 700, LEAST_TYPE = 20.5, LARGEST_TYPE = 34;

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

// Where there is no picture, text and code are as large as they can be.
function type(slide) {
  for (const size of [46, 40, 36, 32]) {
    slide.style.fontSize = `${size}px`;
    slide.style.setProperty("--code", `${0.75 * size}px`);
    if (slide.scrollHeight <= ROOM - 40 && !tooWide(slide, slide.clientWidth - 40)) return;
  }
  slide.style.fontSize = "";
  slide.style.removeProperty("--code");
}

// A picture is as large as it can be: below the text, or beside it.
function picture(slide, image) {
  const box = image.closest(".jp-Cell-outputWrapper");
  const shape = image.naturalWidth / image.naturalHeight;
  const widest = Math.min(slide.clientWidth - 104, limit(image));
  const set = (width) => slide.style.setProperty("--picture", `${Math.floor(width)}px`);
  const below = () => {
    box.classList.remove("beside");
    slide.style.removeProperty("--column");
    set(0);
    const width = Math.min(widest, (ROOM - slide.scrollHeight) * shape);
    set(width);
    return width;
  };
  const beside = (least) => {
    const heading = slide.querySelector("h1, h2");
    box.classList.add("beside");
    box.style.top = `${heading.offsetTop + heading.offsetHeight + 12}px`;
    for (let width = Math.min(widest, 700); width > least; width -= 20) {
      set(width);
      slide.style.setProperty("--column", `${width + 36}px`);
      if (box.offsetTop + box.offsetHeight <= ROOM && slide.scrollHeight <= HEIGHT
        && !tooWide(slide, slide.clientWidth - 82 - width)) return width;
    }
    return 0;
  };
  for (const size of [30, 27, 24]) { // the text gives way where a picture would be too small
    slide.style.fontSize = `${size}px`;
    const width = below(), better = beside(Math.max(width * 1.04, 300));
    if (!better) below();
    if (Math.max(width, better) * (image.dataset.typePerWidth || 1) >= LEAST_TYPE) return;
  }
}

// No wider than makes the smallest type in the picture as large as a heading.
const limit = (image) => LARGEST_TYPE / Number(image.dataset.typePerWidth || 0.015);

function fit() {
  const slide = Reveal.getCurrentSlide();
  const [image] = own(slide, "img").filter((e) => !e.closest("[hidden]"));
  if (image) picture(slide, image);
  else type(slide);
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
