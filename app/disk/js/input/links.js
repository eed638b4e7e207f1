// Copying the address of the view, and saying what it cannot carry.

/** @import { Disk } from "../disk.js" */

/** @param {Disk} disk */
export async function copyLink(disk) {
  const linked = disk.scene?.query?.linked ?? true;
  const left = linked ? "" : " Your own picture is not in it: a link cannot carry it.";
  let done = "Link copied.";
  try {
    await navigator.clipboard.writeText(location.href);
  } catch {
    done = "The link is the address of this page: copy it there.";
  }
  disk.say(done + left);
  window.setTimeout(() => disk.say(""), linked ? 2200 : 5000);
}
