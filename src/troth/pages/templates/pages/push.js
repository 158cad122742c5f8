(function () {
  "use strict";
  var told = document.currentScript.dataset, key = "{{ key|escapejs }}", door = "{{ door|escapejs }}";

  function bytes(text) {
    var whole = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(whole, function (letter) { return letter.charCodeAt(0); });
  }

  async function subscribe(button) {
    if (!("serviceWorker" in navigator) || !("PushManager" in window)) return "unsupported";
    if ((await Notification.requestPermission()) !== "granted") return "refused";
    var worker = await navigator.serviceWorker.register(told.worker || "/troth-push.js");
    await navigator.serviceWorker.ready;
    var subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
    var message = { writeKey: told.writeKey, context: { device: { type: "web", token: JSON.stringify(subscription) } } };
    if (button.dataset.userId || told.userId) message.userId = button.dataset.userId || told.userId;
    else message.anonymousId = button.dataset.anonymousId || told.anonymousId || crypto.randomUUID();
    // What the site says it asked for. It counts where the site was declared as a source of decisions, with the text that it shows.
    if (told.purpose) {
      message.context.consent = { categoryPreferences: {} };
      message.context.consent.categoryPreferences[told.purpose] = true;
    }
    // As plain text, so that the browser need not ask beforehand; nothing of the site's cookies goes along.
    var answer = await fetch(door, { method: "POST", headers: { "Content-Type": "text/plain" }, body: JSON.stringify(message), credentials: "omit" });
    return answer.ok ? "subscribed" : "failed";
  }

  // Only a person's own press asks; no script can have it asked.
  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-troth-push]");
    if (!button || !event.isTrusted) return;
    subscribe(button).catch(function () { return "failed"; }).then(function (became) {
      button.dataset.trothPush = became;
      button.dispatchEvent(new CustomEvent("troth:push", { bubbles: true, detail: became }));
    });
  });
})();
