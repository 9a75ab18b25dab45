"use strict";
/* Data are scripts that call these functions, since a page opened from disk may not read files. */
const dashboard = (() => {
  const COLUMNS = [
    { key: "latent", title: "latent", rising: true },
    { key: "about", title: "about", rising: true },
    { key: "density", title: "density", show: percent },
    { key: "max", title: "max", show: (x) => number(x) },
    { key: "near", title: "nearest", show: (x) => x.toFixed(2) },
    { key: "auc", title: "rule AUC", show: (x) => (x ? x.toFixed(2) : "") },
    { key: "f1", title: "rule F1", show: (x) => (x ? x.toFixed(2) : "") },
    { key: "detection", title: "detection", only: "sort" },
    { key: "cosine", title: "enc·dec", only: "sort" },
    { key: "mean", title: "mean", only: "sort" },
  ];
  const MARGIN = 8;
  let overview = null;
  let order = [];
  let column = "f1";
  let falling = true;
  let chosen = -1;
  const chunks = new Map();
  const waiting = new Map();

  const $ = (id) => document.getElementById(id);
  const narrow = () => window.matchMedia("(max-width: 900px)").matches;
  const rowHeight = () => (narrow() ? 44 : 32);

  function escape(text) {
    return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  }
  function number(x) {
    return x === 0 ? "0" : Math.abs(x) >= 100 ? x.toFixed(0) : x.toPrecision(3).replace(/\.?0+$/, "");
  }
  function percent(share) {
    if (share <= 0) return "0 %";
    const digits = Math.max(0, 1 - Math.floor(Math.log10(100 * share)));
    return (100 * share).toFixed(Math.min(digits, 6)) + " %";
  }
  const visible = (text) => text.replace(/\n/g, "⏎\n").replace(/\t/g, "⇥");

  // ---------------------------------------------------------------- the table

  function value(latent, key) {
    return key === "latent" ? latent : overview.rows[latent][key];
  }

  function select() {
    const words = $("search").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const dead = $("dead").checked;
    order = [];
    overview.rows.forEach((row, latent) => {
      if (!dead && row.density === 0) return;
      const found = words.every((word) => row.search.includes(word) || String(latent) === word);
      if (found) order.push(latent);
    });
    const sign = falling ? -1 : 1;
    order.sort((a, b) => {
      const x = value(a, column), y = value(b, column);
      return x < y ? -sign : x > y ? sign : a - b;
    });
    $("count").textContent = `${order.length.toLocaleString("en")} of ${overview.rows.length.toLocaleString("en")}`;
    $("space").style.height = order.length * rowHeight() + "px";
    $("rows").scrollTop = 0;
    drawHead();
    draw();
    map.update({ shown: order, chosen });
  }

  function draw() {
    const rows = $("rows"), height = rowHeight();
    const first = Math.max(0, Math.floor(rows.scrollTop / height) - MARGIN);
    const last = Math.min(order.length, Math.ceil((rows.scrollTop + rows.clientHeight) / height) + MARGIN);
    $("window").style.top = first * height + "px";
    $("window").innerHTML = order.slice(first, last).map(line).join("");
  }

  function line(latent) {
    const row = overview.rows[latent];
    const cells = COLUMNS.filter((c) => c.only !== "sort").map((c) =>
      c.key === "latent" ? latent : c.key === "about" ? escape(row.explanation || row.about) || "–" : c.show(row[c.key]));
    return `<a class="row${latent === chosen ? " chosen" : ""}" href="#${latent}" tabindex="-1">` +
      cells.map((cell) => `<span>${cell}</span>`).join("") + "</a>";
  }

  function drawHead() {
    $("head").innerHTML = COLUMNS.filter((c) => c.only !== "sort").map((c) => {
      const sorted = c.key === column ? ` aria-sort="${falling ? "descending" : "ascending"}"` : "";
      const arrow = c.key === column ? (falling ? " ↓" : " ↑") : "";
      return `<button type="button" data-key="${c.key}"${sorted}>${c.title}${arrow}</button>`;
    }).join("");
    $("sort").value = column + (falling ? "-" : "+");
  }

  function sortBy(key) {
    const wanted = COLUMNS.find((c) => c.key === key);
    falling = key === column ? !falling : !wanted.rising;
    column = key;
    select();
  }

  function move(step) {
    const at = order.indexOf(chosen);
    const next = order[Math.max(0, Math.min(order.length - 1, at < 0 ? 0 : at + step))];
    if (next === undefined) return;
    location.replace("#" + next);
    const rows = $("rows"), height = rowHeight(), top = order.indexOf(next) * height;
    if (top < rows.scrollTop) rows.scrollTop = top;
    if (top + height > rows.scrollTop + rows.clientHeight) rows.scrollTop = top + height - rows.clientHeight;
  }

  // ---------------------------------------------------------------- a latent

  function open() {
    const wanted = /^#(\d+)$/.exec(location.hash);
    chosen = wanted && Number(wanted[1]) < overview.rows.length ? Number(wanted[1]) : -1;
    document.body.classList.toggle("open", chosen >= 0);
    draw();
    map.update({ chosen });
    if (chosen < 0) return;
    const chunk = Math.floor(chosen / overview.chunk);
    if (chunks.has(chunk)) {
      show(chunks.get(chunk)[chosen % overview.chunk]);
    } else if (!waiting.has(chunk)) {
      const script = document.createElement("script");
      script.src = `data/latents-${chunk}.js`;
      script.onerror = () => {
        waiting.delete(chunk);
        $("latent").innerHTML = `<p class="hint">data/latents-${chunk}.js cannot be read.</p>`;
      };
      waiting.set(chunk, script);
      document.head.append(script);
    }
  }

  function show(page) {
    const row = overview.rows[page.latent];
    document.title = `Latent ${page.latent}`;
    $("latent").innerHTML =
      `<a class="back" href="#">‹ all latents</a>` +
      `<h2>Latent ${page.latent} ${page.top.map((t) => chip(t.token, t.count)).join(" ")}</h2>` +
      facts(row) + judged(page.judged) + rules(page.rules) + histogram(page) +
      page.attention.map(attention).join("") +
      `<div class="two">` +
      lifts("before it", page.before) + lifts("on it", page.on) + lifts("after it", page.after) +
      words("promotes", page.promoted) + words("suppresses", page.suppressed) + `</div>` +
      page.groups.map((group) => contexts(group, row.max)).join("") +
      `<div class="two">` + near("nearest decoder rows", page.decoder) +
      near("nearest encoder rows", page.encoder) + together(page.together) + family(page.family) + `</div>`;
    $("latent").scrollTop = 0;
  }

  const chip = (text, note) =>
    `<span class="chip">${escape(text)}${note === undefined ? "" : `<small>${note}</small>`}</span>`;
  const block = (title, inside) => `<div><h3>${title}</h3>${inside}</div>`;
  const chips = (items) => `<div class="chips">${items.join(" ")}</div>`;
  const link = (latent, note) =>
    `<a class="chip" href="#${latent}">${latent} ${escape(overview.rows[latent].about.split(" ")[0])}<small>${note}</small></a>`;

  function facts(row) {
    const all = [["active on", percent(row.density)], ["max", number(row.max)]];
    if (row.mean) all.push(["mean", number(row.mean)]);
    if (row.cosine) all.push(["encoder·decoder", row.cosine.toFixed(2)]);
    return `<div class="facts">${all.map(([name, x]) => `<span>${name} <b>${x}</b></span>`).join("")}</div>`;
  }
  function judged(found) {
    if (!found) return "";
    const chance = (text, x, by) => (x === undefined ? "" : `${text} ${x.toFixed(2)} (chance ${by.toFixed(2)})`);
    const scores = [chance("detection", found.detection, 0.5), chance("fuzzing", found.fuzzing, 0.5),
      chance("intruder", found.intruder, found.chance)].filter(Boolean).join(", ");
    return `<h3>explained by a language model</h3><p class="rule">${escape(found.text) || "no explanation"}` +
      `<small>${scores}</small></p>`;
  }
  function rules(found) {
    if (!found.length) return "";
    return `<h3>rules, scored on documents on which they were not found</h3>` + found.map((rule) =>
      `<p class="rule">${escape(rule.text)}<small>${rule.kind}: AUC ${rule.score.auc.toFixed(2)}, precision ` +
      `${rule.score.precision.toFixed(2)}, recall ${rule.score.recall.toFixed(2)}, F1 ${rule.score.f1.toFixed(2)} ` +
      `on ${rule.score.active_tokens.toLocaleString("en")} active tokens</small></p>`).join("");
  }
  function histogram(page) {
    const heights = page.histogram.map((count) => Math.log10(1 + count));
    const highest = Math.max(...heights, 0);
    if (!highest) return "";
    const width = 300 / heights.length;
    return `<h3>activations; heights are log</h3><svg class="spark" viewBox="0 0 300 46" preserveAspectRatio="none" role="img" aria-label="histogram of the activations">` +
      heights.map((h, i) => `<rect x="${i * width + 0.5}" y="${46 - 46 * h / highest}" width="${width - 1}" height="${46 * h / highest}"/>`).join("") +
      `</svg><p class="range">${escape(page.range)}</p>`;
  }
  function lifts(title, tokens) {
    return tokens.length
      ? block(`tokens ${title}`, chips(tokens.map((t) => chip(t.token, `${percent(t.share)} ×${number(t.lift)}`))))
      : "";
  }
  const words = (title, tokens) => (tokens.length ? block(title, chips(tokens.map((t) => chip(t)))) : "");
  const near = (title, latents) =>
    latents.length ? block(title, chips(latents.map((l) => link(l.latent, l.cosine.toFixed(2))))) : "";
  const together = (latents) =>
    latents.length
      ? block("active where it is", chips(latents.map((l) => link(l.latent, `${percent(l.share)} ×${number(l.lift)}`))))
      : "";
  const family = (relatives) =>
    relatives.length
      ? block("family", chips(relatives.map((r) => link(r.latent, `${r.relation}, ${r.implication.toFixed(2)}`))))
      : "";

  const signed = (x) => (x > 0 ? "+" : "") + number(x);

  function attention(found) {
    const last = found.tokens.length - 1;
    const largest = Math.max(...found.values.map(Math.abs), 1e-12);
    const text = found.tokens.map((token, i) => {
      const space = token.startsWith(" ") && token.length > 1 ? " " : "";
      const value = found.values[i];
      const classes = (value < 0 ? "away" : "") + (i === last ? " peak" : "");
      return `${space}<mark class="${classes}" style="--s:${(Math.abs(value) / largest).toFixed(2)}" title="${signed(value)}">` +
        `${escape(visible(token.slice(space.length)))}</mark>`;
    }).join("");
    const back = (n) => (n === 0 ? "itself" : `${n} back`);
    const before = found.before ? `, earlier tokens ${signed(found.earlier)}` : "";
    return `<h3>from where attention brings it: pre-activation ${number(found.pre_activation)}, of it constant ` +
      `${signed(found.constant)}${before}</h3><div class="attention"><p>${text}</p>` +
      chips(found.heads.map((h) => chip(`head ${h.head}`, signed(h.value)))) +
      chips(found.largest.map((l) => chip(l.token, `head ${l.head}, ${back(l.back)} ${signed(l.value)}`))) + `</div>`;
  }

  function contexts(group, max) {
    if (!group.contexts.length) return group.title === "strongest" ? `<p class="empty">Never active.</p>` : "";
    return `<h3>${escape(group.title)}</h3><ol class="contexts">` + group.contexts.map((context) => {
      const text = context.tokens.map((token, i) => {
        const space = token.startsWith(" ") && token.length > 1 ? " " : "";
        const shown = escape(visible(token.slice(space.length))), a = context.activations[i];
        if (!(a > 0)) return space + shown;
        const peak = i === context.peak ? ' class="peak"' : "";
        return `${space}<mark${peak} style="--s:${Math.min(1, a / max).toFixed(2)}" title="${a}">${shown}</mark>`;
      }).join("");
      return `<li title="${escape(context.source)}"><span class="value">${number(context.activations[context.peak])}</span><span class="text">${text}</span></li>`;
    }).join("") + "</ol>";
  }

  // ---------------------------------------------------------------- the map

  const COLOURS = {
    density: { title: "density", log: true, show: percent },
    max: { title: "max activation", log: true, show: (x) => number(x) },
    f1: { title: "rule F1", show: (x) => x.toFixed(2) },
    auc: { title: "rule AUC", show: (x) => x.toFixed(2) },
    near: { title: "nearest cosine", show: (x) => x.toFixed(2) },
    detection: { title: "detection", show: (x) => x.toFixed(2) },
  };
  const map = latentMap({
    canvas: $("canvas"), ramp: $("ramp"), tip: $("tip"),
    name: (latent) => `<b>${latent}</b> ${escape(overview.rows[latent].explanation || overview.rows[latent].about)}`,
    label: (latent) => (overview.rows[latent].explanation || overview.rows[latent].about.split(" ")[0]).slice(0, 28),
    open: (latent) => { location.hash = "#" + latent; },
  });

  function colour() {
    const key = $("colour").value, wanted = COLOURS[key];
    const range = map.colour(overview.rows.map((row) => row[key]), wanted.log);
    $("low").textContent = range ? wanted.show(range[0]) : "";
    $("high").textContent = range ? wanted.show(range[1]) : "";
  }

  function view(asMap) {
    $("as-table").setAttribute("aria-pressed", String(!asMap));
    $("as-map").setAttribute("aria-pressed", String(asMap));
    document.body.classList.toggle("mapped", asMap);
    $("map").hidden = !asMap;
    if (!asMap) return draw();
    if (!map.ready && !waiting.has("map")) {
      const script = document.createElement("script");
      script.src = "data/map.js";
      script.onerror = () => { $("tip").hidden = false; $("tip").textContent = "data/map.js cannot be read."; };
      waiting.set("map", script);
      document.head.append(script);
    }
    map.resize();
  }

  // ---------------------------------------------------------------- what data call

  return {
    overview(data) {
      overview = data;
      $("title").textContent = data.title;
      $("subtitle").textContent = data.subtitle;
      $("sort").innerHTML = COLUMNS.flatMap((c) => [
        `<option value="${c.key}-">${c.title} ↓</option>`, `<option value="${c.key}+">${c.title} ↑</option>`,
      ]).join("");
      const colours = Object.keys(COLOURS).filter((key) => data.rows.some((row) => row[key] > 0));
      $("colour").innerHTML = colours.map((key) => `<option value="${key}">${COLOURS[key].title}</option>`).join("");
      if (colours.includes("f1")) $("colour").value = "f1";
      $("colour").addEventListener("change", colour);
      $("as-table").parentElement.hidden = !data.map;
      $("as-table").addEventListener("click", () => view(false));
      $("as-map").addEventListener("click", () => view(true));
      for (const [id, factor] of [["closer", 1.6], ["farther", 1 / 1.6]]) {
        $(id).addEventListener("click", () => map.zoom(factor));
      }
      $("whole").addEventListener("click", () => map.whole());
      $("search").addEventListener("input", select);
      $("dead").addEventListener("change", select);
      $("sort").addEventListener("change", () => {
        column = $("sort").value.slice(0, -1);
        falling = $("sort").value.endsWith("-");
        select();
      });
      $("head").addEventListener("click", (e) => e.target.dataset.key && sortBy(e.target.dataset.key));
      $("rows").addEventListener("scroll", draw, { passive: true });
      $("rows").addEventListener("keydown", (e) => {
        const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20 }[e.key];
        if (step) { e.preventDefault(); move(step); }
      });
      window.addEventListener("resize", () => { $("space").style.height = order.length * rowHeight() + "px"; draw(); map.resize(); });
      window.addEventListener("hashchange", open);
      select();
      open();
    },
    map(points) {
      waiting.delete("map");
      map.points(points.x, points.y);
      colour();
      map.update({ shown: order, chosen });
    },
    latents(pages) {
      const chunk = Math.floor(pages[0].latent / overview.chunk);
      chunks.set(chunk, pages);
      waiting.delete(chunk);
      if (Math.floor(chosen / overview.chunk) === chunk) show(pages[chosen % overview.chunk]);
    },
  };
})();
