// The way in: Streamlit calls `mount` when the component appears and again, on the same element,
// whenever Python sends another scene.

import { Disk } from "./disk.js";
import { snapshot } from "./snapshot.js";

/** @type {WeakMap<Element, Disk>} */
const disks = new WeakMap();

/**
 * @param {{data: Uint8Array, parentElement: Element,
 *          setTriggerValue: (name: string, value: unknown) => void}} args
 * @returns {() => void} called when the component goes away
 */
export function mount({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".hypdisk");
  if (!(root instanceof HTMLElement)) throw new Error("there is no element for the disk");
  const disk = disks.get(root) ?? new Disk(root, {
    query: (row) => setTriggerValue("query", row),
    select: (rows) => setTriggerValue("select", { rows }),
    threshold: (value) => setTriggerValue("threshold", value),
    view: (layout, at) => setTriggerValue("view", { layout, at }),
    handle: (id, at) => setTriggerValue("handle", { id, at }),
    highlight: (path) => setTriggerValue("highlight", { path }),
  });
  disks.set(root, disk);
  Object.assign(root, { snapshot: () => snapshot(disk) });
  disk.update(JSON.parse(new TextDecoder().decode(data)));
  return () => {
    disks.get(root)?.destroy();
    disks.delete(root);
  };
}
