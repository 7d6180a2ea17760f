"use strict";
// What the pages can't do without a script. They all work without it, but for what moves by itself.

// Decisions as they are made, for the parts of a page that ask for themselves again.
if (document.querySelector("[hx-trigger~='decision']")) {
  let waiting = false;
  const news = () => {
    if (waiting) return;
    waiting = true; // many at once are one news
    setTimeout(() => { waiting = false; htmx.trigger(document.body, "decision"); }, 300);
  };
  let events = null;
  const listen = () => {
    if (document.hidden && events) { events.close(); events = null; } // browsers allow a site few connections
    if (document.hidden || events) return;
    events = new EventSource("/api/v1/events");
    events.addEventListener("open", news); // what came before anybody listened
    events.addEventListener("decision", news);
  };
  document.addEventListener("visibilitychange", listen);
  listen();
}

// Moments by the reader's own clock.
function localise(root) {
  const shown = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.title = time.textContent;
    time.textContent = shown.format(new Date(time.dateTime));
  }
}
localise(document);
document.addEventListener("htmx:load", (event) => localise(event.detail.elt));

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  await navigator.clipboard.writeText(button.dataset.copy);
  const before = button.textContent;
  button.textContent = "✓";
  setTimeout(() => { button.textContent = before; }, 1500);
});

// A chosen file is read here and sent as the text of a field.
document.addEventListener("change", async (event) => {
  const { into, told } = event.target.dataset || {};
  if (!into || !event.target.files.length) return;
  const file = event.target.files[0];
  if (told) { // a message is bytes: each as a character, so that signatures still fit
    const bytes = new Uint8Array(await file.arrayBuffer());
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    document.getElementById(into).value = text;
    document.getElementById(told).value = "bytes";
  } else {
    document.getElementById(into).value = await file.text();
  }
});
