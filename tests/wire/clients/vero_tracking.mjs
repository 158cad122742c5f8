// Drive the npm client `@getvero/tracking` through every method: BASE_URL KEY PERSON. Prints a JSON line for each call.
import { Tracker } from "@getvero/tracking";

const [base, key, person] = process.argv.slice(2);
const tracker = new Tracker({ trackingApiKey: key, trackingApiBaseUrl: base });
const email = `${person}@example.com`;
const identity = { userId: person, email };

async function tell(call, promise) {
  try {
    await promise;
    console.log(JSON.stringify({ call, ok: true }));
  } catch (error) {
    console.log(JSON.stringify({ call, ok: false, error: String(error) }));
  }
}

await tell("identify", tracker.user.identify({
  id: person,
  email,
  channels: [{ type: "push", address: `token-${person}`, platform: "android" }],
  data: { first_name: "Dana", age: 30 },
}));
await tell("edit", tracker.tag.edit({ userId: person, add: ["x", "y"], remove: [] }));
await tell("edit", tracker.tag.edit({ userId: person, remove: ["y"] }));
await tell("track", tracker.event.track({
  identity,
  eventName: "Viewed product",
  data: { p: 1 },
  extras: { source: "shop", createdAt: "2023-05-30T04:46:31+0000", veroConv: "abc123" },
}));
await tell("track", tracker.event.track({ identity, eventName: "Viewed product", data: { p: 2 } }));
await tell("unsubscribe", tracker.user.unsubscribe({ userId: person }));
await tell("resubscribe", tracker.user.resubscribe({ userId: person }));
await tell("alias", tracker.user.alias({ userId: person, newId: `${person}-new` }));
await tell("delete", tracker.user.delete({ userId: `${person}-new` }));
