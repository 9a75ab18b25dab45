"use strict";
/* data.js calls graph.data, since a page opened from disk may not read files. */
const graph = (() => {
  const FAINT = 80;
  const LISTED = 14;
  const SPACE = 15;
  const PER_LINE = 7;
  const LABELS = 56;
  let file = null;
  let about = {};
  let nodes = [];
  let links = [];
  const byId = new Map();
  let chosen = null;
  let pinned = [];
  let groups = [];
  let picked = new Set();
  let labels = {};
  let drawnOnce = false;
  const $ = (id) => document.getElementById(id);

  function escape(text) {
    return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  }
  const number = (x) => (x === 0 ? "0" : Math.abs(x) >= 100 ? x.toFixed(0) : x.toPrecision(3));
  const visible = (text) => text.replace(/\n/g, "⏎").replace(/\t/g, "⇥").replace(/ /g, "␣");

  // ---------------------------------------------------------------- what nodes are

  const KINDS = { "cross layer transcoder": "latent", "mlp reconstruction error": "error", embedding: "token", logit: "logit" };

  function load(content) {
    file = content;
    nodes = content.nodes.map((node, order) => ({
      id: node.node_id, kind: KINDS[node.feature_type] || "latent", layer: node.layer, position: node.ctx_idx,
      clerp: node.clerp || "", activation: node.activation, influence: node.influence ?? 0, probability: node.token_prob,
      order, inputs: [], outputs: [],
    }));
    byId.clear();
    nodes.forEach((node) => byId.set(node.id, node));
    links = content.links.map((link) => ({ source: byId.get(link.source), target: byId.get(link.target), weight: link.weight }));
    links.forEach((link) => { link.source.outputs.push(link); link.target.inputs.push(link); });
    const sizes = (list) => list.sort((a, b) => Math.abs(b.weight) - Math.abs(a.weight));
    nodes.forEach((node) => { sizes(node.inputs); sizes(node.outputs); });
    const layers = nodes.filter((n) => n.kind === "latent" || n.kind === "error").map((n) => Number(n.layer));
    const last = Math.max(-1, ...layers, ...nodes.filter((n) => n.kind === "logit").map((n) => Number(n.layer) - 2));
    nodes.forEach((node) => { node.row = node.kind === "token" ? -1 : node.kind === "logit" ? last + 1 : Number(node.layer); });
    flow();
    takeView(content.qParams || {});
  }

  /* How much of the logits' influence goes along each edge. */
  function flow() {
    nodes.forEach((node) => { node.flow = node.kind === "logit" ? node.probability : 0; });
    [...nodes].sort((a, b) => b.row - a.row).forEach((node) => {
      const size = node.inputs.reduce((sum, l) => sum + Math.abs(l.weight), 0);
      node.inputs.forEach((l) => { l.flow = node.flow * Math.abs(l.weight) / size; l.source.flow += l.flow; });
    });
  }

  function takeView(view) {
    pinned = (view.pinnedIds || []).filter((id) => byId.has(id));
    groups = (view.supernodes || []).map(([name, ...ids]) => ({ name, ids: ids.filter((id) => byId.has(id)) })).filter((g) => g.ids.length);
    groups.forEach((group) => group.ids.forEach((id) => { if (!pinned.includes(id)) pinned.push(id); }));
  }

  const token = (position) => file.metadata.prompt_tokens[position] ?? "";
  const feature = (node) => node.id.split("_")[1];

  function name(node) {
    if (labels[node.id]) return labels[node.id];
    if (node.kind === "token") return `“${visible(token(node.position))}”`;
    if (node.kind === "logit") return (/^Output "(.*)" \(p=[^)]*\)$/s.exec(node.clerp) || [0, node.clerp || `token ${feature(node)}`])[1].replace(/^.*$/s, "“$&”");
    if (node.kind === "error") return `error of layer ${node.layer}`;
    if (node.clerp) return node.clerp;
    const found = about[`${node.layer}_${feature(node)}`];
    const top = found && found.top.length ? found.top.slice(0, 3).map((t) => t.token).join(" ") : "";
    return top ? `${feature(node)}: ${top}` : `latent ${feature(node)}`;
  }
  function where(node) {
    const at = `@${node.position} ${visible(token(node.position))}`;
    return node.kind === "token" ? `@${node.position}` : node.kind === "logit" ? `next, ${(100 * node.probability).toPrecision(2)} %` : `L${node.layer} ${at}`;
  }

  const threshold = () => Number($("threshold").value) / 100;
  const isShown = (node) => node.kind === "token" || node.kind === "logit" || node.influence <= threshold() + 1e-9 || pinned.includes(node.id) || node === chosen;

  // ---------------------------------------------------------------- the graph

  function place(shown, width, height) {
    const columns = new Map();
    shown.forEach((node) => {
      if (!columns.has(node.position)) columns.set(node.position, new Map());
      const rows = columns.get(node.position);
      if (!rows.has(node.row)) rows.set(node.row, []);
      rows.get(node.row).push(node);
    });
    const count = file.metadata.prompt_tokens.length;
    const wanted = [];
    for (let p = 0; p < count; p++) {
      const cells = [...(columns.get(p) || new Map()).values()];
      if (cells.every((cell) => cell.every(isAlone))) { wanted.push(12); continue; }
      const most = Math.max(1, ...cells.map((cell) => Math.min(PER_LINE, cell.length)));
      wanted.push(Math.max(34, most * SPACE + 16, Math.min(16, visible(token(p)).length) * 7.4 + 12));
    }
    const left = 4, top = 12, bottom = 34;
    const sum = wanted.reduce((a, b) => a + b, 0);
    const stretch = Math.max(1, (width - left - 10) / sum);
    const rows = Math.max(...nodes.map((n) => n.row)) + 2;
    const lines = new Array(rows).fill(1);
    columns.forEach((cells) => cells.forEach((cell, row) => { lines[row + 1] = Math.max(lines[row + 1], Math.ceil(cell.length / PER_LINE)); }));
    const allLines = lines.reduce((a, b) => a + b + 1.2, 0);
    const unit = Math.max(15, (height - top - bottom) / allLines);
    const bands = [];
    let y = top + unit * allLines;
    lines.forEach((n, row) => { const h = unit * (n + 1.2); y -= h; bands.push({ row: row - 1, y, h }); });
    let x = left;
    const spans = wanted.map((w) => { const span = { x, w: w * stretch }; x += span.w; return span; });
    columns.forEach((cells, p) => cells.forEach((cell, row) => {
      cell.sort((a, b) => (a.kind === "error") - (b.kind === "error") || a.order - b.order);
      const band = bands[row + 1], n = Math.ceil(cell.length / PER_LINE), per = Math.ceil(cell.length / n);
      cell.forEach((node, i) => {
        const line = Math.floor(i / per), inLine = Math.min(per, cell.length - line * per);
        const step = Math.min(SPACE * 1.6, (spans[p].w - 12) / Math.max(1, inLine));
        node.x = spans[p].x + spans[p].w / 2 + ((i % per) - (inLine - 1) / 2) * step;
        node.y = band.y + band.h / 2 + (line - (n - 1) / 2) * unit;
      });
    }));
    return { bands, spans, width: Math.max(width, x + 10), height: top + unit * allLines + bottom, bottom, last: rows - 2 };
  }

  /* Of a long prompt most tokens have no part in it. */
  const isAlone = (node) => node.kind === "token" && !node.outputs.length && node !== chosen;

  function curve(a, b) {
    const middle = (a.y + b.y) / 2;
    return `M${a.x.toFixed(1)} ${a.y.toFixed(1)}C${a.x.toFixed(1)} ${middle.toFixed(1)} ${b.x.toFixed(1)} ${middle.toFixed(1)} ${b.x.toFixed(1)} ${b.y.toFixed(1)}`;
  }

  function dot(node, classes) {
    const r = 5;
    const title = `<title>${escape(name(node))} · ${escape(where(node))}</title>`;
    const common = `class="dot ${node.kind} ${classes}" data-id="${escape(node.id)}"`;
    if (node.kind === "error") return `<path ${common} d="M${node.x} ${node.y - r - 1}l${r + 1} ${r + 1}l${-r - 1} ${r + 1}l${-r - 1} ${-r - 1}z">${title}</path>`;
    if (node.kind === "latent") return `<circle ${common} cx="${node.x}" cy="${node.y}" r="${r}">${title}</circle>`;
    return `<rect ${common} x="${node.x - r}" y="${node.y - r}" width="${2 * r}" height="${2 * r}" rx="2">${title}</rect>`;
  }

  function draw() {
    const shown = nodes.filter(isShown);
    const set = new Set(shown);
    const box = $("graph");
    const plan = place(shown, box.clientWidth - LABELS, box.clientHeight - 4);
    const kind = $("links").value;
    const visibleLinks = links.filter((link) => set.has(link.source) && set.has(link.target));
    const near = new Map();
    let drawn;
    if (chosen) {
      drawn = visibleLinks.filter((l) => (l.target === chosen && kind !== "out") || (l.source === chosen && kind !== "in"));
      drawn.forEach((l) => near.set(l.target === chosen ? l.source : l.target, l.target === chosen ? "in" : "out"));
    } else {
      drawn = strongest(visibleLinks);
    }
    const size = (l) => (chosen ? Math.abs(l.weight) : l.flow);
    const most = drawn.reduce((a, l) => Math.max(a, size(l)), 1e-9);
    const words = $("search").value.trim().toLowerCase();
    const parts = [], names = [];
    plan.bands.forEach((band) => {
      const background = (width) => (band.row % 2 === 0 ? `<rect class="band" x="0" y="${band.y}" width="${width}" height="${band.h}"/>` : "");
      parts.push(background(plan.width));
      const label = band.row < 0 ? "tokens" : band.row === plan.last ? "logits" : `layer ${band.row}`;
      names.push(background(LABELS) + `<text class="layer" x="8" y="${band.y + band.h / 2 + 4}">${label}</text>`);
    });
    plan.spans.forEach((span, p) => {
      parts.push(`<line class="column" x1="${span.x}" x2="${span.x}" y1="8" y2="${plan.height - 8}"/>`);
      const text = visible(token(p));
      if (span.w > 24) parts.push(`<text x="${span.x + span.w / 2}" y="${plan.height - 16}" text-anchor="middle">${escape(text.length > 16 ? text.slice(0, 15) + "…" : text)}</text>`);
    });
    drawn.forEach((l) => {
      const share = size(l) / most;
      parts.push(`<path class="edge${l.weight < 0 ? " minus" : ""}" d="${curve(l.source, l.target)}" stroke-width="${(0.6 + 3.4 * share).toFixed(2)}" stroke-opacity="${(chosen ? 0.25 + 0.65 * share : 0.08 + 0.4 * share).toFixed(2)}"/>`);
    });
    shown.forEach((node) => {
      const classes = [];
      if (node === chosen) classes.push("chosen");
      else if (chosen) classes.push(near.get(node) || "far");
      if (pinned.includes(node.id)) classes.push("pinned");
      if (labels[node.id]) classes.push("named");
      if (words && matches(node, words)) classes.push("found");
      parts.push(dot(node, classes.join(" ")));
    });
    const scrolled = drawnOnce ? box.scrollLeft : 1e6;
    box.innerHTML = `<svg class="rows" width="${LABELS}" height="${plan.height}" aria-hidden="true">${names.join("")}</svg><svg width="${plan.width}" height="${plan.height}" role="img" aria-label="nodes by layer and position">${parts.join("")}</svg>`;
    box.scrollLeft = scrolled;
    drawnOnce = true;
    $("kept").textContent = `${shown.length} nodes`;
  }

  const strongest = (list) => [...list].sort((a, b) => b.flow - a.flow).slice(0, FAINT);
  const matches = (node, words) => (name(node) + " " + where(node) + " " + node.id + " " + token(node.position)).toLowerCase().includes(words);

  // ---------------------------------------------------------------- a node

  function list(title, edges, end) {
    const shown = edges.filter((l) => isShown(l[end]));
    if (!shown.length) return "";
    const most = Math.abs(shown[0].weight);
    return `<h3>${title}<span>${shown.length}</span></h3><ul class="list">` + shown.slice(0, LISTED).map((l) =>
      `<li><button type="button" data-id="${escape(l[end].id)}"><span class="name">${escape(name(l[end]))}<small>${escape(where(l[end]))}</small></span>` +
      `<i class="bar${l.weight < 0 ? " minus" : ""}" style="--w:${(Math.abs(l.weight) / most).toFixed(3)}"></i><span class="weight">${number(l.weight)}</span></button></li>`).join("") +
      `</ul>` + (shown.length > LISTED ? `<div class="more">and ${shown.length - LISTED} more</div>` : "");
  }

  function contexts(node) {
    const found = node.kind === "latent" && about[`${node.layer}_${feature(node)}`];
    if (!found) return "";
    const words = (title, some) => some.length ? `<h3>${title}</h3><div class="chips">${some.map((t) => `<span class="chip">${escape(t)}</span>`).join("")}</div>` : "";
    return words("promotes", found.promoted) + words("suppresses", found.suppressed) +
      found.groups.filter((g) => g.contexts.length).map((g) => `<h3>${escape(g.title)}</h3><ul class="contexts">` + g.contexts.map((c) =>
        `<li>${c.tokens.map((t, i) => {
          const value = c.activations[i];
          const shown = escape(t.replace(/\n/g, "⏎"));
          return value > 0 ? `<mark${i === c.peak ? ' class="peak"' : ""} style="--s:${Math.min(1, value / found.max).toFixed(2)}" title="${number(value)}">${shown}</mark>` : shown;
        }).join("")}</li>`).join("") + "</ul>").join("");
  }

  function facts(node) {
    const facts = [];
    if (node.kind === "latent") facts.push(`activation <b>${number(node.activation ?? 0)}</b>`);
    if (node.kind === "logit") facts.push(`probability <b>${node.probability.toFixed(3)}</b>`);
    else facts.push(`within <b>${(100 * node.influence).toFixed(1)} %</b> of the influence`);
    const found = node.kind === "latent" && about[`${node.layer}_${feature(node)}`];
    if (found) facts.push(`active on <b>${(100 * found.density).toPrecision(2)} %</b> of tokens`);
    return facts.join(" · ");
  }

  function show() {
    const box = $("node");
    if (!chosen) {
      box.innerHTML = `<h2>Choose a node</h2><p class="hint">Lines are direct effects: green raises, orange lowers. With nothing chosen, the edges that most of the influence on the logits goes along are drawn.</p>
        <div class="legend"><svg width="16" height="16"><circle class="dot" cx="8" cy="8" r="5"/></svg>latent of a transcoder
        <svg width="16" height="16"><path class="dot error" d="M8 2l6 6l-6 6l-6 -6z"/></svg>error: what the transcoder leaves
        <svg width="16" height="16"><rect class="dot token" x="3" y="3" width="10" height="10" rx="2"/></svg>token of the prompt, or logit</div>` +
        list("what the model predicts", nodes.filter((n) => n.kind === "logit").map((n) => ({ source: n, weight: n.probability })), "source");
      return;
    }
    const canPin = `<button type="button" data-do="pin">${pinned.includes(chosen.id) ? "Unpin" : "Pin"}</button>`;
    const kind = $("links").value;
    box.innerHTML = `<h2>${escape(name(chosen))}</h2><p class="facts">${escape(where(chosen))} · ${facts(chosen)} · ${escape(chosen.id)}</p>` +
      `<div class="actions"><input id="label" value="${escape(labels[chosen.id] || "")}" placeholder="name it" aria-label="name of the node">${canPin}</div>` +
      (kind !== "out" ? list("inputs", chosen.inputs, "source") : "") + (kind !== "in" ? list("outputs", chosen.outputs, "target") : "") + contexts(chosen);
    box.scrollTop = 0;
    $("label").onchange = (event) => { setLabel(chosen, event.target.value.trim()); };
  }

  function setLabel(node, text) {
    if (text) labels[node.id] = text; else delete labels[node.id];
    keep(); refresh();
  }

  function choose(id) {
    chosen = byId.get(id) || null;
    const hash = chosen ? "#" + encodeURIComponent(chosen.id) : " ";
    if (decodeURIComponent(location.hash.slice(1)) !== (chosen ? chosen.id : "")) history.replaceState(null, "", hash.trim() || location.pathname + location.search);
    draw(); show(); drawPins();
  }

  // ---------------------------------------------------------------- pinned nodes and supernodes

  function boxes() {
    const grouped = new Set(groups.flatMap((g) => g.ids));
    const all = groups.map((g, i) => ({ key: "group " + i, group: g, name: g.name, members: g.ids.map((id) => byId.get(id)) }));
    pinned.filter((id) => !grouped.has(id)).forEach((id) => all.push({ key: id, name: name(byId.get(id)), members: [byId.get(id)] }));
    all.forEach((box) => {
      box.row = Math.max(...box.members.map((n) => n.row));
      box.position = Math.max(...box.members.map((n) => n.position));
      box.where = box.group ? `${box.members.length} nodes` : where(box.members[0]);
    });
    return all.sort((a, b) => a.row - b.row || a.position - b.position);
  }

  function between(all) {
    const of = new Map();
    all.forEach((box) => box.members.forEach((node) => of.set(node, box)));
    const sums = new Map();
    links.forEach((l) => {
      const a = of.get(l.source), b = of.get(l.target);
      if (!a || !b || a === b) return;
      const key = a.key + "\n" + b.key;
      if (!sums.has(key)) sums.set(key, { source: a, target: b, weight: 0 });
      sums.get(key).weight += l.weight;
    });
    return [...sums.values()].filter((l) => l.weight !== 0);
  }

  function drawPins() {
    const all = boxes();
    $("pincount").textContent = all.length ? `${pinned.length} nodes, ${groups.length} groups; click to pick some, then group them` : "";
    $("grouping").hidden = picked.size === 0;
    $("chosen").textContent = picked.size;
    if (!all.length) {
      $("subgraph").innerHTML = `<p class="hint">Pin nodes to see how they hang together. Click one, then Pin; or press p. Shift-click pins at once.</p>`;
      return;
    }
    const W = 150, H = 36, rows = [...new Set(all.map((b) => b.row))].sort((a, b) => a - b);
    const width = Math.max($("subgraph").clientWidth - 4, ...rows.map((r) => all.filter((b) => b.row === r).length * (W + 16) + 20));
    const height = Math.max($("subgraph").clientHeight - 4, rows.length * (H + 14) + 10);
    const step = (height - 10) / rows.length;
    rows.forEach((row, i) => {
      const inRow = all.filter((b) => b.row === row);
      inRow.forEach((b, j) => { b.x = width * (j + 0.5) / inRow.length; b.y = height - 5 - step * (i + 0.5); });
    });
    const edges = between(all);
    const most = Math.max(1e-9, ...edges.map((l) => Math.abs(l.weight)));
    const lines = edges.map((l) => {
      const part = Math.abs(l.weight) / most;
      const from = { x: l.source.x, y: l.source.y - H / 2 }, to = { x: l.target.x, y: l.target.y + H / 2 };
      return `<path class="edge${l.weight < 0 ? " minus" : ""}" d="${curve(from, to)}" stroke-width="${(0.8 + 4 * part).toFixed(2)}" stroke-opacity="${(0.25 + 0.6 * part).toFixed(2)}"/>`;
    });
    const cut = (text) => (text.length > 22 ? text.slice(0, 21) + "…" : text);
    const rects = all.map((b) =>
      `<g class="box${b.group ? " group" : ""}${picked.has(b.key) ? " picked" : ""}" data-key="${escape(b.key)}" tabindex="0" role="button" aria-label="${escape(b.name)}">` +
      `<title>${escape(b.members.map((n) => `${name(n)} · ${where(n)}`).join("\n"))}\ndouble-click: ${b.group ? "ungroup" : "look at it"}</title>` +
      `<rect x="${b.x - W / 2}" y="${b.y - H / 2}" width="${W}" height="${H}"/>` +
      `<text x="${b.x}" y="${b.y - 2}" text-anchor="middle">${escape(cut(b.name))}</text><text class="where" x="${b.x}" y="${b.y + 12}" text-anchor="middle">${escape(cut(b.where))}</text></g>`);
    $("subgraph").innerHTML = `<svg width="${width}" height="${height}">${lines.join("")}${rects.join("")}</svg>`;
  }

  function pin(node) {
    if (pinned.includes(node.id)) {
      pinned = pinned.filter((id) => id !== node.id);
      groups.forEach((g) => { g.ids = g.ids.filter((id) => id !== node.id); });
      groups = groups.filter((g) => g.ids.length);
    } else {
      pinned.push(node.id);
    }
    picked.clear();
    keep(); refresh();
  }

  function group(title) {
    const ids = boxes().filter((b) => picked.has(b.key)).flatMap((b) => b.members.map((n) => n.id));
    groups = groups.filter((_, i) => !picked.has("group " + i));
    groups.push({ name: title || `group ${groups.length + 1}`, ids });
    picked.clear();
    keep(); refresh();
  }

  function ungroup(key) {
    groups = groups.filter((_, i) => "group " + i !== key);
    picked.clear();
    keep(); refresh();
  }

  // ---------------------------------------------------------------- saving

  const key = () => `mechinterp graph ${file.metadata.slug} ${file.metadata.prompt} ${nodes.length} ${links.length}`;
  function state() {
    return { pinnedIds: pinned, supernodes: groups.map((g) => [g.name, ...g.ids]), linkType: "both", clickedId: chosen ? chosen.id : "", sg_pos: "" };
  }
  function keep() {
    try { localStorage.setItem(key(), JSON.stringify({ view: state(), labels })); } catch (refused) { /* Saving to a file is left. */ }
  }
  function remembered() {
    try {
      const saved = JSON.parse(localStorage.getItem(key()) || "null");
      if (saved) { labels = saved.labels || {}; takeView(saved.view); }
    } catch (refused) { /* A page without memory shows the file. */ }
  }
  function saved() {
    return { ...file, qParams: state(), nodes: file.nodes.map((n) => (labels[n.node_id] ? { ...n, clerp: labels[n.node_id] } : n)) };
  }
  function save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify(saved(), null, 1)], { type: "application/json" }));
    link.download = file.metadata.slug + ".json";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  function open(text) {
    try {
      const content = JSON.parse(text);
      if (!content.metadata || !Array.isArray(content.nodes) || !Array.isArray(content.links)) throw new Error("it is no graph");
      const version = content.metadata.schema_version ?? 1;
      if (version !== 1) throw new Error(`schema_version is ${version}; 1 can be read`);
      labels = {}; chosen = null; drawnOnce = false; picked.clear();
      load(content); head(); refresh();
    } catch (problem) {
      $("node").innerHTML = `<h2>The file cannot be opened</h2><p class="hint">${escape(problem.message)}</p>`;
    }
  }

  // ---------------------------------------------------------------- the page

  function refresh() { draw(); show(); drawPins(); }

  function head() {
    const tokens = file.metadata.prompt_tokens;
    const best = nodes.filter((n) => n.kind === "logit").sort((a, b) => b.probability - a.probability)[0];
    $("title").innerHTML = `${escape(tokens.join(""))} <b>→ ${best ? escape(name(best)) : ""}</b>`;
    const figures = file.metadata.generation_settings || {};
    const counts = (kind) => nodes.filter((n) => n.kind === kind).length;
    const parts = [file.metadata.scan, `${counts("latent")} latents, ${counts("error")} errors, ${links.length} edges`];
    if (figures.replacement_score !== undefined) parts.push(`replacement ${figures.replacement_score.toFixed(3)}, completeness ${figures.completeness_score.toFixed(3)}`);
    $("subtitle").textContent = parts.join(" · ");
    document.title = file.metadata.slug;
  }

  function listen() {
    $("graph").onclick = (event) => {
      const id = event.target.dataset && event.target.dataset.id;
      if (id && event.shiftKey) pin(byId.get(id));
      else choose(id && chosen && id === chosen.id ? null : id);
    };
    $("node").onclick = (event) => {
      const at = event.target.closest("[data-id],[data-do]");
      if (!at) return;
      if (at.dataset.do === "pin") pin(chosen); else choose(at.dataset.id);
    };
    $("subgraph").onclick = (event) => {
      const at = event.target.closest("[data-key]");
      if (!at || event.detail > 1) return;
      const k = at.dataset.key;
      if (picked.has(k)) picked.delete(k); else picked.add(k);
      drawPins();
    };
    $("subgraph").ondblclick = (event) => {
      const at = event.target.closest("[data-key]") || document.elementFromPoint(event.clientX, event.clientY).closest("[data-key]");
      if (!at) return;
      if (at.dataset.key.startsWith("group ")) ungroup(at.dataset.key); else { picked.delete(at.dataset.key); choose(at.dataset.key); }
    };
    $("subgraph").onkeydown = (event) => {
      if (event.key === "Enter" && event.target.dataset.key) event.target.dispatchEvent(new MouseEvent("click", { bubbles: true, detail: 1 }));
    };
    $("grouping").onsubmit = (event) => { event.preventDefault(); group($("groupname").value.trim()); $("groupname").value = ""; };
    $("clear").onclick = () => { pinned = []; groups = []; picked.clear(); keep(); refresh(); };
    $("save").onclick = save;
    $("open").onchange = async (event) => { if (event.target.files[0]) open(await event.target.files[0].text()); event.target.value = ""; };
    ["threshold", "search"].forEach((id) => { $(id).oninput = () => { draw(); if (id === "threshold") show(); }; });
    $("links").onchange = () => { draw(); show(); };
    window.onresize = refresh;
    window.onhashchange = () => choose(decodeURIComponent(location.hash.slice(1)));
    document.onkeydown = (event) => {
      if (event.target.matches("input, select, textarea")) return;
      if (event.key === "Escape") choose(null);
      if (event.key === "p" && chosen) pin(chosen);
    };
  }

  function data(content, contextsOfLatents) {
    about = contextsOfLatents;
    load(content);
    remembered();
    head();
    listen();
    choose(decodeURIComponent(location.hash.slice(1)));
  }

  return { data, saved };
})();
