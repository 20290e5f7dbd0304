import { expect, it } from "vitest";
import { Roster } from "../../src/peer/roster.ts";
import { roleList, unitOf } from "./fakes.ts";

/** A watcher that writes down what it is told. */
function watch(roster: Roster, role: string): string[] {
  const told: string[] = [];
  roster.watch(role, {
    joined: (unit) => told.push(`+${unit.name}`),
    left: (unit) => told.push(`-${unit.name}`),
    suspended: (unit) => told.push(`(${unit.name}`),
    resumed: (unit) => told.push(`${unit.name})`),
    closed: () => told.push("closed"),
  });
  return told;
}

it("tells a watcher of units that play its role, those of now included", () => {
  const roster = new Roster();
  const ann = unitOf("ann", ["greeter", "clock"]).unit;
  roster.add(ann);
  const greeters = watch(roster, "greeter");
  const others = watch(roster, "printer");
  roster.add(unitOf("ben", ["greeter"]).unit);
  roster.add(unitOf("cleo", ["clock"]).unit);
  roster.remove(ann);
  expect(greeters).toEqual(["+ann", "+ben", "-ann"]);
  expect(others).toEqual([]);
});

it("tells every watcher of a role", () => {
  const roster = new Roster();
  const [one, other] = [watch(roster, "greeter"), watch(roster, "greeter")];
  roster.add(unitOf("ann", ["greeter"]).unit);
  expect([one, other]).toEqual([["+ann"], ["+ann"]]);
});

it("finds a unit by its key and its run, so that two processes of one identity are two", () => {
  const roster = new Roster();
  const [ann, twin] = [unitOf("ann").unit, unitOf("twin").unit];
  expect(ann.id).toBe(twin.id);
  roster.add(ann);
  roster.add(twin);
  expect(roster.find(ann.id, ann.instance)).toBe(ann);
  expect(roster.find(ann.id, twin.instance)).toBe(twin);
  expect(roster.find(ann.id, "00")).toBeUndefined();
  expect(roster.units).toEqual([ann, twin]);
});

it("follows a unit that takes roles up and gives them back", () => {
  const roster = new Roster();
  const { unit } = unitOf("ann", ["greeter"]);
  roster.add(unit);
  const greeters = watch(roster, "greeter");
  const clocks = watch(roster, "clock");
  roster.learn(unit, roleList(1, ["!greeter", "clock"]), false);
  expect([...roster.playing("greeter")]).toEqual([]);
  expect([...roster.playing("clock")]).toEqual([unit]);
  roster.learn(unit, roleList(2, ["greeter"]), true);
  expect(greeters).toEqual(["+ann", "-ann", "+ann"]);
  expect(clocks).toEqual(["+ann", "-ann"]);
});

it("tells nobody of roles that are told again", () => {
  const roster = new Roster();
  const { unit } = unitOf("ann", ["greeter"]);
  roster.add(unit);
  const greeters = watch(roster, "greeter");
  roster.learn(unit, roleList(1, ["greeter"]), false);
  roster.learn(unit, roleList(2, ["greeter"]), true);
  expect(greeters).toEqual(["+ann"]);
});

it("never lets an old list of roles win over a newer one", () => {
  const roster = new Roster();
  const { unit } = unitOf("ann", []);
  roster.add(unit);
  roster.learn(unit, roleList(5, ["!greeter"]), false);
  roster.learn(unit, roleList(4, ["greeter"]), true);
  roster.learn(unit, roleList(5, ["greeter"]), true);
  expect([...roster.playing("greeter")]).toEqual([]);
});

it("takes a unit that wants no new work out of every role for good, and keeps it as a unit", () => {
  const roster = new Roster();
  const { unit } = unitOf("ann", ["greeter"]);
  roster.add(unit);
  const greeters = watch(roster, "greeter");
  roster.drain(unit);
  roster.drain(unit);
  roster.learn(unit, roleList(1, ["greeter", "clock"]), true);
  expect([...roster.playing("greeter")]).toEqual([]);
  expect([...roster.playing("clock")]).toEqual([]);
  expect(roster.units).toEqual([unit]);
  roster.remove(unit);
  expect(greeters).toEqual(["+ann", "-ann"]);
  expect(roster.units).toEqual([]);
});

it("tells watchers when no unit will ever come again", () => {
  const roster = new Roster();
  const greeters = watch(roster, "greeter");
  expect(roster.closed).toBe(false);
  roster.close();
  expect(roster.closed).toBe(true);
  expect(greeters).toEqual(["closed"]);
});

it("lets a unit announce that its roles have changed, and not that those of the library's own have", () => {
  const roster = new Roster();
  const { unit } = unitOf("ann", ["greeter"]);
  roster.add(unit);
  const greeters = watch(roster, "greeter");
  const told: string[] = [];
  unit.on("roles", () => told.push(`${unit.roles.join(" ")} after ${greeters.join(" ")}`));
  roster.learn(unit, roleList(1, ["clock", "$topic/news"]), false);
  roster.learn(unit, roleList(2, ["clock", "$topic/sports"]), false);
  roster.learn(unit, roleList(3, ["!greeter", "printer"]), false);
  roster.learn(unit, roleList(2, ["greeter"]), true);
  expect(told).toEqual(["greeter clock after +ann", "clock printer after +ann -ann"]);
});
