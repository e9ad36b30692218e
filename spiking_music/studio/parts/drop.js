// Files that are dropped on the page or chosen: recordings first, then their notes.

function takeFiles(take) {
  const isNotes = (file) => /\.midi?$/i.test(file.name);
  const all = (files) => take([...files].sort((a, b) => isNotes(a) - isNotes(b)));
  const over = (event) => {
    event.preventDefault();
    document.body.classList.toggle("over", event.type === "dragover");
    if (event.type === "drop") all(event.dataTransfer.files);
  };
  for (const type of ["dragover", "dragleave", "drop"]) document.addEventListener(type, over);
  const input = document.querySelector("#file");
  input.addEventListener("change", () => {
    all(input.files);
    input.value = "";
  });
}
