// Copyright (c) 2026, the voiceops.vapi_didlogic authors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
// Runs the script of a page over data, with as much of a browser as the script uses. Arguments: the script, a JSON list
// of {data, hash, within, marked}. Prints, for each, the number of elements inside the element with the id `within` whose
// class begins with `marked`, or the error.
const [, , script, cases] = process.argv, fs = require("node:fs"), vm = require("node:vm");
class Element {
  constructor(name) { Object.assign(this, { name, children: [], attributes: {}, dataset: {}, style: {}, value: "", textContent: "", clientWidth: 1000, offsetWidth: 10, offsetHeight: 10 }); this.classList = { add() {}, remove() {}, toggle() {} }; }
  append(...children) { for (const child of children) this.insertBefore(child, null); }
  replaceChildren(...children) { this.children = []; this.append(...children); }
  insertBefore(child, before) {
    child?.parent?.children.splice(child.parent.children.indexOf(child), 1);
    this.children.splice(before ? this.children.indexOf(before) : this.children.length, 0, child);
    if (child instanceof Element) child.parent = this;
  }
  remove() { this.parent.children.splice(this.parent.children.indexOf(this), 1); this.parent = null; }
  get firstChild() { return this.children[0] ?? null; }
  get nextSibling() { return this.parent?.children[this.parent.children.indexOf(this) + 1] ?? null; }
  setAttribute(name, value) { this.attributes[name] = String(value); if (name === "id") this.id = String(value); }
  querySelector() { return new Element("x"); }
  querySelectorAll() { return []; }
  getBoundingClientRect() { return { left: 0, right: 0, top: 0, bottom: 0, width: 10, height: 40 }; }
}
for (const name of ["addEventListener", "removeAttribute", "closest", "focus", "scrollIntoView"]) Element.prototype[name] = () => null;
const flat = (made) => (made instanceof Element ? [made, ...made.children.flatMap(flat)] : []);
const answers = JSON.parse(fs.readFileSync(cases, "utf8")).map(({ data, hash, within, marked }) => {
  const known = new Map(), get = (id) => known.get(id) ?? known.set(id, new Element(id)).get(id);
  get("data").textContent = data;
  const document = { getElementById: get, createElement: (name) => new Element(name), createElementNS: (_space, name) => new Element(name), querySelector: () => null, querySelectorAll: () => [], activeElement: null, documentElement: new Element("html") };
  const world = { document, Node: Element, navigator: { language: "en-GB" }, location: { hash }, history: { replaceState() {} }, getComputedStyle: () => ({ paddingLeft: "0", paddingRight: "0" }), addEventListener() {}, getSelection: () => "", innerWidth: 1000, innerHeight: 800, URLSearchParams };
  try {
    vm.runInNewContext(fs.readFileSync(script, "utf8"), world, { timeout: 60000 });
    return flat(get(within)).filter((made) => (made.attributes.class ?? "").startsWith(marked)).length;
  } catch (error) { return String(error?.stack ?? error).slice(0, 400); }
});
console.log(JSON.stringify(answers));
