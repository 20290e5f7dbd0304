import { describe, expect, it } from "vitest";
import { encodePayload } from "../../src/frame/payload.ts";
import { Roles } from "../../src/peer/roles.ts";
import { Roster } from "../../src/peer/roster.ts";
import { Topics } from "../../src/peer/topic.ts";
import { isTroupeError } from "../support/errors.ts";
import { unitOf } from "./fakes.ts";

const heard = (): undefined => undefined;
const NEWS = encodePayload("news");

function scene(): { topics: Topics; roster: Roster; changes: string[]; roles: Roles } {
  const changes: string[] = [];
  const roles = new Roles(({ name, active }) => changes.push(`${active ? "+" : "-"}${name}`));
  const roster = new Roster();
  return { topics: new Topics(roles, roster), roster, changes, roles };
}

it("is a role with a reserved prefix, played as long as somebody listens", () => {
  const { topics, changes } = scene();
  const one = topics.subscribe("news", heard);
  const other = topics.subscribe("news", () => undefined);
  expect(one.topic).toBe("news");
  expect(changes).toEqual(["+$topic/news"]);
  one.unsubscribe();
  one.unsubscribe();
  expect(changes).toEqual(["+$topic/news"]);
  other.unsubscribe();
  expect(changes).toEqual(["+$topic/news", "-$topic/news"]);
  topics.subscribe("news", heard);
  expect(changes).toEqual(["+$topic/news", "-$topic/news", "+$topic/news"]);
});

it("is published to those who have subscribed to it, and to nobody else", () => {
  const { topics, roster } = scene();
  const ann = unitOf("ann", ["$topic/news"]);
  const ben = unitOf("ben", ["$topic/sports"]);
  roster.add(ann.unit);
  roster.add(ben.unit);
  expect(topics.publish("news", NEWS)).toBe(1);
  expect(topics.publish("weather", NEWS)).toBe(0);
  expect(ann.connection.sent).toEqual(["$topic/news/publish"]);
  expect(ben.connection.sent).toEqual([]);
});

describe("its name", () => {
  it("is any text of up to 248 bytes", () => {
    const { topics, roles } = scene();
    for (const topic of ["$", "a/b", "grüße", "x".repeat(248)]) topics.subscribe(topic, heard);
    expect(roles.list.roles).toHaveLength(4);
    expect(roles.visible).toEqual([]);
  });

  it.each([
    ["empty", ""],
    ["no text", 5],
    ["undefined", undefined],
    ["longer than 248 bytes", "x".repeat(249)],
    ["longer than 248 bytes in UTF-8", "é".repeat(125)],
  ])("must not be %s", (_what, topic) => {
    const { topics } = scene();
    expect(() => topics.subscribe(topic as string, heard)).toThrow(isTroupeError("BAD_ARGUMENT"));
    expect(() => topics.publish(topic as string, NEWS)).toThrow(isTroupeError("BAD_ARGUMENT"));
  });
});

it("is not announced for a handler that is no function", () => {
  const { topics, changes } = scene();
  expect(() => topics.subscribe("news", {} as never)).toThrow(isTroupeError("BAD_ARGUMENT"));
  expect(changes).toEqual([]);
});
