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
  if (item.sharp) {
    const look = () => sharpen(button, image, item.sharp);
    if (item.eager) whenIdle(look);
    else button.onpointerenter = button.onfocus = look;
  }
  button.append(image);

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
function sharpen(button, image, src) {
  button.onpointerenter = button.onfocus = null;
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
