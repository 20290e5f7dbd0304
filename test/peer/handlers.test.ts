import { expect, it } from "vitest";
import { Handlers } from "../../src/peer/handlers.ts";
import { isTroupeError } from "../support/errors.ts";

const handler = (): undefined => undefined;

it("arranges middleware for data of all kinds ahead of that for one kind, whatever came first", () => {
  const handlers = new Handlers();
  const [data, request, message, later] = [0, 1, 2, 3].map(() => () => undefined);
  handlers.add("request", request ?? handler, undefined);
  handlers.add("message", message ?? handler, undefined);
  handlers.addData(data ?? handler);
  handlers.addData(later ?? handler);
  expect(handlers.middleware.request).toEqual([data, later, request]);
  expect(handlers.middleware.message).toEqual([data, later, message]);
});

it("keeps the handlers of each kind and event apart, in the order in which they came", () => {
  const handlers = new Handlers();
  const [one, two, three] = [0, 1, 2].map(() => () => undefined);
  handlers.add("request", "hello", one);
  handlers.add("request", "hello", two);
  handlers.add("message", "hello", three);
  expect(handlers.event("request", "hello")).toEqual([one, two]);
  expect(handlers.event("message", "hello")).toEqual([three]);
  expect(handlers.event("request", "constructor")).toEqual([]);
});

it("takes one event handler off and leaves the others", () => {
  const handlers = new Handlers();
  const [one, two] = [0, 1].map(() => () => undefined);
  handlers.add("message", "hello", one);
  handlers.add("message", "hello", two);
  handlers.removeEvent("message", "hello", one ?? handler);
  expect(handlers.event("message", "hello")).toEqual([two]);
  handlers.removeEvent("message", "hello", two ?? handler);
  expect(handlers.event("message", "hello")).toEqual([]);
});

it.each([
  ["an event without a handler", (handlers: Handlers) => handlers.add("request", "x", undefined)],
  ["middleware that is no function", (handlers: Handlers) => handlers.addData({} as never)],
  [
    "middleware of one kind that is no function",
    (handlers: Handlers) => handlers.add("request", 5 as never, undefined),
  ],
])("refuses %s", (_what, add) => {
  expect(() => add(new Handlers())).toThrow(isTroupeError("BAD_ARGUMENT", "function"));
});
