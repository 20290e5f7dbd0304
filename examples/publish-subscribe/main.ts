/** One publishes, two subscribe, and one of them has soon heard enough. */
import { Peer } from "troupe";

const forecast = ["sun", "rain", "snow"];

const station = new Peer({ name: "station" });
await station.listen({ port: 0, host: "127.0.0.1" });

const ann = new Peer({ name: "ann" });
const heardAll = new Promise<void>((resolve) => {
  ann.subscribe<string>("weather", (ctx) => {
    console.log(`ann hears from ${ctx.unit.name}: ${ctx.data}`);
    if (ctx.data === forecast.at(-1)) resolve();
  });
});

const ben = new Peer({ name: "ben" });
const subscription = ben.subscribe<string>("weather", (ctx) => {
  console.log(`ben hears from ${ctx.unit.name}: ${ctx.data}`);
  if (ctx.data === "rain") subscription.unsubscribe();
});

// A subscription travels as a role does: the station knows it as soon as the subscriber is a unit.
const bothThere = new Promise<void>((resolve) => {
  station.on("unit", () => {
    if (station.units.length === 2) resolve();
  });
});
await ann.connect(`ws://127.0.0.1:${station.port}`);
await ben.connect(`ws://127.0.0.1:${station.port}`);
await bothThere;

// Sent to those who have subscribed at this moment; nobody else gets it, now or later.
for (const weather of forecast) station.publish("weather", weather);

await heardAll;
await Promise.all([ann.close(), ben.close()]);
await station.close();
