"use strict";
(() => {
  const at = (id) => document.getElementById(id);
  const WORDS = JSON.parse(at("words").textContent);
  const bytes = (text) => new TextEncoder().encode(text);

  // A number keeps the digits that it was written with: ids are longer than JavaScript's numbers can hold.
  class Num {
    constructor(text) { this.text = /[.eE]/.test(text) ? writeFloat(Number(text)) : text; }
  }

  function writeFloat(value) {
    const [digits, power] = Math.abs(value).toExponential().split("e");
    const all = digits.replace(".", ""), before = Number(power) + 1;
    const sign = value < 0 || Object.is(value, -0) ? "-" : "";
    if (before > 16 || before <= -5) return `${sign}${digits}e${Number(power)}`;
    if (before <= 0) return `${sign}0.${"0".repeat(-before)}${all}`;
    const whole = all.slice(0, before).padEnd(before, "0");
    return `${sign}${whole}.${all.slice(before) || "0"}`;
  }

  const TOKEN = /[ \t\r\n]*(?:([{}\[\],:])|("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)|(true|false|null))/y;

  // JSON as Map, Array, string, Num, boolean and null, so that no name and no number is lost.
  function read(text) {
    let place = 0;
    const next = () => {
      TOKEN.lastIndex = place;
      const found = TOKEN.exec(text);
      if (!found) throw new SyntaxError("JSON");
      place = TOKEN.lastIndex;
      return found;
    };
    const value = (token, depth) => {
      if (depth > 200) throw new SyntaxError("JSON");
      if (token[2] !== undefined) return JSON.parse(token[2]);
      if (token[3] !== undefined) return new Num(token[3]);
      if (token[4] !== undefined) return JSON.parse(token[4]);
      if (token[1] === "[") return list(depth);
      if (token[1] === "{") return object(depth);
      throw new SyntaxError("JSON");
    };
    const list = (depth) => {
      const found = [];
      for (let token = next(); token[1] !== "]"; token = next()) {
        if (found.length) { if (token[1] !== ",") throw new SyntaxError("JSON"); token = next(); }
        found.push(value(token, depth + 1));
      }
      return found;
    };
    const object = (depth) => {
      const found = new Map();
      for (let token = next(); token[1] !== "}"; token = next()) {
        if (found.size) { if (token[1] !== ",") throw new SyntaxError("JSON"); token = next(); }
        if (token[2] === undefined || next()[1] !== ":") throw new SyntaxError("JSON");
        found.set(JSON.parse(token[2]), value(next(), depth + 1));
      }
      return found;
    };
    const found = value(next(), 0);
    if (text.slice(place).trim()) throw new SyntaxError("JSON");
    return found;
  }

  // The form that is signed: names in the order of their bytes, no white space.
  function write(value) {
    if (value instanceof Map) {
      const names = [...value.keys()].map((name) => [name, bytes(name)]).sort((one, other) => compare(one[1], other[1]));
      return `{${names.map(([name]) => `${JSON.stringify(name)}:${write(value.get(name))}`).join(",")}}`;
    }
    if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
    return value instanceof Num ? value.text : JSON.stringify(value);
  }

  function compare(one, other) {
    for (let place = 0; place < Math.min(one.length, other.length); place += 1) {
      if (one[place] !== other[place]) return one[place] - other[place];
    }
    return one.length - other.length;
  }

  const same = (one, other) => one.length === other.length && compare(one, other) === 0;
  const join = (...parts) => {
    const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let place = 0;
    for (const part of parts) { all.set(part, place); place += part.length; }
    return all;
  };
  const unbase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const unhex = (text) => Uint8Array.from(text.match(/../g) || [], (pair) => parseInt(pair, 16));
  const hex = (found) => [...found].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const hash = async (what) => new Uint8Array(await crypto.subtle.digest("SHA-256", what));

  async function readKey(pem) {
    const der = unbase64(pem.replace(/-----[A-Z ]+-----/g, "").replace(/\s/g, ""));
    return crypto.subtle.importKey("spki", der, { name: "Ed25519" }, false, ["verify"]);
  }

  const signs = (key, signature, what) => crypto.subtle.verify({ name: "Ed25519" }, key, signature, what);

  // RFC 9162, 2.1.3.2: whether the path leads from the leaf to the root.
  async function isIncluded(leaf, index, size, path, root) {
    if (index < 0n || index >= size) return false;
    let number = index, last = size - 1n, found = leaf;
    for (const step of path) {
      if (last === 0n) return false;
      if (number & 1n || number === last) {
        found = await hash(join([1], step, found));
        while (!(number & 1n) && number) { number >>= 1n; last >>= 1n; }
      } else found = await hash(join([1], found, step));
      number >>= 1n; last >>= 1n;
    }
    return last === 0n && same(found, root);
  }

  // A signed note: lines, an empty line, and the line of the signature.
  async function readCheckpoint(note, key) {
    const [body, signatures] = [note.slice(0, note.indexOf("\n\n") + 1), note.slice(note.indexOf("\n\n") + 2)];
    const line = signatures.split("\n").find((one) => one.startsWith("— troth "));
    const signature = unbase64(line.slice("— troth ".length)).slice(4);
    const [origin, size, root, time, ...rest] = body.split("\n");
    if (!await signs(key, signature, bytes(body)) || rest.length !== 1) return null;
    return { origin, size: BigInt(size), root: unbase64(root), time };
  }

  const PROVED = ["signature", "words", "text", "commitment", "checkpoint"];

  // Each check is true, false or null (there is nothing to check); what cannot be read is false.
  async function verify(receipt, key) {
    const checks = {};
    const check = async (name, act) => {
      try { checks[name] = await act(); } catch (error) { if (error.name === "NotSupportedError") throw error; checks[name] = false; }
    };
    const proof = receipt.get("troth:proof"), committed = proof.get("committed"), place = proof.get("ledger");
    const signed = new Map([...receipt].filter(([name]) => name !== "troth:signature"));
    await check("signature", () => signs(key, unbase64(receipt.get("troth:signature")), bytes(write(signed))));
    await check("words", () => saysTheSame(receipt.get("dpv:hasRecordOfActivity"), committed));
    await check("text", async () => {
      const text = receipt.get("troth:noticeText"), named = committed.get("notice_hash");
      if (!text) return null;
      return named ? hex(await hash(bytes(text))) === named : committed.get("evidence").get("notice") === text;
    });
    let head = null;
    await check("checkpoint", async () => {
      if (place === null) return null;
      head = await readCheckpoint(place.get("checkpoint"), key);
      return head !== null;
    });
    await check("commitment", async () => {
      if (place === null) return null;
      const salt = await crypto.subtle.importKey("raw", unhex(proof.get("salt")), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
      const entry = new Uint8Array(await crypto.subtle.sign("HMAC", salt, bytes(write(committed))));
      const leaf = await hash(join([0], entry));
      return head !== null && isIncluded(leaf, BigInt(place.get("leaf").text), head.size, place.get("path").map(unbase64), head.root);
    });
    return { checks, head, leaf: place && place.get("leaf").text };
  }

  // What the receipt says for machines must be what was committed to; this page itself tells only the latter.
  function saysTheSame(said, committed) {
    const status = said.get("dpv:hasConsentStatus")[0];
    const permits = Boolean(committed.get("valid")) && ["grant", "soft_opt_in"].includes(committed.get("decision"));
    return said.get("dct:identifier") === committed.get("record_id").text
      && said.get("dpv:hasPurpose").get("dct:identifier") === committed.get("purpose")
      && said.get("dpv:hasNotice").get("troth:textSha256") === (committed.get("notice_hash") || "")
      && status.get("troth:decision") === committed.get("decision")
      && status.get("troth:permits") === permits
      && Date.parse(status.get("dpv:isIndicatedAtTime")) === Number(committed.get("at").text);
  }

  let held = { receipt: "", key: "", ...JSON.parse(at("held").textContent) };
  let words = WORDS.en, language = "en";

  const add = (parent, name, text, kind) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    if (kind) made.className = kind;
    parent.append(made);
    return made;
  };
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  let turn = 0;

  // Only the latest wins: a file may be chosen while another is still being checked.
  async function tell() {
    const mine = turn += 1;
    const told = document.createDocumentFragment();
    add(told, "h1", words.title);
    if (!held.receipt || !held.key) add(told, "p", held.receipt ? words.need_key : words.need_receipt, "verdict");
    else await tellOf(told);
    if (mine === turn) at("told").replaceChildren(told);
  }

  const tellTime = (milliseconds) =>
    `${new Date(milliseconds).toLocaleString(language, { dateStyle: "long", timeStyle: "short", timeZone: "UTC" })} UTC`;

  async function tellOf(told) {
    let receipt, found;
    try {
      receipt = read(held.receipt);
      receipt.get("troth:proof").get("committed").get("decision");
    } catch { return void add(told, "p", words.no_receipt, "verdict bad"); }
    if (!window.crypto || !crypto.subtle) return void add(told, "p", words.no_browser, "verdict");
    let key;
    try { key = await readKey(held.key); } catch (error) {
      return void add(told, "p", error.name === "NotSupportedError" ? words.no_browser : words.no_key, error.name === "NotSupportedError" ? "verdict" : "verdict bad");
    }
    try { found = await verify(receipt, key); } catch (error) {
      return void add(told, "p", error.name === "NotSupportedError" ? words.no_browser : words.no_receipt, error.name === "NotSupportedError" ? "verdict" : "verdict bad");
    }
    const genuine = Object.values(found.checks).every((one) => one !== false);
    add(told, "p", genuine ? words.genuine : words.not_genuine, genuine ? "verdict good" : "verdict bad").id = "verdict";
    if (genuine) tellDecision(told, receipt);
    tellChecks(told, found);
    add(told, "p", fill(words.key_more, { url: held.url || "" }), "quiet");
    add(add(told, "p"), "code", held.key.replace(/-----[A-Z ]+-----/g, "").trim());
  }

  function tellDecision(told, receipt) {
    const committed = receipt.get("troth:proof").get("committed"), decision = committed.get("decision");
    const list = add(told, "dl"), controller = receipt.get("dpv:hasDataController");
    const say = (name, text, kind) => { if (text) { add(list, "dt", words[name]); return add(list, "dd", text, kind); } return null; };
    say("about", [receipt.get("troth:purposeName"), receipt.get("troth:purposeDescription")].filter(Boolean).join("\n"));
    const isOne = (decision === "restrict" || decision === "lift") && committed.get("purpose") !== "*";
    const word = decision === "grant" && !committed.get("valid") ? "unproven" : isOne ? `${decision}_one` : decision;
    say("decided", words[word] || decision);
    say("when", tellTime(Number(committed.get("at").text)));
    say("how", words[`by_${committed.get("method")}`] || committed.get("method"));
    say("whom", [controller.get("dpv:hasName"), controller.get("dpv:hasAddress")].filter(Boolean).join("\n"));
    const shown = say("shown", receipt.get("troth:noticeText"), "shown");
    if (shown && committed.get("language")) shown.lang = committed.get("language");
    const control = receipt.get("dpv:hasConsentControl"), where = control && control.get("dpv:isExercisedAt");
    if (where && /^https?:\/\//.test(where)) {
      const link = add(say("change", " "), "a", words.change_link);
      link.href = where;
      link.rel = "noreferrer";
    }
  }

  function tellChecks(told, found) {
    add(told, "h2", words.checks);
    const list = add(told, "ul", undefined, "checks");
    for (const name of PROVED) {
      const became = found.checks[name], item = add(list, "li");
      add(item, "span", became === null ? "–" : became ? "✓" : "✗").setAttribute("aria-hidden", "true");
      const says = became === null ? words[`${name}_none`] : became ? words[name] : words[`${name}_bad`];
      add(item, "span", fill(says, { leaf: found.leaf, size: found.head && String(found.head.size), time: found.head && tellTime(Date.parse(found.head.time)) }));
    }
  }

  function speak(chosen) {
    language = chosen;
    words = WORDS[chosen];
    document.documentElement.lang = chosen;
    document.title = words.title;
    at("language-label").textContent = words.language;
    at("others-title").textContent = words.others;
    at("receipt-label").textContent = words.receipt_file;
    at("key-label").textContent = words.key_file;
    tell();
  }

  for (const code of Object.keys(WORDS)) {
    const option = add(at("language"), "option", WORDS[code].name);
    option.value = code;
    option.lang = code;
  }
  at("language").addEventListener("change", (event) => speak(event.target.value));
  for (const [id, name] of [["receipt-file", "receipt"], ["key-file", "key"]]) {
    at(id).addEventListener("change", async (event) => {
      const [file] = event.target.files;
      if (!file) return;
      held = { ...held, [name]: await file.text() };
      tell();
    });
  }
  at("top").hidden = at("others").hidden = false;
  const wanted = [...navigator.languages, "en"].map((code) => code.split("-")[0].toLowerCase()).find((code) => code in WORDS);
  at("language").value = wanted;
  speak(wanted);
})();
