"use strict";
// The table of items and the what-if of an audit's report. What people wrote is only ever set as text, never as markup.
(() => {
  const at = (id) => document.getElementById(id);
  const PAGE = 50, WORDS = { "-1": "not judged", 0: "allowed", 1: "warned of", 2: "blocked" };
  const CLASSES = { "-1": "none", 0: "allow", 1: "warn", 2: "block" }, SEVERITY = { allow: 0, warn: 1, block: 2 };
  if (typeof DecompressionStream === "undefined") return;

  async function unpacked(id) {
    const raw = atob(at(id).textContent), bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
    at(id).textContent = "";
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).text();
  }

  function made(tag, text, name) {
    const node = document.createElement(tag);
    if (text !== undefined) node.textContent = text;
    if (name) node.className = name;
    return node;
  }

  const rules = JSON.parse(at("rules").textContent);
  let items, texts = null, shown = [], page = 0, order = { by: "rank", down: false };
  let now, whatIf = null, sliders = [];

  const name = (kind, i) => items.names[kind][items[kind][i]];
  const severity = (i) => (whatIf ? whatIf[i] : items.severity[i]);

  // As `fired_by_category` of judges/decision.py has it, by the highest probability of each category over the parts.
  function judged(settings) {
    const found = new Int8Array(items.id.length), many = settings.length;
    const exempts = settings.map((one) => settings.map((other) => other.action === 0 && other.exempts.includes(one.name)));
    for (let i = 0; i < found.length; i++) {
      if (items.severity[i] < 0) { found[i] = -1; continue; }
      const fired = [];
      let best = -1, sum = 0;
      for (let c = 0; c < many; c++) {
        const p = items.scores[c][i];
        fired.push(p >= 0 && p >= settings[c].threshold * 1000);
        if (p >= 0) sum += p;
        if (best < 0 || p > items.scores[best][i] || (p === items.scores[best][i] && settings[c].action > settings[best].action)) best = c;
      }
      if (rules.multiClass) for (let c = 0; c < many; c++) fired[c] = fired[c] && c === best && items.scores[c][i] >= 1000 - sum;
      let worst = 0;
      for (let c = 0; c < many; c++) {
        if (!fired[c] || settings[c].action <= worst) continue;
        let off = false;
        for (let o = 0; o < many; o++) off = off || (exempts[c][o] && fired[o] && items.scores[o][i] > items.scores[c][i]);
        if (!off) worst = settings[c].action;
      }
      found[i] = Math.max(worst, items.floor[i]);
    }
    return found;
  }

  const chosen = () => sliders.map((one, c) => ({
    name: rules.categories[c].name, exempts: rules.categories[c].exempts,
    threshold: Number(one.range.value), action: SEVERITY[one.select.value],
  }));
  const asJudged = () => rules.categories.map((one) => ({ ...one, action: SEVERITY[one.action] }));
  const counted = (found) => [1, 2].map((wanted) => found.reduce((sum, one) => sum + (one === wanted), 0));
  const signed = (number) => (number > 0 ? "+" : "") + number.toLocaleString("en");

  function recompute() {
    const settings = chosen();
    const edited = rules.categories.filter((one, c) => settings[c].threshold !== one.threshold || settings[c].action !== SEVERITY[one.action]);
    sliders.forEach((one) => { one.output.value = Number(one.range.value).toFixed(2); });
    if (!edited.length) {
      whatIf = null;
      at("whatif-result").textContent = "Nothing is changed.";
      at("whatif-yaml").textContent = "";
      return draw(true);
    }
    const found = judged(settings), [warned, blocked] = counted(found), [warnedNow, blockedNow] = counted(now);
    // What the probabilities alone do not decide (a person's decision, a plea, a failure) stays as it is.
    whatIf = items.severity.map((old, i) => (items.person[i] || found[i] === now[i] ? old : found[i]));
    const moved = whatIf.reduce((sum, one, i) => sum + (one !== items.severity[i]), 0);
    at("whatif-result").textContent = `${blocked.toLocaleString("en")} blocked (${signed(blocked - blockedNow)}), ` +
      `${warned.toLocaleString("en")} warned of (${signed(warned - warnedNow)}); ${moved.toLocaleString("en")} items change, of ${items.id.length.toLocaleString("en")} in this page.`;
    at("whatif-yaml").textContent = "categories:\n" + edited.map((one) => {
      const own = settings[rules.categories.indexOf(one)], action = Object.keys(SEVERITY)[own.action];
      return `  ${JSON.stringify(one.name)}:\n    action: ${action}\n    threshold: ${own.threshold}\n`;
    }).join("");
    draw(true);
  }

  function whatIfControls() {
    rules.categories.forEach((one) => {
      const row = made("div", undefined, "slider"), range = made("input"), output = made("output", one.threshold.toFixed(2)), select = made("select");
      const label = made("b", one.name);
      range.type = "range"; range.min = 0.01; range.max = 1; range.step = "any"; range.value = one.threshold;
      range.setAttribute("aria-label", `${one.name}: probability from which it acts`);
      range.addEventListener("input", () => { range.value = Math.round(range.value * 100) / 100; });
      select.setAttribute("aria-label", `${one.name}: what happens`);
      Object.keys(SEVERITY).forEach((action) => select.append(new Option(action, action, false, action === one.action)));
      let waiting = 0;
      const later = () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(recompute); };
      range.addEventListener("input", later); select.addEventListener("change", later);
      row.append(label, range, output, select);
      at("sliders").append(row);
      sliders.push({ range, output, select });
    });
    // A range rounds what it is given; as it stands is as it was judged.
    sliders.forEach((one, c) => { rules.categories[c].threshold = Number(one.range.value); });
    now = judged(asJudged());
    at("whatif-reset").addEventListener("click", () => {
      sliders.forEach((one, c) => { one.range.value = rules.categories[c].threshold; one.select.value = rules.categories[c].action; });
      at("whatif-only").checked = false;
      recompute();
    });
    at("whatif-only").addEventListener("change", () => draw(true));
    at("whatif-section").hidden = false;
  }

  const KEYS = {
    rank: (i) => i, action: (i) => severity(i), p: (i) => items.p[i], category: (i) => name("category", i), part: (i) => name("part", i),
    author: (i) => name("author", i).toLowerCase(), date: (i) => items.date[i], text: (i) => (texts && i < texts.length ? texts[i] : ""),
  };
  const HEADS = [["action", "Action"], ["p", "p"], ["category", "Category"], ["part", "Part"], ["author", "Author"], ["date", "Date"], ["text", "Text"]];

  function select() {
    const words = at("f-words").value.trim().toLowerCase(), author = at("f-author").value.trim().toLowerCase();
    const action = at("f-action").value, category = at("f-category").value, part = at("f-part").value;
    const since = at("f-since").value, until = at("f-until").value, only = at("whatif-only").checked && whatIf;
    shown = [];
    for (let i = 0; i < items.id.length; i++) {
      if (action !== "" && severity(i) !== Number(action)) continue;
      if (category && name("category", i) !== category) continue;
      if (part && name("part", i) !== part) continue;
      if (author && !name("author", i).toLowerCase().includes(author)) continue;
      if (since && items.date[i].slice(0, 10) < since) continue;
      if (until && (!items.date[i] || items.date[i].slice(0, 10) > until)) continue;
      if (only && whatIf[i] === items.severity[i]) continue;
      if (words && !(texts && i < texts.length && texts[i].toLowerCase().includes(words))) continue;
      shown.push(i);
    }
    if (order.by !== "rank") {
      const key = KEYS[order.by], sign = order.down ? -1 : 1, keys = new Map(shown.map((i) => [i, key(i)]));
      shown.sort((a, b) => (keys.get(a) < keys.get(b) ? -sign : keys.get(a) > keys.get(b) ? sign : a - b));
    }
  }

  function textCell(i) {
    const cell = made("td");
    if (!texts) cell.append(made("small", "reading the texts …"));
    else if (i >= texts.length) cell.append(made("small", `not in this page: modcli audit query, id ${items.id[i]}`));
    else if (severity(i) === 2) {
      const button = made("button", "Show the text");
      button.type = "button";
      button.addEventListener("click", () => button.replaceWith(made("span", texts[i])));
      cell.append(button);
    } else cell.append(made("span", texts[i]));
    const told = [name("reason", i), name("stage", i) && `decided by ${name("stage", i)}`, name("visibility", i) !== "public" && name("visibility", i)];
    const small = made("small", told.filter(Boolean).join(" · "));
    if (items.url[i]) {
      const link = made("a", "original");
      link.href = items.url[i]; link.rel = "noopener noreferrer nofollow"; link.target = "_blank";
      if (small.textContent) small.append(" · ");
      small.append(link);
    }
    cell.append(small);
    return cell;
  }

  function drawRows() {
    const rows = shown.slice(page * PAGE, (page + 1) * PAGE).map((i) => {
      const row = made("tr"), action = made("td"), found = severity(i);
      action.append(made("span", WORDS[found], `tag ${CLASSES[found]}`));
      if (found !== items.severity[i]) action.append(made("small", `was ${WORDS[items.severity[i]]}`, "changed"));
      else if (items.person[i]) action.append(made("small", "by a person"));
      row.append(action, made("td", items.p[i] < 0 ? "" : (items.p[i] / 1000).toFixed(2)), made("td", name("category", i)),
        made("td", name("part", i)), made("td", name("author", i)), made("td", items.date[i].slice(0, 10)), textCell(i));
      return row;
    });
    at("rows").replaceChildren(...rows);
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    at("count").textContent = `${shown.length.toLocaleString("en")} of ${items.id.length.toLocaleString("en")} items`;
    at("page").textContent = `page ${(page + 1).toLocaleString("en")} of ${pages.toLocaleString("en")}`;
    at("previous").disabled = page === 0; at("next").disabled = page + 1 >= pages;
  }

  function draw(anew) {
    if (anew) { select(); page = 0; }
    drawRows();
  }

  function heads() {
    HEADS.forEach(([key, title]) => {
      const head = made("th"), button = made("button", title);
      head.scope = "col"; button.type = "button";
      button.addEventListener("click", () => {
        order = { by: key, down: order.by === key ? !order.down : key === "p" || key === "action" || key === "date" };
        document.querySelectorAll("#heads th").forEach((one) => one.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", order.down ? "descending" : "ascending");
        draw(true);
      });
      head.append(button);
      at("heads").append(head);
    });
  }

  function controls() {
    ["category", "part"].forEach((kind) => {
      at(`f-${kind}`).append(new Option("all", ""), ...[...items.names[kind]].filter(Boolean).sort().map((one) => new Option(one, one)));
    });
    let waiting = 0;
    const later = () => { clearTimeout(waiting); waiting = setTimeout(() => draw(true), 120); };
    at("filters").addEventListener("input", later);
    at("filters").addEventListener("reset", () => setTimeout(() => draw(true)));
    at("filters").addEventListener("submit", (event) => event.preventDefault());
    at("previous").addEventListener("click", () => { page--; drawRows(); });
    at("next").addEventListener("click", () => { page++; drawRows(); });
  }

  function sortable() {
    document.querySelectorAll("table.sortable").forEach((table) => {
      const body = table.tBodies[0];
      [...table.tHead.rows[0].cells].forEach((head, column) => {
        const button = made("button", head.textContent);
        button.type = "button";
        head.replaceChildren(button);
        button.addEventListener("click", () => {
          const down = head.getAttribute("aria-sort") !== "descending";
          const value = (row) => { const text = row.cells[column].firstChild ? row.cells[column].firstChild.textContent.trim() : ""; const number = Number(text.replace(/,/g, "")); return text === "" || Number.isNaN(number) ? text : number; };
          const rows = [...body.rows].filter((row) => !row.classList.contains("sum")), sums = [...body.rows].filter((row) => row.classList.contains("sum"));
          rows.sort((a, b) => { const [x, y] = [value(a), value(b)]; return (x < y ? -1 : x > y ? 1 : 0) * (down ? -1 : 1); });
          body.append(...rows, ...sums);
          [...head.parentNode.cells].forEach((one) => one.removeAttribute("aria-sort"));
          head.setAttribute("aria-sort", down ? "descending" : "ascending");
        });
      });
    });
  }

  async function start() {
    sortable();
    items = JSON.parse(await unpacked("columns"));
    heads(); controls();
    if (items.id.length) whatIfControls();
    draw(true);
    at("static").hidden = true; at("table").hidden = false;
    const lines = await unpacked("texts");
    texts = lines ? lines.trimEnd().split("\n").map((line) => JSON.parse(line)) : [];
    draw(true);
    document.documentElement.dataset.ready = Math.round(performance.now());
  }
  start().catch((error) => { at("count").textContent = `The table cannot be shown: ${error.message}`; });
})();
