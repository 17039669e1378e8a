"use strict";
// Works on what the server has rendered; without it every page and form still does.
(() => {
  const title = document.title;
  const off = "sidegate-keys-off";

  const left = (end) => {
    const seconds = Math.round((end - Date.now()) / 1000);
    if (seconds <= 0) return "no time";
    const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    const [hours, minutes, rest] = parts.map((part) => String(part).padStart(2, "0"));
    return parts[0] ? `${hours}:${minutes}:${rest}` : `${minutes}:${rest}`;
  };

  const tick = () => {
    for (const place of document.querySelectorAll(".countdown time")) {
      const end = Date.parse(place.dateTime);
      place.title = new Date(end).toLocaleString();
      place.textContent = left(end);
      place.classList.toggle("soon", end - Date.now() < 5 * 60 * 1000);
    }
    const list = document.getElementById("list");
    if (list) document.title = Number(list.dataset.waiting) ? `(${list.dataset.waiting}) ${title}` : title;
  };

  const listen = () => {
    const source = new EventSource("/events");
    // What changed while there was no line, between the page and its first one too, was told to nobody.
    source.addEventListener("ready", changed);
    source.addEventListener("holds", changed);
  };

  let waiting = false;
  let last = 0;
  const changed = () => {
    if (waiting) return;
    waiting = true;
    // A flood of holds is no flood of requests: at most four in a second.
    setTimeout(() => {
      waiting = false;
      last = Date.now();
      chosen = document.activeElement?.matches(".hold") ? document.activeElement.getAttribute("href") : null;
      document.body.dispatchEvent(new CustomEvent("holds"));
    }, Math.max(50, last + 250 - Date.now()));
  };

  let chosen = null;
  const renewed = () => {
    tick();
    if (chosen) document.querySelector(`.hold[href="${CSS.escape(chosen)}"]`)?.focus();
    chosen = null;
  };

  const move = (step) => {
    const holds = [...document.querySelectorAll("a.hold")];
    const at = holds.indexOf(document.activeElement);
    const next = at < 0 ? (step > 0 ? 0 : holds.length - 1) : at + step;
    holds[Math.max(0, Math.min(holds.length - 1, next))]?.focus();
  };

  const go = (key) => {
    const place = document.querySelector(`[data-key="${key}"]`);
    const row = document.activeElement?.closest?.("a.hold");
    // In a list, of the chosen hold: its page goes on from there.
    if (!place && row) location.assign(`${row.getAttribute("href")}#key-${key}`);
    place?.closest("details")?.setAttribute("open", "");
    place?.scrollIntoView({ block: "center" });
    place?.focus();
  };

  // For what binds nobody and can be changed at once: the key itself does it, on the page of the hold.
  const press = (key) => {
    const button = document.querySelector(`button[data-key="${key}"]`);
    if (button) button.click();
    else go(key);
  };

  const keys = {
    j: () => move(1),
    k: () => move(-1),
    a: () => go("a"),
    r: () => go("r"),
    e: () => go("e"),
    i: () => go("i"),
    z: () => go("z"),
    u: () => press("u"),
    "?": () => document.getElementById("help")?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, dialog");
    if (typing || event.ctrlKey || event.metaKey || event.altKey || localStorage.getItem(off)) return;
    const act = keys[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });

  // A second click on a decision is no second decision, and would only show a conflict.
  document.addEventListener("submit", (event) => {
    if (event.target.method !== "post") return;
    if (event.target.dataset.sent) event.preventDefault();
    event.target.dataset.sent = "yes";
  });
  addEventListener("pageshow", () => {
    for (const form of document.forms) delete form.dataset.sent;
  });

  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

  // What the server asks of a device has bytes as base64url, as has what it is told of the device's answer.
  const asked = (options) => ({
    ...options,
    challenge: bytes(options.challenge),
    ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
    ...(options.allowCredentials && {
      allowCredentials: options.allowCredentials.map((one) => ({ ...one, id: bytes(one.id) })),
    }),
    ...(options.excludeCredentials && {
      excludeCredentials: options.excludeCredentials.map((one) => ({ ...one, id: bytes(one.id) })),
    }),
  });

  const told = ({ id, rawId, type, response }) => {
    const names = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
    const parts = names.filter((name) => response[name]).map((name) => [name, text(response[name])]);
    return JSON.stringify({ id, rawId: text(rawId), type, response: Object.fromEntries(parts) });
  };

  const usePasskey = async (button) => {
    const form = button.form;
    const body = new URLSearchParams({ csrf: form.elements.csrf.value });
    button.disabled = true;
    try {
      const answer = await fetch(button.dataset.passkey, { method: "POST", body });
      if (!answer.ok || !answer.headers.get("content-type")?.startsWith("application/json")) throw new Error();
      const publicKey = asked(await answer.json());
      const credential = await navigator.credentials[button.dataset.kind]({ publicKey });
      form.elements.passkey.value = told(credential);
      form.noValidate = true;
      form.requestSubmit();
    } catch {
      button.textContent = "That did not work: try again";
    } finally {
      button.disabled = false;
    }
  };
  for (const button of document.querySelectorAll("[data-passkey]")) {
    button.addEventListener("click", () => usePasskey(button));
  }

  document.getElementById("help-open")?.addEventListener("click", keys["?"]);
  const box = document.getElementById("keys-on");
  if (box) {
    box.checked = !localStorage.getItem(off);
    box.addEventListener("change", () => {
      if (box.checked) localStorage.removeItem(off);
      else localStorage.setItem(off, "yes");
    });
  }
  new MutationObserver(renewed).observe(document.getElementById("main"), { childList: true, subtree: false });
  if (/^#key-[a-z]$/.test(location.hash)) go(location.hash.at(-1));
  tick();
  setInterval(tick, 1000);
  if (document.getElementById("list") || document.getElementById("standing")) listen();
})();
