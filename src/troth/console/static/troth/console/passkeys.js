// Ties allauth's WebAuthn functions to our forms (`data-passkey` names the function), and says in the page when a passkey was not used.
"use strict";
for (const form of document.querySelectorAll("form[data-passkey]")) {
  const button = form.querySelector("[data-passkey-button]").id, credential = form.querySelector("[name=credential]").id;
  const passwordless = form.querySelector("[name=passwordless]")?.id;
  allauth.webauthn.forms[form.dataset.passkey]({ ids: { login: button, authenticate: button, add: button, credential, passwordless, data: "js_data" } });
  form.hidden = false;
}
document.addEventListener("allauth.error", (event) => {
  event.preventDefault();
  for (const problem of document.querySelectorAll("[data-passkey-problem]")) problem.hidden = false;
});
