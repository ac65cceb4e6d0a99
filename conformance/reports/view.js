"use strict";
(async () => {
  // -- the data: names are numbers into tables, trailing zeros are left out (see html.py) --------------------------
  const packed = Uint8Array.from(atob(document.getElementById("data").textContent), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const D = await new Response(stream).json();
  const STATUS = D.statuses, BAD = new Set(D.bad.map((name) => STATUS.indexOf(name)));
  const at = Object.fromEntries(STATUS.map((name, i) => [name, i]));
  const SIGN = { conforms: "✓", deviates: "≈", fails: "✗", missing: "·", unjudged: "?", "out of scope": "–", present: "○" };
  const ops = new Map(D.ops.map((op) => [op.n, op]));
  const failures = D.failures.map(([id, op, check, source, dtype, status, message, sample, repro, known, details]) =>
    ({ id, op, check, source, dtype, status, message, sample, repro, known, details }));
  const title = Object.fromEntries(D.checks.map(([name, text]) => [name, text]));

  // -- making elements ----------------------------------------------------------------------------------------------
  const $ = (id) => document.getElementById(id);
  function h(tag, attributes = {}, ...children) {
    const svg = ["svg", "rect", "line", "text", "circle", "g", "title"].includes(tag) || attributes.svg;
    const node = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "svg" || value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : value);
    }
    node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
    return node;
  }
  const fill = (node, ...children) => node.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false && child !== ""));
  const escaped = (text) => String(text).replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[c]);
  const many = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
  const link = (name) => h("a", { href: "#op/" + encodeURIComponent(name), class: "mono" }, name);
  const badge = (text) => h("span", { class: "badge b-" + text.replace(/ /g, "-") }, text);
  const numbers = (count) => count.slice(3).filter((n) => typeof n === "number");
  const reasons = (count) => (typeof count.at(-1) === "object" ? count.at(-1) : null);

  function select(name, label, values, state, change, shown = (v) => v) {
    const box = h("select", { "aria-label": label, onchange: (e) => change(name, e.target.value) },
      h("option", { value: "" }, label), ...values.map((v) => h("option", { value: v }, shown(v))));
    box.value = state[name] || "";
    return box;
  }
  function search(state, change, what) {
    const box = h("input", { type: "search", placeholder: `Search ${what}`, "aria-label": `Search ${what}`, value: state.q || "", spellcheck: "false", autocomplete: "off" });
    let timer;
    box.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => change("q", box.value), 80); });
    return box;
  }
  const matches = (text, q) => !q || q.toLowerCase().split(/\s+/).every((part) => text.toLowerCase().includes(part));
  function code(text) {
    const button = h("button", { type: "button", onclick: async () => {
      try { await navigator.clipboard.writeText(text); } catch { const range = document.createRange(); range.selectNodeContents(pre); getSelection().removeAllRanges(); getSelection().addRange(range); }
      button.textContent = "copied"; setTimeout(() => { button.textContent = "copy"; }, 1200);
    } }, "copy");
    const pre = h("pre", { tabindex: "0" }, text);
    return h("div", { class: "code" }, pre, button);
  }

  // -- counting -----------------------------------------------------------------------------------------------------
  function totals(op, check, state) {
    const sums = new Array(STATUS.length).fill(0);
    for (const count of op.x) {
      if (check !== null && count[0] !== check) continue;
      if (state.source && D.sources[count[1]] !== state.source) continue;
      if (state.dtype && D.dtypes[count[2]] !== state.dtype) continue;
      numbers(count).forEach((n, i) => { sums[i] += n; });
    }
    return sums;
  }
  const bad = (sums) => sums.reduce((all, n, i) => all + (BAD.has(i) ? n : 0), 0);
  function kindOf(sums) {
    if (bad(sums)) return "bad";
    return ["missing", "deviates", "passed", "blocked", "skipped"].find((name) => sums[at[name]]) || "";
  }
  const say = (sums) => STATUS.map((name, i) => (sums[i] ? `${many(sums[i])} ${name}` : "")).filter(Boolean).join(", ");
  function cell(sums) {
    const kind = kindOf(sums), failed = bad(sums);
    const sign = { bad: failed > 999 ? Math.round(failed / 1000) + "k" : failed, passed: "✓", deviates: "≈", missing: "·", blocked: "∅", skipped: "–" }[kind] ?? "";
    return `<td class="c-${kind || "none"}">${sign}</td>`;
  }

  // -- matrix -------------------------------------------------------------------------------------------------------
  const views = {};
  views.matrix = (section, state, change) => {
    const unique = (key) => [...new Set(D.ops.map((op) => op[key]))].sort();
    fill(section,
      h("h1", {}, "Functions by check"),
      h("div", { class: "tools" }, search(state, change, "functions"),
        select("status", "any verdict", unique("s"), state, change), select("kind", "any kind", unique("k"), state, change, (k) => k + "s"),
        select("family", "any family", unique("f"), state, change), select("source", "all sources", D.sources, state, change),
        select("dtype", "all dtypes", D.dtypes.filter((name) => !name.includes("+")), state, change),
        select("sort", "by name", ["verdict", "failures"], state, change, (v) => (v === "verdict" ? "worst verdict first" : "most failures first")),
        h("button", { type: "button", onclick: () => { location.hash = "#matrix"; } }, "reset")),
      h("p", { class: "result", "aria-live": "polite" }),
      h("div", { class: "grid-wrap", tabindex: "0", role: "region", "aria-label": "Matrix of functions and checks" }),
      h("p", { class: "key faint" }, "✓ passed, ≈ deviates on purpose, · missing, – does not apply, ∅ blocked by an earlier failure; a number says how many cases failed"));
    draw();
    views.matrix.update = draw;
    function draw() {
      const rows = D.ops.filter((op) => (!state.status || op.s === state.status) && (!state.kind || op.k === state.kind) &&
        (!state.family || op.f === state.family) && matches(op.n, state.q));
      const used = D.checks.map((_, i) => i).filter((i) => rows.some((op) => op.x.some((count) => count[0] === i)));
      const sums = new Map(rows.map((op) => [op, used.map((i) => totals(op, i, state))]));
      const order = state.sort || "name", place = ["fails", "missing", "deviates", "unjudged", "conforms", "out of scope"];
      const worst = (op) => bad(totals(op, order === "failures" ? null : D.checks.findIndex(([n]) => n === order), state));
      const kinds = ["function", "module", "optimizer", "scheduler", "program"];
      const by = order === "verdict" ? (a, b) => place.indexOf(a.s) - place.indexOf(b.s) : order === "name" ? (a, b) => kinds.indexOf(a.k) - kinds.indexOf(b.k) : (a, b) => worst(b) - worst(a);
      rows.sort(by);
      const failing = rows.filter((op) => op.s === "fails").length, number = rows.reduce((n, op) => n + bad(totals(op, null, state)), 0);
      section.querySelector(".result").textContent = `${rows.length} of ${D.ops.length} functions, ${failing} fail, ${many(number)} failed checks of cases`;
      const sort = (name, text, turn) => `<th scope="col"${order === name ? ' aria-sort="descending"' : ""}><button type="button" data-sort="${escaped(name)}"${turn ? ` title="${escaped(turn)}"` : ""}><span class="${turn !== undefined ? "turn" : ""}">${escaped(text)}</span></button></th>`;
      const head = `<thead><tr><th scope="col"><button type="button" data-sort="name">function</button></th>${used.map((i) => sort(D.checks[i][0], D.checks[i][1], D.checks[i][2])).join("")}</tr></thead>`;
      const body = rows.map((op) => `<tr data-op="${escaped(op.n)}"><th scope="row"><span class="sign s-${op.s.replace(/ /g, "-")}" title="${op.s}">${SIGN[op.s] || ""}</span><a class="mono" href="#op/${encodeURIComponent(op.n)}">${escaped(op.n)}</a></th>${sums.get(op).map(cell).join("")}</tr>`).join("");
      const wrap = section.querySelector(".grid-wrap");
      wrap.innerHTML = `<table class="matrix">${head}<tbody>${body}</tbody></table>`;
      wrap.onclick = (e) => {
        const button = e.target.closest("[data-sort]");
        if (button) {
          change("sort", button.dataset.sort === "name" ? "" : button.dataset.sort);
          section.querySelector('[aria-label="by name"]').value = state.sort || "";
        }
        else if (e.target.tagName === "TD") location.hash = "#op/" + encodeURIComponent(e.target.parentNode.dataset.op);
      };
      wrap.onmouseover = (e) => {
        if (e.target.tagName !== "TD" || e.target.title) return;
        const check = used[e.target.cellIndex - 1];
        e.target.title = `${D.checks[check][1]}: ${say(totals(ops.get(e.target.parentNode.dataset.op), check, state)) || "no case"}`;
      };
    }
  };

  // -- failures -----------------------------------------------------------------------------------------------------
  function failure(item, withName, open) {
    const details = Object.entries(item.details);
    return h("article", { class: "fail" },
      h("div", { class: "head" }, badge(item.status), withName && link(item.op), h("b", {}, title[item.check] || item.check),
        h("span", { class: "faint" }, `${item.source}, ${item.dtype}`), item.known ? badge("accepted") : null),
      h("p", {}, item.message), item.sample && h("p", { class: "mono sample" }, item.sample),
      details.length ? h("p", { class: "faint" }, details.map(([k, v]) => `${k}: ${v}`).join(" · ")) : null,
      item.repro && h("details", { open }, h("summary", {}, "reproduce"), code(item.repro)),
      h("p", { class: "faint" }, h("code", {}, `python -m conformance repro '${item.id}'`)));
  }
  views.failures = (section, state, change) => {
    const unique = (key) => [...new Set(failures.map((item) => item[key]))].sort();
    fill(section,
      h("h1", {}, "Failures"),
      h("p", { class: "lead" }, "The first few of each function, check, source and dtype. Every one comes with a program that shows it."),
      h("div", { class: "tools" }, search(state, change, "failures"), select("check", "any check", unique("check"), state, change, (c) => title[c] || c),
        select("status", "any result", unique("status"), state, change), select("source", "all sources", unique("source"), state, change),
        select("dtype", "all dtypes", unique("dtype"), state, change),
        h("button", { type: "button", onclick: () => { location.hash = "#failures"; } }, "reset")),
      h("p", { class: "result", "aria-live": "polite" }), h("div", { class: "list" }));
    draw();
    views.failures.update = draw;
    function draw() {
      const found = failures.filter((item) => ["check", "status", "source", "dtype"].every((key) => !state[key] || item[key] === state[key]) &&
        matches(`${item.id} ${item.message} ${item.sample}`, state.q));
      section.querySelector(".result").textContent = failures.length ? `${found.length} of ${failures.length} failures kept` : "Nothing failed.";
      page(section.querySelector(".list"), found, 60, (item, i) => failure(item, true, i === 0));
    }
  };
  function page(list, items, size, make) {
    list.replaceChildren();
    let shown = 0;
    const more = h("button", { type: "button", onclick: next }, "");
    function next() {
      more.remove();
      list.append(...items.slice(shown, shown + size).map(make));
      shown = Math.min(items.length, shown + size);
      if (shown < items.length) { more.textContent = `show more (${items.length - shown} left)`; list.after(more); }
    }
    list.parentNode.querySelectorAll(":scope > button").forEach((old) => old.remove());
    next();
  }

  // -- one op -------------------------------------------------------------------------------------------------------
  const ulp = (value) => (value === null ? "∞" : value === 0 ? "0" : value < 0.01 ? value.toExponential(1) : value < 1000 ? String(+value.toPrecision(3)) : value.toExponential(1));
  function histogram(subject, torch) {
    const W = 520, H = 150, L = 4, B = 34, n = D.edges.length, step = (W - L) / n;
    const top = Math.log1p(Math.max(1, ...subject, ...torch)), y = (count) => (H - B - 12) * (count ? Math.max(Math.log1p(count) / top, 0.03) : 0);
    const bar = (count, i, side, label) => h("rect", { class: side ? "t" : "s", x: L + i * step + (side ? step * 0.48 : step * 0.1), width: step * 0.38, y: H - B - y(count), height: y(count) },
      h("title", {}, `${label}: ${many(count)} within ${D.edges[i]} ULP`));
    return h("svg", { class: "hist", viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": "Distribution of errors in ULP" },
      h("line", { class: "grid", x1: L, x2: W, y1: H - B, y2: H - B }),
      D.edges.map((edge, i) => [bar(subject[i] || 0, i, 0, D.subject), bar(torch[i] || 0, i, 1, "PyTorch"),
        h("text", { x: L + (i + 0.5) * step, y: H - B + 15, "text-anchor": "middle" }, edge === "1e+06" ? "10⁶" : edge)]),
      h("text", { x: W, y: H - 3, "text-anchor": "end" }, "error at most, in ULP; height: elements, logarithmic"));
  }
  function accuracyOf(op) {
    return op.a.map(([dtype, oracle, elements, mine, theirs, better, [input, subject, torch, truth]]) => h("div", { class: "accuracy" },
      h("h3", {}, dtype, " ", h("span", { class: "faint" }, `${many(elements)} elements; the truth by ${oracle}`)),
      h("div", {}, h("table", { class: "plain" },
        h("thead", {}, h("tr", {}, h("th", {}, ""), h("th", { scope: "col" }, "worst ULP"), h("th", { scope: "col" }, "mean ULP"))),
        h("tbody", {}, [[D.subject, mine], ["PyTorch", theirs]].map(([name, errors]) => h("tr", {}, h("th", { scope: "row" }, name), h("td", {}, ulp(errors[0])), h("td", {}, ulp(errors[1])))))),
        h("p", {}, better === "equal" ? "Equally near to the truth." : `${better === "subject" ? D.subject : "PyTorch"} is nearer to the truth.`),
        input && h("dl", {}, ["worst at", input, D.subject, subject, "PyTorch", torch, "truth", truth].map((text, i) => h(i % 2 ? "dd" : "dt", { class: i % 2 ? "mono" : "" }, text)))),
      h("div", {}, h("p", { class: "key faint" }, h("span", {}, h("i", { class: "s" }), D.subject), h("span", {}, h("i", { class: "t" }), "PyTorch")), histogram(mine[2], theirs[2]))));
  }
  function countsOf(op) {
    const used = D.checks.map((_, i) => i).filter((i) => op.x.some((count) => count[0] === i));
    // A column for each source and dtype; dtypes that only one check knows (the pairs of promotion) share one.
    const asked = new Map();
    for (const [check, source, dtype] of op.x) asked.set(`${source}/${dtype}`, (asked.get(`${source}/${dtype}`) || new Set()).add(check));
    const columns = new Map();
    for (const count of op.x) {
      const [, source, dtype] = count, alone = asked.get(`${source}/${dtype}`).size === 1 && D.dtypes.length > 6;
      const key = alone ? `${source}/` : `${source}/${dtype}`;
      if (!columns.has(key)) columns.set(key, { source, dtype: alone ? Infinity : dtype, label: alone ? "others" : D.dtypes[dtype], counts: [] });
      columns.get(key).counts.push(count);
    }
    const pairs = [...columns.values()].sort((a, b) => a.source - b.source || a.dtype - b.dtype);
    const table = h("table", { class: "plain" },
      h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "check"), pairs.map((pair) => h("th", { scope: "col" }, D.sources[pair.source], h("br"), pair.label)))),
      h("tbody", {}, used.map((i) => h("tr", {}, h("th", { scope: "row", title: D.checks[i][2] }, D.checks[i][1]), pairs.map((pair) => {
        const sums = totals({ x: pair.counts }, i, {}), kind = kindOf(sums);
        const text = { bad: `${bad(sums)} failed`, passed: `✓ ${many(sums[at.passed])}`, deviates: `≈ ${sums[at.deviates]}`, missing: "missing", blocked: "∅", skipped: "–" }[kind] || "";
        return h("td", { class: kind === "bad" ? "t-bad" : `c-${kind}`, title: say(sums) }, text);
      })))));
    const why = new Map();
    for (const count of op.x) for (const [reason, n] of Object.entries(reasons(count) || {})) {
      const key = `${D.checks[count[0]][1]}\u0000${D.reasons[reason]}`;
      why.set(key, (why.get(key) || 0) + n);
    }
    const listed = [...why].map(([key, n]) => [...key.split("\u0000"), n]).sort((a, b) => b[2] - a[2]);
    return [h("div", { class: "scroll" }, table),
      listed.length ? h("details", {}, h("summary", {}, `why ${many(listed.reduce((n, row) => n + row[2], 0))} were skipped or deviate`),
        h("table", { class: "plain" }, h("tbody", {}, listed.map(([check, reason, n]) => h("tr", {}, h("th", { scope: "row" }, check), h("td", { class: "left" }, reason), h("td", {}, many(n))))))) : null];
  }
  function grouped(items) {
    const groups = new Map();
    for (const item of items) groups.set(item.check, [...(groups.get(item.check) || []), item]);
    return [...groups.values()].map(([first, ...rest]) => [failure(first, false, true),
      rest.length ? h("details", {}, h("summary", {}, `${rest.length} more of ${title[first.check] || first.check}`), rest.map((item) => failure(item, false, false))) : null]);
  }
  function showOp(name) {
    const section = $("op"), op = ops.get(name);
    if (!op) return fill(section, h("h1", {}, "No such function in this report"), h("p", {}, name));
    const own = failures.filter((item) => item.op === name), sums = totals(op, null, {});
    const listed = D.ops.findIndex((other) => other.n === name), near = (step) => D.ops[listed + step];
    fill(section,
      h("p", { class: "eyebrow" }, h("a", { href: back }, "← back"), " · ", `${op.k}, ${op.f}`,
        near(-1) ? [" · ", h("a", { href: "#op/" + encodeURIComponent(near(-1).n), rel: "prev" }, "previous")] : null, near(1) ? [" · ", h("a", { href: "#op/" + encodeURIComponent(near(1).n), rel: "next" }, "next")] : null),
      h("h1", { class: "mono" }, name, " ", badge(op.s)),
      h("p", { class: "lead" }, op.r ? op.r + ". " : "", op.c ? `${many(op.c)} cases: ${say(sums)}.` : "No case was judged."),
      op.g && h("dl", {}, h("dt", {}, "signature"), h("dd", {}, badge(op.g[0]), " ", op.g[3]), op.g[1] && [h("dt", {}, "PyTorch"), h("dd", { class: "mono" }, op.g[1])], op.g[2] && [h("dt", {}, D.subject), h("dd", { class: "mono" }, op.g[2])]),
      op.x.length ? [h("h2", {}, "Checks by source and dtype"), countsOf(op)] : null,
      own.length ? [h("h2", {}, `Failures (${many(bad(sums))}${own.length < bad(sums) ? `, ${own.length} of them kept` : ""})`), grouped(own)] : null,
      op.a ? [h("h2", {}, "The two oracles: distance from the truth"), accuracyOf(op)] : null,
      op.p ? [h("h2", {}, "Some of the arguments it was called with"), h("ul", { class: "samples" }, op.p.map((text) => h("li", { class: "mono" }, text)))] : null);
    document.title = `${name}: conformance of ${D.subject}`;
  }

  // -- accuracy -----------------------------------------------------------------------------------------------------
  views.accuracy = (section, state, change) => {
    const rows = D.ops.flatMap((op) => (op.a || []).map((item) => ({ op: op.n, dtype: item[0], oracle: item[1], n: item[2], mine: item[3], theirs: item[4], better: item[5] })));
    const dtypes = [...new Set(rows.map((row) => row.dtype))];
    fill(section,
      h("h1", {}, "Accuracy"),
      h("p", { class: "lead" }, `How far ${D.subject} and PyTorch are from the true value, in units in the last place. Below the line, ${D.subject} is nearer.`),
      h("div", { class: "tools" }, search(state, change, "functions"), select("dtype", "all dtypes", dtypes, state, change),
        select("better", "whoever is nearer", ["subject", "equal", "torch"], state, change, (v) => ({ subject: D.subject + " nearer", equal: "equal", torch: "PyTorch nearer" })[v]),
        select("sort", "by name", ["mine", "theirs", "gap"], state, change, (v) => ({ mine: `by ${D.subject}'s worst`, theirs: "by PyTorch's worst", gap: "by how much worse" })[v])),
      h("p", { class: "result", "aria-live": "polite" }), h("div", { class: "figure" }),
      h("div", { class: "scroll" }, h("table", { class: "plain" }, h("thead", {}, h("tr", {}, ["function", "dtype", `${D.subject} worst`, "PyTorch worst", `${D.subject} mean`, "PyTorch mean", "truth by"].map((text) => h("th", { scope: "col" }, text)))), h("tbody"))));
    draw();
    views.accuracy.update = draw;
    function draw() {
      const big = (value) => (value === null ? Infinity : value);
      const found = rows.filter((row) => (!state.dtype || row.dtype === state.dtype) && (!state.better || row.better === state.better) && matches(row.op, state.q));
      const gap = (row) => big(row.mine[0]) / Math.max(big(row.theirs[0]), 0.25);
      const key = { mine: (row) => big(row.mine[0]), theirs: (row) => big(row.theirs[0]), gap }[state.sort];
      if (key) found.sort((a, b) => key(b) - key(a));
      section.querySelector(".result").textContent = `${found.length} of ${rows.length}: ${D.subject} is nearer in ${found.filter((r) => r.better === "subject").length}, PyTorch in ${found.filter((r) => r.better === "torch").length}`;
      section.querySelector(".figure").replaceChildren(scatter(found, big));
      section.querySelector("tbody").replaceChildren(...found.map((row) => h("tr", {}, h("th", { scope: "row" }, link(row.op)), h("td", {}, row.dtype), h("td", {}, ulp(row.mine[0])), h("td", {}, ulp(row.theirs[0])), h("td", {}, ulp(row.mine[1])), h("td", {}, ulp(row.theirs[1])), h("td", {}, row.oracle))));
    }
    function scatter(found, big) {
      const W = 560, H = 380, L = 46, B = 40, most = 1e8, least = 0.1;
      const scale = (value) => Math.log10(Math.min(most, Math.max(least, big(value))) / least) / Math.log10(most / least);
      const x = (value) => L + (W - L - 14) * scale(value), y = (value) => H - B - (H - B - 12) * scale(value);
      const ticks = [0.1, 1, 10, 100, 1e4, 1e6, 1e8], name = (t) => (t < 1e4 ? String(t) : "10" + { 4: "⁴", 6: "⁶", 8: "⁸" }[Math.round(Math.log10(t))]);
      return h("svg", { class: "plot", viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": "Worst error of each function, PyTorch across, the subject upwards" },
        ticks.map((t) => [h("line", { class: "grid", x1: x(t), x2: x(t), y1: y(least), y2: y(most) }), h("line", { class: "grid", x1: x(least), x2: x(most), y1: y(t), y2: y(t) }),
          h("text", { x: x(t), y: H - B + 16, "text-anchor": "middle" }, name(t)), h("text", { x: L - 6, y: y(t) + 4, "text-anchor": "end" }, name(t))]),
        h("line", { class: "diag", x1: x(least), y1: y(least), x2: x(most), y2: y(most) }),
        h("text", { x: W - 14, y: H - 6, "text-anchor": "end" }, "PyTorch's worst error, ULP"), h("text", { x: L + 6, y: 24 }, `${D.subject}'s worst error, ULP`),
        found.map((row) => h("a", { svg: true, href: "#op/" + encodeURIComponent(row.op), tabindex: "-1" }, h("circle", { cx: x(row.theirs[0]).toFixed(1), cy: y(row.mine[0]).toFixed(1), r: 3.6 }, h("title", {}, `${row.op}, ${row.dtype}: ${D.subject} ${ulp(row.mine[0])}, PyTorch ${ulp(row.theirs[0])}`)))));
    }
  };

  // -- public names -------------------------------------------------------------------------------------------------
  views.surface = (section, state, change) => {
    const unique = (i) => [...new Set(D.surface.map((row) => row[i]))].sort();
    fill(section,
      h("h1", {}, "PyTorch's public names"),
      h("p", { class: "lead" }, `What PyTorch publishes, each name once, and what ${D.subject} makes of it. “Present” is there, but judged by no case.`),
      h("div", { class: "tools" }, search(state, change, "names"), select("status", "any status", unique(2), state, change), select("group", "anywhere", unique(1), state, change),
        select("signature", "any signature", unique(4), state, change, (v) => `signature ${v}`),
        h("button", { type: "button", onclick: () => { location.hash = "#surface"; } }, "reset")),
      h("p", { class: "result", "aria-live": "polite" }),
      h("div", { class: "scroll" }, h("table", { class: "names" }, h("thead", {}, h("tr", {}, ["name", "status", "reason", "signature"].map((text) => h("th", { scope: "col" }, text)))), h("tbody"))));
    draw();
    views.surface.update = draw;
    function draw() {
      const found = D.surface.filter((row) => (!state.status || row[2] === state.status) && (!state.group || row[1] === state.group) && (!state.signature || row[4] === state.signature) && matches(`${row[0]} ${row[3]}`, state.q));
      const number = {};
      for (const row of found) number[row[2]] = (number[row[2]] || 0) + 1;
      section.querySelector(".result").textContent = `${many(found.length)} of ${many(D.surface.length)} names: ${Object.entries(number).map(([name, n]) => `${many(n)} ${name}`).join(", ")}`;
      const body = section.querySelector("tbody"), size = 300;
      const make = (row) => h("tr", {}, h("td", {}, ops.has(row[0]) ? link(row[0]) : row[0]), h("td", {}, badge(row[2])), h("td", {}, row[3]),
        h("td", {}, row[4] === "differs" ? [badge("differs"), " ", row[7], h("br"), h("span", { class: "mono faint" }, `PyTorch ${row[5]}`, h("br"), `${D.subject} ${row[6]}`)] : row[4] === "same" ? h("span", { class: "mono faint" }, row[5]) : ""));
      body.replaceChildren(...found.slice(0, size).map(make));
      if (found.length > size) body.append(h("tr", {}, h("td", { colspan: "4" }, h("button", { type: "button", onclick: () => body.replaceChildren(...found.map(make)) }, `show all ${many(found.length)}`))));
    }
  };

  // -- planted faults -----------------------------------------------------------------------------------------------
  views.selftest = (section, state, change) => {
    const caught = D.mutants.filter((row) => row[5]).length;
    fill(section, h("h1", {}, `${caught} of ${D.mutants.length} planted faults were caught.`),
      h("p", { class: "lead" }, "A suite that cannot fail proves nothing. Each line is a fault that was planted in the subject on purpose."),
      h("div", { class: "tools" }, search(state, change, "faults")), h("p", { class: "result" }),
      h("div", { class: "scroll" }, h("table", { class: "names" }, h("thead", {}, h("tr", {}, ["fault", "in", "what is wrong", "meant for", "seen by"].map((text) => h("th", { scope: "col" }, text)))), h("tbody"))));
    draw();
    views.selftest.update = draw;
    function draw() {
      const found = D.mutants.filter((row) => matches(row.join(" "), state.q));
      section.querySelector("tbody").replaceChildren(...found.map((row) => h("tr", {}, h("td", {}, row[0]), h("td", {}, link(row[1])), h("td", {}, row[3]), h("td", {}, title[row[4]] || row[4]), h("td", {}, row[5] ? row[6].map((c) => title[c] || c).join(", ") : [badge("failed"), " not seen. ", row[7]]))));
    }
  };

  // -- addresses: #view?key=value, #op/NAME -------------------------------------------------------------------------
  let back = "#matrix", current = "";
  const sections = ["overview", "matrix", "op", "failures", "accuracy", "surface", "selftest", "about"];
  function route() {
    const [path, query] = (location.hash.slice(1) || "overview").split("?");
    const [first, ...rest] = path.split("/"), view = sections.includes(first) ? first : "overview";
    for (const name of sections) $(name).hidden = name !== view;
    document.querySelectorAll("nav a").forEach((a) => { if (a.hash === "#" + view || (view === "op" && a.hash === "#matrix")) { a.setAttribute("aria-current", "page"); a.scrollIntoView({ block: "nearest", inline: "nearest" }); } else a.removeAttribute("aria-current"); });
    document.title = `${D.subject}: conformance with PyTorch`;
    if (view === "op") showOp(decodeURIComponent(rest.join("/")));
    else if (views[view]) {
      const state = Object.fromEntries(new URLSearchParams(query || ""));
      views[view]($(view), state, (key, value) => {
        if (value) state[key] = value; else delete state[key];
        history.replaceState(null, "", `#${view}${Object.keys(state).length ? "?" + new URLSearchParams(state) : ""}`);
        back = location.hash;
        views[view].update();
      });
      back = location.hash;
    }
    if (current && current !== location.hash) { scrollTo(0, 0); $("main").focus({ preventScroll: true }); }
    current = location.hash || "#overview";
  }
  addEventListener("hashchange", route);
  addEventListener("keydown", (e) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
    if (e.key === "/" && !typing && !e.ctrlKey && !e.metaKey) {
      const box = document.querySelector("section:not([hidden]) input[type=search]");
      if (box) box.focus(); else { location.hash = "#matrix"; setTimeout(() => $("matrix").querySelector("input").focus(), 0); }
      e.preventDefault();
    } else if (e.key === "Escape" && !$("op").hidden) location.hash = back;
  });
  route();
})().catch((error) => {
  const note = document.createElement("p");
  note.className = "note warn";
  note.textContent = `This browser cannot show the details (${error.message}); report.json and summary.md hold the same results.`;
  document.getElementById("main").prepend(note);
});
