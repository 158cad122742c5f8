// Drive `@rudderstack/rudder-sdk-node`: BASE_URL WRITE_KEY PERSON [one]. Prints a JSON line for each error it reports, and one when it has finished.
import Analytics from "@rudderstack/rudder-sdk-node";

const [dataPlaneUrl, writeKey, person, mode] = process.argv.slice(2);
const errorHandler = (error) => console.log(JSON.stringify({ error: String(error.message ?? error) }));
const analytics = new Analytics(writeKey, { dataPlaneUrl, flushInterval: 100, logLevel: "error", errorHandler });

const userId = person;
analytics.track({ userId, event: "Item Purchased", properties: { revenue: 14.99 }, timestamp: new Date("2026-01-02T03:04:05.678Z") });
if (mode !== "one") {
  analytics.identify({ userId, traits: { email: `${person}@example.com`, phone: "+4930123456", name: "Dana Döe", n: null } });
  analytics.track({ anonymousId: `${person}-anonymous`, event: "Opened", properties: { score: NaN, kept: 1 } });
  analytics.track({ userId, event: "Broken", properties: { "too_large": "\0" } });
  analytics.page({ userId, category: "Docs", name: "API", properties: { url: "https://x.example/p" } });
  analytics.screen({ userId, category: "Docs", name: "Home" });
  analytics.group({ userId, groupId: `${person}-group`, traits: { name: "Initech" } });
  analytics.alias({ userId: `${person}-new`, previousId: `${person}-old` });
  analytics.track({ userId, event: "Tagged", integrations: { Vero: { tags: { action: "add", values: ["vip"] } } } });
  analytics.track({ userId, event: "Chose", context: { consent: { categoryPreferences: { marketing_email: false } } } });
  analytics.identify({ userId, anonymousId: `${person}-anonymous`, traits: { plan: "pro" } });
}
await analytics.flush().catch(() => {});
console.log(JSON.stringify({ finished: true }));
process.exit(0);
