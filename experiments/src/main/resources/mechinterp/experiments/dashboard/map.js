"use strict";
/* Latents as points on a canvas: drag, zoom, hover, click. Quick with tens of thousands: points are
   sorted by colour once, and a grid finds the one under the pointer. */
function latentMap({ canvas, ramp, tip, name, label, open }) {
  const SHADES = 48, GRID = 96, SIZE = 10000, REACH = 14, EDGE = 24, LABELS = 70;
  // Stops of viridis (van der Walt and Smith 2015), which reads well in any light and in grey.
  const STOPS = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
  const view = { x: SIZE / 2, y: SIZE / 2, scale: 0 };
  let x = null, y = null, shade = null, cells = null, shown = null, all = [], byShade = [], few = false, chosen = -1, hovered = -1, drawing = 0;

  function rgb(part) {
    const at = Math.min(STOPS.length - 2, Math.floor(part * (STOPS.length - 1)));
    const rest = part * (STOPS.length - 1) - at;
    return STOPS[at].map((c, i) => Math.round(c + rest * (STOPS[at + 1][i] - c)));
  }
  // Pixels are written as numbers, which is many times as quick as rectangles of the canvas.
  const pixel = ([red, green, blue]) => ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  const FILLS = Array.from({ length: SHADES }, (_, i) => rgb(i / (SHADES - 1)));
  const PIXELS = FILLS.map(pixel);
  const hex = (colour) => [1, 3, 5].map((i) => parseInt(colour.trim().slice(i, i + 2), 16));

  function fit() {
    const size = Math.min(canvas.clientWidth, canvas.clientHeight) - 2 * EDGE;
    return Math.max(size, 1) / SIZE;
  }
  const left = () => canvas.clientWidth / 2 - view.x * view.scale;
  const top = () => canvas.clientHeight / 2 - view.y * view.scale;

  function request() {
    if (!drawing && x && canvas.clientWidth) drawing = requestAnimationFrame(draw);
  }

  function draw() {
    drawing = 0;
    const ratio = window.devicePixelRatio || 1, wide = canvas.clientWidth, high = canvas.clientHeight;
    if (canvas.width !== Math.round(wide * ratio) || canvas.height !== Math.round(high * ratio)) {
      canvas.width = Math.round(wide * ratio);
      canvas.height = Math.round(high * ratio);
    }
    if (!view.scale) view.scale = fit();
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const close = Math.sqrt(view.scale / fit());
    const size = Math.max(1.8, Math.min(9, 3 * close * Math.sqrt(6000 / (x.length + 3000)) + 0.8));
    const found = few ? Math.max(5, Math.min(10, 1.7 * size)) : size;
    const style = getComputedStyle(canvas), ink = style.getPropertyValue("--ink");
    const image = context.createImageData(canvas.width, canvas.height), pixels = new Uint32Array(image.data.buffer);
    const faint = pixel(hex(style.getPropertyValue("--faint")));
    dots(pixels, faint, size * ratio, ratio, all, (i) => !shown[i] || shade[i] < 0);
    byShade.forEach((list, s) => dots(pixels, PIXELS[s], found * ratio, ratio, list, (i) => shown[i]));
    context.putImageData(image, 0, 0);
    labels(context, found, ink);
    for (const [latent, radius] of [[hovered, 3], [chosen, 5]]) {
      if (latent < 0) continue;
      context.strokeStyle = ink;
      context.lineWidth = 2;
      context.beginPath();
      context.arc(left() + x[latent] * view.scale, top() + y[latent] * view.scale, size / 2 + radius, 0, 7);
      context.stroke();
    }
  }

  function dots(pixels, fill, size, ratio, list, wanted) {
    const edge = Math.max(1, Math.round(size)), wide = canvas.width, high = canvas.height;
    const dx = left() * ratio - edge / 2, dy = top() * ratio - edge / 2, scale = view.scale * ratio;
    for (const i of list) {
      if (!wanted(i)) continue;
      const px = Math.round(dx + x[i] * scale), py = Math.round(dy + y[i] * scale);
      if (px <= -edge || py <= -edge || px >= wide || py >= high) continue;
      const from = Math.max(0, px), to = Math.min(wide, px + edge), end = Math.min(high, py + edge);
      for (let line = Math.max(0, py); line < end; line++) pixels.fill(fill, line * wide + from, line * wide + to);
    }
  }

  /** Names of the points in sight, once they are few. */
  function labels(context, size, ink) {
    const wide = canvas.clientWidth, high = canvas.clientHeight, seen = [];
    for (let i = 0; i < x.length && seen.length <= LABELS; i++) {
      const px = left() + x[i] * view.scale, py = top() + y[i] * view.scale;
      if (shown[i] && px > 0 && py > 0 && px < wide && py < high) seen.push([i, px, py]);
    }
    if (seen.length > LABELS) return;
    context.fillStyle = ink;
    context.font = "12px system-ui, sans-serif";
    for (const [i, px, py] of seen) context.fillText(label(i), px + size / 2 + 4, py + 4);
  }

  function sortByShade() {
    byShade = FILLS.map(() => []);
    for (let i = 0; i < shade.length; i++) if (shade[i] >= 0) byShade[shade[i]].push(i);
  }

  // ---------------------------------------------------------------- the pointer

  function nearest(px, py) {
    const at = (px - left()) / view.scale, down = (py - top()) / view.scale, reach = REACH / view.scale;
    const cell = SIZE / GRID, span = Math.ceil(reach / cell);
    const column = Math.floor(at / cell), line = Math.floor(down / cell);
    let best = -1, least = reach * reach;
    for (let r = Math.max(0, line - span); r <= Math.min(GRID - 1, line + span); r++) {
      for (let c = Math.max(0, column - span); c <= Math.min(GRID - 1, column + span); c++) {
        for (const i of cells[r * GRID + c]) {
          const d = (x[i] - at) ** 2 + (y[i] - down) ** 2;
          if (d < least && shown[i]) { least = d; best = i; }
        }
      }
    }
    return best;
  }

  function place(event) {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  function hover(event) {
    if (!x) return;
    const [px, py] = place(event), found = nearest(px, py);
    if (found !== hovered) { hovered = found; request(); }
    canvas.style.cursor = found < 0 ? "grab" : "pointer";
    tip.hidden = found < 0;
    if (found < 0) return;
    tip.innerHTML = name(found);
    tip.style.left = Math.min(px + 14, canvas.clientWidth - tip.offsetWidth - 6) + "px";
    tip.style.top = (py + 18 + tip.offsetHeight > canvas.clientHeight ? py - tip.offsetHeight - 10 : py + 18) + "px";
  }

  function zoomAt(factor, px, py) {
    if (!x) return;
    const wanted = Math.max(fit() / 2, Math.min(fit() * 400, view.scale * factor));
    const real = wanted / view.scale;
    view.x += (px - canvas.clientWidth / 2) * (1 - 1 / real) / view.scale;
    view.y += (py - canvas.clientHeight / 2) * (1 - 1 / real) / view.scale;
    view.scale = wanted;
    tip.hidden = true;
    request();
  }

  let dragged = null;
  canvas.addEventListener("pointerdown", (e) => {
    dragged = { x: e.clientX, y: e.clientY, moved: false };
    canvas.setPointerCapture(e.pointerId);
  });
  canvas.addEventListener("pointermove", (e) => {
    if (!dragged) return hover(e);
    const dx = e.clientX - dragged.x, dy = e.clientY - dragged.y;
    if (!dragged.moved && Math.hypot(dx, dy) < 4) return;
    Object.assign(dragged, { x: e.clientX, y: e.clientY, moved: true });
    view.x -= dx / view.scale;
    view.y -= dy / view.scale;
    tip.hidden = true;
    canvas.style.cursor = "grabbing";
    request();
  });
  canvas.addEventListener("pointerup", (e) => {
    const click = dragged && !dragged.moved;
    dragged = null;
    canvas.style.cursor = "grab";
    if (!click || !x) return;
    const found = nearest(...place(e));
    if (found >= 0) open(found);
  });
  canvas.addEventListener("pointercancel", () => { dragged = null; });
  canvas.addEventListener("pointerleave", () => { tip.hidden = true; hovered = -1; request(); });
  canvas.addEventListener("wheel", (e) => {
    e.preventDefault();
    zoomAt(Math.exp(-Math.max(-60, Math.min(60, e.deltaY)) / 200), ...place(e));
  }, { passive: false });
  canvas.addEventListener("keydown", (e) => {
    const step = 60 / view.scale, way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[e.key];
    if (way) { view.x += way[0] * step; view.y += way[1] * step; e.preventDefault(); request(); }
    if (e.key === "+" || e.key === "-") self.zoom(e.key === "+" ? 1.6 : 1 / 1.6);
    if (e.key === "0") self.whole();
  });

  const self = {
    ready: false,
    points(xs, ys) {
      x = Float32Array.from(xs);
      y = Float32Array.from(ys);
      shown = new Uint8Array(x.length).fill(1);
      shade = new Int8Array(x.length);
      all = Array.from(x.keys());
      cells = Array.from({ length: GRID * GRID }, () => []);
      for (let i = 0; i < x.length; i++) {
        const c = Math.min(GRID - 1, Math.floor(x[i] * GRID / SIZE)), r = Math.min(GRID - 1, Math.floor(y[i] * GRID / SIZE));
        cells[r * GRID + c].push(i);
      }
      self.ready = true;
      request();
    },
    /** Colours by values above 0, from the 2nd to the 98th percentile; returns these. */
    colour(values, log) {
      if (!x) return null;
      const sorted = values.filter((v) => v > 0).sort((a, b) => a - b);
      if (!sorted.length) return null;
      const low = sorted[Math.floor(0.02 * (sorted.length - 1))], high = sorted[Math.ceil(0.98 * (sorted.length - 1))];
      const as = log ? Math.log : (v) => v, width = as(high) - as(low) || 1;
      values.forEach((v, i) => {
        shade[i] = v > 0 ? Math.round((SHADES - 1) * Math.max(0, Math.min(1, (as(v) - as(low)) / width))) : -1;
      });
      sortByShade();
      const bar = ramp.getContext("2d");
      FILLS.forEach((fill, i) => { bar.fillStyle = `rgb(${fill.join(" ")})`; bar.fillRect(i * ramp.width / SHADES, 0, ramp.width / SHADES + 1, ramp.height); });
      request();
      return [low, high];
    },
    update(change) {
      if ("chosen" in change) chosen = change.chosen;
      if (!x) return;
      if (change.shown) {
        shown.fill(0);
        for (const i of change.shown) shown[i] = 1;
        few = change.shown.length < x.length / 8;
      }
      request();
    },
    zoom: (factor) => zoomAt(factor, canvas.clientWidth / 2, canvas.clientHeight / 2),
    whole() {
      Object.assign(view, { x: SIZE / 2, y: SIZE / 2, scale: fit() });
      request();
    },
    resize: request,
  };
  return self;
}
