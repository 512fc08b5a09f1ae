// The document. Text of others comes in as text nodes only, never as markup.

/** Return the element of that id. */
export function byId(id) {
  return document.getElementById(id);
}

/** Return a new element; properties are set as they are, `aria-` and `data-` as attributes. */
export function create(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children);
  return node;
}

/** Set the text of a node, unless it is that already. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Make the children of `parent` be one for each of `items`, in their order, without making anew
 * those that are there. `make(item)` returns a node, `key(item)` what tells it from others.
 */
export function keyed(parent, items, key, make) {
  const known = new Map([...parent.children].map((node) => [node.key, node]));
  const nodes = items.map((item) => {
    const node = known.get(key(item)) ?? make(item);
    node.key = key(item);
    return node;
  });
  if (nodes.length !== parent.children.length || nodes.some((n, i) => n !== parent.children[i])) {
    const focused = document.activeElement;
    parent.replaceChildren(...nodes);
    if (parent.contains(focused)) focused.focus({ preventScroll: true });
  }
  return nodes;
}
