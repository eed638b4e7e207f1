// Making elements. Text always goes through textContent and attributes through setAttribute: labels
// are data, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** Outlines in a 20 x 20 box, drawn with the text's colour. @type {Record<string, string>} */
const ICONS = {
  home: "M3.5 9.5 10 4l6.5 5.5M5.5 8.5V16h3.2v-4.2h2.6V16h3.2V8.5",
  pictures: "M3.5 4.5h13v11h-13zM3.5 13l3.6-3.8 3 3 2.2-2 4.2 3.8M12.9 7.6h.1",
  lasso: "M10 4c4 0 7 1.9 7 4.3s-3 4.3-7 4.3-7-1.9-7-4.3S6 4 10 4ZM6.2 12c-1.3.6-1.6 2.2-.3 3 " +
    "1.2.7 2.3-.3 1.6-1.5-.3-.5-.8-.9-1.3-1.5M7.3 14.8c.8.6.7 1.6-.1 2.2",
  box: "M3.5 6.5v-3h3M9 3.5h2M13.5 3.5h3v3M16.5 9v2M16.5 13.5v3h-3M11 16.5H9" +
    "M6.5 16.5h-3v-3M3.5 11V9",
  table: "M3.5 4.5h13v11h-13zM3.5 8.2h13M3.5 11.9h13M8 8.2v7.3",
  link: "M8.3 11.7a3 3 0 0 0 4.3 0l2.7-2.7a3 3 0 0 0-4.3-4.3l-1 1M11.7 8.3a3 3 0 0 0-4.3 0" +
    "L4.7 11a3 3 0 0 0 4.3 4.3l1-1",
  close: "M5.5 5.5l9 9M14.5 5.5l-9 9",
  back: "M12 5l-5 5 5 5",
  on: "M8 5l5 5-5 5",
};

/**
 * A new element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name @param {string} [className] @param {string} [text]
 * @param {Record<string, string | number>} [attributes] @returns {HTMLElementTagNameMap[K]}
 */
export function make(name, className = "", text = "", attributes = {}) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  return made;
}

/**
 * Set an element's text, without touching the page when it is there already.
 * @param {Node} node @param {string} text
 */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * One of the outlines, for a button whose label is elsewhere.
 * @param {string} name "home", "pictures", "lasso", "box", "table", "link", "close", "back", "on"
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  for (const [key, value] of [["viewBox", "0 0 20 20"], ["aria-hidden", "true"]]) {
    svg.setAttribute(key, value);
  }
  path.setAttribute("d", ICONS[name] ?? "");
  svg.append(path);
  return svg;
}

/**
 * A quiet square button with an outline instead of words.
 * @param {string} name of the outline
 * @param {string} label what it does
 * @param {() => void} act @returns {HTMLButtonElement}
 */
export function iconButton(name, label, act) {
  const button = make("button", "tool", "", { type: "button", title: label, "aria-label": label });
  button.append(icon(name));
  button.onclick = act;
  return button;
}
