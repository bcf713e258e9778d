// Passkeys: asks the server for options, the device for an answer, and takes it back. What is a
// button for passkeys stays hidden where the browser has none.

const csrf = document.querySelector('meta[name="csrf"]')?.content;

/** Ask; the answer's object, or null where we were sent elsewhere or refused. */
async function ask(path, told = {}) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json", "x-csrf-token": csrf },
    body: JSON.stringify(told),
  });
  if (answer.redirected) {
    location.assign(answer.url);
    return null;
  }
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

async function show(button, then) {
  const path = button.dataset.passkeyShow;
  const options = await ask(`${path}/options`);
  if (!options) return;
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options);
  const credential = await navigator.credentials.get({ publicKey });
  const done = await ask(path, { credential: credential.toJSON(), next: button.dataset.next });
  if (done) then(done.to);
}

async function make(button) {
  const path = button.dataset.passkeyMake;
  const options = await ask(`${path}/options`);
  if (!options) return;
  const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
  const credential = await navigator.credentials.create({ publicKey });
  const name = document.querySelector("#passkey-name").value;
  const done = await ask(path, { credential: credential.toJSON(), name });
  if (done) location.assign(done.to);
}

/** Offer the passkey buttons below `root`; `then` hears that one was shown, and the page wanted. */
export function offerPasskeys(root, then = (to) => location.assign(to)) {
  if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON) return;
  for (const part of root.querySelectorAll("[data-passkey]")) {
    const button = part.querySelector("button");
    const wrong = part.querySelector("[data-passkey-wrong]");
    part.hidden = false;
    button.addEventListener("click", async () => {
      button.disabled = true;
      wrong.hidden = true;
      try {
        await (button.dataset.passkeyShow ? show(button, then) : make(button));
      } catch {
        wrong.hidden = false;
      } finally {
        button.disabled = false;
      }
    });
  }
}

offerPasskeys(document);
