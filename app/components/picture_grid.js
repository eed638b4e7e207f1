// A grid of pictures that are buttons. `data` is what picture_grid.py sends.
// Called again on the same parent whenever the data change: it draws everything anew.
// Labels and captions are data: textContent and setAttribute only, never innerHTML.
export default function ({ data, parentElement, setTriggerValue }) {
  const grid = parentElement.querySelector(".grid");
  grid.style.setProperty("--columns", data.columns);
  grid.setAttribute("aria-label", data.label);
  grid.classList.toggle("plain", data.items.every((item) => !item.caption.length));
  grid.replaceChildren(...data.items.map((item) => tile(item, setTriggerValue)));
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
  if (item.preview) image.style.backgroundImage = `url("${item.preview}")`;
  if (item.sharp) button.onpointerenter = button.onfocus = () => sharpen(button, image, item.sharp);
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
