"use strict";
/* The pages of latents hand their table to this, so that latents have names and largest activations. */
const dashboard = { overview(data) { live.names(data.rows); }, map() {}, latents() {} };

const live = (() => {
  const TOP = 64, PAUSE = 350;
  const KINDS = { add: "add", clamp: "clamp to", scale: "times", ablate: "ablate" };
  let about = null, rows = null, tokens = [], chosen = -1, latent = -1, asked = 0, timer = 0, changes = [];

  const $ = (id) => document.getElementById(id);
  const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  const number = (x) => (Math.abs(x) >= 100 ? x.toFixed(0) : String(Number(x.toPrecision(3))));
  const visible = (text) => text.replace(/\n/g, "⏎\n").replace(/\t/g, "⇥");
  const name = (l) => (rows && rows[l] ? rows[l].explanation || rows[l].about : "");

  async function ask(path, question) {
    let answer;
    try {
      const reply = await fetch(path, question && {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question),
      });
      answer = await reply.json();
    } catch (gone) {
      throw new Error("the server does not answer; is it still running?");
    }
    if (answer.problem) throw new Error(answer.problem);
    return answer;
  }

  function problem(id, text) {
    $(id).textContent = text;
    $(id).hidden = !text;
  }

  // ---------------------------------------------------------------- the text

  async function read() {
    const mine = ++asked, text = $("text").value;
    if (!text) { tokens = []; problem("text-problem", ""); return drawTokens(); }
    try {
      const answer = await ask("latents", { text, top: TOP });
      if (mine !== asked) return;
      tokens = answer.tokens;
      if (chosen >= tokens.length) chosen = -1;
      problem("text-problem", "");
    } catch (e) {
      if (mine !== asked) return;
      tokens = [];
      problem("text-problem", e.message);
    }
    drawTokens();
  }

  /** Of a chosen latent its activation; otherwise the strongest one's, by how strong it can be. */
  function strength(token) {
    if (latent >= 0) {
      const found = token.latents.find((l) => l.latent === latent);
      return found ? found.activation / most(latent) : 0;
    }
    return Math.max(0, ...token.latents.map((l) => l.activation / most(l.latent)));
  }
  function most(l) {
    if (rows && rows[l] && rows[l].max > 0) return rows[l].max;
    const here = tokens.flatMap((t) => t.latents.filter((x) => x.latent === l).map((x) => x.activation));
    const all = tokens.flatMap((t) => t.latents.map((x) => x.activation));
    return Math.max(latent >= 0 ? 0 : Math.max(...all, 0), ...here) || 1;
  }

  function drawTokens() {
    $("tokens").innerHTML = tokens.map((token, i) => {
      const s = Math.min(1, strength(token));
      const label = token.active ? `${token.active} latents` : "no latents here";
      return `<button type="button" data-token="${i}" class="${i === chosen ? "chosen" : ""}${token.active ? "" : " none"}" ` +
        `style="--s:${s.toFixed(3)}" title="${label}">${escape(visible(token.text))}</button>`;
    }).join("");
    $("scale").hidden = !tokens.length;
    $("scale").innerHTML = latent >= 0
      ? `coloured by latent <b>${latent}</b> ${escape(name(latent))} <button type="button" data-uncolour="1">by the strongest instead</button>`
      : "coloured by each token's strongest latent; click a token";
    drawLatents();
  }

  function drawLatents() {
    const token = tokens[chosen];
    $("at").hidden = !token;
    if (!token) return;
    $("at-title").innerHTML = `latents on <q>${escape(visible(token.text.trim() || token.text))}</q> <small>${token.latents.length} of ${token.active}</small>`;
    $("latents").innerHTML = token.latents.map((l) =>
      `<div class="latent${l.latent === latent ? " chosen" : ""}"><button type="button" class="number" data-latent="${l.latent}" title="colour the text by it${about.dashboard ? " and show its page" : ""}">${l.latent}</button>` +
      `<span class="bar" style="--s:${Math.min(1, l.activation / most(l.latent)).toFixed(3)}"><i></i></span><span class="value">${number(l.activation)}</span>` +
      `<span class="about">${escape(name(l.latent))}</span>` +
      (about.generates ? `<button type="button" data-steer="${l.latent}">change</button>` : "") + "</div>").join("") ||
      `<p class="hint">None: autoencoders are not trained on special tokens.</p>`;
  }

  function choose(l) {
    latent = l;
    drawTokens();
    if (!about.dashboard || l < 0) return;
    const page = `dashboard/index.html#${l}`;
    $("side").hidden = false;
    $("side-title").textContent = `Latent ${l}`;
    $("side-link").href = page;
    $("frame").src = page;
  }

  // ---------------------------------------------------------------- steering

  function change(l) {
    if (!Number.isInteger(l) || l < 0 || l >= about.latents) {
      return problem("steer-problem", `latent: is ${l}; it must lie within 0 to ${about.latents - 1}`);
    }
    problem("steer-problem", "");
    const strong = rows && rows[l] && rows[l].max > 0 ? rows[l].max : 10;
    changes.push({ latent: l, kind: "add", value: Number(strong.toPrecision(2)) });
    drawChanges();
  }

  function drawChanges() {
    $("changes").innerHTML = changes.map((c, i) =>
      `<div><b>${c.latent}</b> <span class="about">${escape(name(c.latent))}</span>` +
      `<select data-kind="${i}" aria-label="What becomes of latent ${c.latent}">${Object.entries(KINDS).map(([kind, title]) =>
        `<option value="${kind}"${kind === c.kind ? " selected" : ""}>${title}</option>`).join("")}</select>` +
      `<input type="number" step="any" data-value="${i}" value="${c.value}" aria-label="Strength"${c.kind === "ablate" ? " hidden" : ""}/>` +
      `<button type="button" data-remove="${i}" aria-label="Leave latent ${c.latent}">×</button></div>`).join("") ||
      `<p class="hint">None yet: take one from a token above, or by its number.</p>`;
  }

  async function compare() {
    const go = $("go");
    go.disabled = true;
    go.textContent = "writing…";
    problem("steer-problem", "");
    try {
      const answer = await ask("texts", {
        prompt: $("text").value, tokens: Number($("count").value), temperature: Number($("temperature").value),
        seed: Number($("seed").value), places: $("places").value, error_kept: $("error").checked, changes,
      });
      $("sides").hidden = false;
      for (const side of ["untouched", "changed"]) {
        $(side).innerHTML = `<span class="prompt">${escape($("text").value)}</span>${escape(answer[side])}`;
      }
    } catch (e) {
      $("sides").hidden = true;
      problem("steer-problem", e.message);
    }
    go.disabled = false;
    go.textContent = "compare";
  }

  // ---------------------------------------------------------------- what happens

  function begin() {
    $("text").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(read, PAUSE); });
    document.addEventListener("click", (e) => {
      const data = e.target.closest("button")?.dataset ?? {};
      if (data.token) { chosen = chosen === Number(data.token) ? -1 : Number(data.token); drawTokens(); }
      if (data.latent) choose(Number(data.latent));
      if (data.uncolour) choose(-1);
      if (data.steer) change(Number(data.steer));
      if (data.remove) { changes.splice(Number(data.remove), 1); drawChanges(); }
    });
    $("changes").addEventListener("change", (e) => {
      const { kind, value } = e.target.dataset;
      if (kind !== undefined) changes[kind].kind = e.target.value;
      if (value !== undefined) changes[value].value = Number(e.target.value);
      drawChanges();
    });
    $("add").addEventListener("submit", (e) => { e.preventDefault(); change(Number($("add-latent").value)); });
    $("go").addEventListener("click", compare);
    $("side-close").addEventListener("click", () => { $("side").hidden = true; });
  }

  ask("about").then((answer) => {
    about = answer;
    document.title = `${about.model}: live latents`;
    $("title").textContent = about.sae;
    $("subtitle").textContent = `${about.hook} of ${about.model}; ${about.latents.toLocaleString("en")} latents`;
    $("steer").hidden = !about.generates;
    if (about.dashboard) {
      const script = document.createElement("script");
      script.src = "dashboard/data/overview.js";
      document.head.append(script);
    }
    begin();
    drawChanges();
    read();
  }, (e) => problem("text-problem", e.message));

  return { names(all) { rows = all; if (about) { drawTokens(); drawChanges(); } } };
})();
