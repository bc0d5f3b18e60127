// Begin: what was written into the page becomes the map.

const read = (id) => document.getElementById(id).textContent;
const parsed = (bytes) => JSON.parse(new TextDecoder().decode(bytes));

async function main() {
  const [page, numbers] = await Promise.all(["page-data", "page-values"].map((id) => unpack(read(id))));
  window.viewer = new App(new Network(parsed(page), new Float32Array(numbers)));
  // The first picture is to be seen before the rest is made.
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  window.viewer.network.lists = parsed(await unpack(read("page-lists")));
  window.viewer.furnish();
}

main().catch((error) => {
  const note = document.getElementById("failed");
  note.hidden = false;
  note.textContent = typeof DecompressionStream === "undefined"
    ? "This page needs a browser of 2023 or later (DecompressionStream)." : `The page could not be shown: ${error.message}`;
  throw error;
});
