// Begin: what was written into the page becomes the map.

const read = (id) => document.getElementById(id).textContent;

async function main() {
const [page, numbers] = await Promise.all(["page-data", "page-values"].map((id) => unpack(read(id))));
  const data = JSON.parse(new TextDecoder().decode(page));
  window.viewer = new App(new Network(data, new Float32Array(numbers)));
}

main().catch((error) => {
  const note = document.getElementById("failed");
  note.hidden = false;
  note.textContent = typeof DecompressionStream === "undefined"
    ? "This page needs a browser of 2023 or later (DecompressionStream)." : `The page could not be shown: ${error.message}`;
  throw error;
});
