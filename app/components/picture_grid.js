// A grid of pictures that are buttons. `data` is JSON in UTF-8, as picture_grid.py sends it.
// Called again on the same parent whenever the data change: it draws everything anew.
// Labels and captions are data: textContent and setAttribute only, never innerHTML.
export default function ({ data, parentElement, setTriggerValue }) {
  const { items, columns, label } = JSON.parse(new TextDecoder().decode(data));
  const grid = parentElement.querySelector(".grid");
  grid.style.setProperty("--columns", columns);
  grid.setAttribute("aria-label", label);
  grid.classList.toggle("plain", items.every((item) => !item.caption.length));
  grid.replaceChildren(...items.map((item) => tile(item, setTriggerValue)));
  return listen(grid);
}

// Pictures and dots of the same image are shown together: pointing at one marks the other, wherever
// it is on the page. Each grid listens once, however often it is drawn.
const listening = new WeakMap();

function listen(grid) {
  if (!listening.has(grid)) {
    const off = new AbortController();
    listening.set(grid, off);
    window.addEventListener(
      "hypuml:point",
      ({ detail }) => {
        for (const button of grid.children) {
          button.classList.toggle("pointed", +button.dataset.row === detail.row);
        }
      },
      { signal: off.signal },
    );
  }
  return () => {
    listening.get(grid)?.abort();
    listening.delete(grid);
  };
}

function point(row) {
  window.dispatchEvent(new CustomEvent("hypuml:point", { detail: { row, from: "grid" } }));
}

function tile(item, setTriggerValue) {
  const button = element("button", `tile ${item.mark}${item.faded ? " faded" : ""}`);
  button.type = "button";
  button.title = item.title;
  button.dataset.row = item.row;
  button.onclick = () => setTriggerValue("pick", item.row);

  const image = element("img");
  Object.assign(image, { alt: item.alt, loading: "lazy", decoding: "sync", width: 96, height: 96 });
  image.draggable = false;
  image.onerror = () => button.classList.add("broken");
  image.src = item.src;
  const look = () => {
    if (item.row >= 0) point(item.row);
    if (item.sharp && !item.eager) sharpen(image, item.sharp);
  };
  if (item.sharp && item.eager) whenIdle(() => sharpen(image, item.sharp));
  button.onpointerenter = button.onfocus = look;
  button.onpointerleave = button.onblur = () => point(-1);
  button.append(image);
  if (item.instead) {
    const name = element("span", "instead", item.instead);
    name.setAttribute("aria-hidden", "true"); // the alternative text says it too
    button.append(name);
  }

  if (item.mark) {
    const mark = element("span", "mark", item.mark === "right" ? "✓" : "✕");
    mark.setAttribute("aria-hidden", "true"); // the alternative text says it in words
    button.append(mark);
  }
  if (item.caption.length) {
    const caption = element("span", "caption");
    item.caption.forEach((text) => caption.append(element("span", "", text)));
    if (item.dot) {
      const dot = element("i", "dot");
      dot.style.background = item.dot;
      caption.lastChild.prepend(dot);
    }
    button.append(caption);
  }
  return button;
}

// After the page has been painted: Safari has no requestIdleCallback.
function whenIdle(act) {
  if (window.requestIdleCallback) requestIdleCallback(act, { timeout: 2000 });
  else setTimeout(act, 200);
}

// The stored thumbnail at once; the larger picture when somebody looks closer.
function sharpen(image, src) {
  if (image.dataset.sharp) return;
  image.dataset.sharp = "asked";
  const better = new Image();
  better.onload = () => (image.src = src);
  better.src = src;
}

function element(name, className = "", text = "") {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  return made;
}
