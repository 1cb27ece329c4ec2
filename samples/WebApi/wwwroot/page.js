"use strict";

const byId = id => document.getElementById(id);
const drop = byId("drop");
// Only the picture that was dropped last may show its answer.
let latest = 0;

byId("file").addEventListener("change", event => show(event.target.files[0]));
drop.addEventListener("dragover", event => { event.preventDefault(); drop.classList.add("over"); });
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", event => {
  event.preventDefault();
  drop.classList.remove("over");
  show(event.dataTransfer.files[0]);
});

async function show(file) {
  if (!file) return;
  const turn = ++latest;
  const preview = byId("preview");
  URL.revokeObjectURL(preview.src);
  preview.src = URL.createObjectURL(file);
  preview.hidden = false;
  byId("hint").hidden = true;
  byId("result").hidden = byId("where").hidden = byId("alike").hidden = true;
  byId("message").textContent = "Looking ...";
  try {
    const answer = await (await post("classify", file)).json();
    if (turn !== latest) return;
    byId("classes").replaceChildren(...answer.classes.map(row));
    byId("model").textContent = answer.model ? `Model ${answer.model}` : "";
    byId("result").hidden = false;
    byId("message").textContent = answer.classes.length ? "" : "No class reaches its threshold.";
    const map = await (await post("map", file)).blob();
    if (turn !== latest) return;
    URL.revokeObjectURL(byId("map").src);
    byId("map").src = URL.createObjectURL(map);
    byId("where").hidden = false;
    const similar = await (await post("similar", file)).json();
    if (turn !== latest) return;
    byId("similar").replaceChildren(...similar.map(figure));
    byId("alike").hidden = similar.length === 0;
  } catch (problem) {
    if (turn === latest) byId("message").textContent = problem.message;
  }
}

async function post(url, file) {
  const response = await fetch(url, { method: "POST", body: file });
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new Error(problem.detail ?? problem.title ?? `The server answers ${response.status}.`);
}

function row(found) {
  const item = element("li");
  const bar = element("div", "bar");
  bar.append(element("div"));
  bar.firstChild.style.width = `${100 * found.probability}%`;
  item.append(element("span", "", found.label), bar, element("span", "value", `${(100 * found.probability).toFixed(1)} %`));
  return item;
}

function figure(picture) {
  const item = element("figure");
  const image = element("img");
  image.src = picture.url;
  image.alt = decodeURIComponent(picture.url.split("/").pop());
  item.append(image, element("figcaption", "", picture.similarity.toFixed(2)));
  return item;
}

function element(name, className = "", text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}
