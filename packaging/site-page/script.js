"use strict";
// Shows the output that the form selects. The program printed all of them: this script only loads and shows them.

const parts = ["form", "unknown", "status", "result"];
const [form, unknown, notice, result] = parts.map((id) => document.getElementById(id));
const fields = ["edition", "region", "direction", "format"].map((name) => form.elements[name]);
// The outputs of all formats, by EDITION/REGION/DIRECTION.
const received = new Map();

const STEPS = {
  load: "Load: give the rules to the firewall",
  hook: "Hook: make the firewall use them",
  boot: "Boot: keep the rules across a reboot",
  remove: "Remove the rules",
};

// The files in page/ call this function. A page on a disk can load scripts, but no other files.
function receive(folder, outputs) {
  received.set(folder, outputs);
  if (folder === selectedFolder()) {
    show();
  }
}

function selectedFolder() {
  return fields.slice(0, 3).map((field) => field.value).join("/");
}

function selectedFile() {
  return `rules/${selectedFolder()}/${selectedFormat().dataset.file}`;
}

function selectedFormat() {
  return form.elements.format.selectedOptions[0];
}

function update() {
  const folder = selectedFolder();
  for (const name of ["edition", "format"]) {
    const [option] = form.elements[name].selectedOptions;
    document.getElementById(`${name}-help`).textContent = `${option.dataset.summary}.`;
  }
  if (received.has(folder)) {
    show();
    return;
  }
  result.hidden = true;
  notice.textContent = "Loading the output.";
  const script = document.createElement("script");
  script.src = `page/${folder}.js`;
  script.addEventListener("error", () => {
    notice.textContent = `Cannot load page/${folder}.js. The output is in ${selectedFile()}.`;
  });
  document.head.append(script);
}

function show() {
  const output = received.get(selectedFolder())[form.elements.format.value];
  result.hidden = output.text === undefined;
  if (result.hidden) {
    notice.textContent = `There is no output for this selection: ${output.reason}.`;
    return;
  }
  const file = document.getElementById("file");
  file.href = selectedFile();
  file.textContent = `Open ${selectedFormat().dataset.file}`;
  document.getElementById("text").textContent = output.text;
  document.getElementById("notes").replaceChildren(...output.notes.map((note) => element("li", note)));
  document.getElementById("loading").hidden = output.steps.length === 0;
  document.getElementById("steps").replaceChildren(...Object.keys(STEPS).flatMap((step) => commands(step, output)));
  document.getElementById("call").replaceChildren(...block([output.command], "command of the program"));
  const lines = output.text.trimEnd().split("\n").length;
  const selection = fields.map((field) => `${field.name} ${field.value}`).join(", ");
  notice.textContent = `Output for ${selection}: ${lines} lines.`;
}

// The commands for a step, with a heading. A format needs no commands for some steps.
function commands(step, output) {
  const lines = output.steps.filter(([name]) => name === step).map(([, line]) => line);
  if (lines.length === 0) {
    return [];
  }
  return [element("h3", STEPS[step]), ...block(lines, `${step} commands`)];
}

// Commands, each on its own lines, and the button that copies them.
function block(lines, name) {
  const shown = element("pre", "");
  shown.className = "command";
  const last = lines.length - 1;
  shown.append(...lines.map((line, index) => element("code", index === last ? line : `${line}\n`)));
  const button = element("button", `Copy the ${name}`);
  button.type = "button";
  button.addEventListener("click", () => copy(shown, name));
  return [shown, button];
}

function element(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

async function copy(shown, name) {
  try {
    await navigator.clipboard.writeText(shown.textContent);
    notice.textContent = `Copied the ${name}.`;
  } catch {
    // Without permission, or without HTTPS, only selected text can be copied.
    getSelection().selectAllChildren(shown);
    notice.textContent = document.execCommand("copy")
      ? `Copied the ${name}.`
      : `The browser does not allow copying. The ${name} is selected: copy it with the keyboard or the menu.`;
  }
}

// The browser copies the selected text as it shows it, without its last line feed.
function copyExactly(event) {
  const selection = getSelection();
  const shown = [...document.querySelectorAll("pre")].find((element) => isSelected(element, selection));
  if (shown) {
    event.clipboardData.setData("text/plain", shown.textContent);
    event.preventDefault();
  }
}

function isSelected(shown, selection) {
  const begins = selection.anchorNode === shown && selection.anchorOffset === 0;
  return begins && selection.focusNode === shown && selection.focusOffset === shown.childNodes.length;
}

// The fragment of the address contains the selection, so that people can link to it.
function remember() {
  const values = fields.map((field) => [field.name, field.value]);
  history.replaceState(null, "", `#${new URLSearchParams(values)}`);
}

// An address with a typing error must not look like the selection that its author meant.
function recall() {
  const fragment = location.hash.slice(1);
  const isSelection = fragment.includes("=");
  const wrong = [];
  for (const [name, value] of isSelection ? new URLSearchParams(fragment) : []) {
    const field = fields.find((one) => one.name === name);
    if (field && [...field.options].some((option) => option.value === value)) {
      field.value = value;
    } else {
      wrong.push(`${name}=${value}`);
    }
  }
  const shown = fields.map((field) => `${field.name}=${field.value}`).join(", ");
  const problem = `The address of this page contains ${wrong.join(", ")}, which this site does not have.`;
  unknown.textContent = wrong.length > 0 ? `${problem} It shows ${shown} instead.` : "";
}

document.addEventListener("copy", copyExactly);
form.addEventListener("change", () => {
  unknown.textContent = "";
  remember();
  update();
});
form.addEventListener("submit", (event) => event.preventDefault());
addEventListener("hashchange", () => {
  recall();
  update();
});
document.getElementById("copy").addEventListener("click", () => copy(document.getElementById("text"), "output"));
document.getElementById("without-script").hidden = true;
form.hidden = false;
recall();
update();
