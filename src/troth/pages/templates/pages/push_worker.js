self.addEventListener("push", function (event) {
  "use strict";
  var told = event.data ? event.data.json() : {};
  var shown = { body: told.title ? told.body : "", data: { url: told.url || "" } };
  if (told.image) shown.image = told.image;
  event.waitUntil(self.registration.showNotification(told.title || told.body || "", shown));
});
self.addEventListener("notificationclick", function (event) {
  "use strict";
  event.notification.close();
  if (event.notification.data.url) event.waitUntil(self.clients.openWindow(event.notification.data.url));
});
