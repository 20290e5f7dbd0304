import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { describe, expect, it } from "vitest";
import { certificate } from "../support/certificate.ts";
import { Recorder } from "./recorder.ts";
import { expectGoodDialer, lobbyHere, Raw, upgradeRequest } from "./sockets.ts";

describe("a dialer of a server of our own is cut in time", () => {
  const limits = { handshakeTime: 150 };

  /** Milliseconds until the server hangs up on a socket that `act` does something with. */
  async function lifetime(port: number, act: (raw: Raw) => void): Promise<number> {
    const begun = performance.now();
    const raw = await Raw.open(port);
    act(raw);
    await raw.closed;
    return performance.now() - begun;
  }

  function drip(text: string): (raw: Raw) => void {
    return (raw) => {
      let next = 0;
      const timer = setInterval(() => raw.write(text[next++ % text.length] ?? ""), 10);
      raw.socket.once("close", () => clearInterval(timer));
    };
  }

  const dialers: readonly (readonly [string, (raw: Raw) => void])[] = [
    ["is silent", () => {}],
    ["drips a request", drip(`GET / HTTP/1.1\r\nX: ${"x".repeat(1000)}`)],
    ["drips empty lines", drip("\r\n")],
    ["stops within the request", (raw) => raw.write(upgradeRequest().slice(0, 50))],
    ["ends its side and waits", (raw) => raw.socket.end(upgradeRequest().slice(0, 50))],
  ];

  it.each(dialers)("when it %s", async (_name, act) => {
    const { lobby, port } = await lobbyHere({}, limits);
    expect(await lifetime(port, act)).toBeLessThan(1000);
    await expectGoodDialer(lobby, port);
  });

  it.each<[string, (raw: Raw) => void]>([
    ["is silent", () => {}],
    ["drips rubbish", drip("\x16\x03\x01\x02\x00\x01\x00")],
    ["speaks no TLS", (raw) => raw.write("GET / HTTP/1.1\r\n\r\n")],
  ])("when it %s where TLS is spoken", async (_name, act) => {
    const { port } = await lobbyHere({ ssl: certificate }, limits);
    expect(await lifetime(port, act)).toBeLessThan(1000);
  });

  it("when it is silent after its TLS handshake, the handshake's time included", async () => {
    const { port } = await lobbyHere({ ssl: certificate }, limits);
    const socket = connectTls({ port, host: "127.0.0.1", ca: certificate.cert });
    socket.on("error", () => {});
    const begun = performance.now();
    await once(socket, "secureConnect");
    await once(socket, "close");
    expect(performance.now() - begun).toBeLessThan(1000);
  });

  it("not before its time", async () => {
    const { port } = await lobbyHere({}, limits);
    expect(await lifetime(port, () => {})).toBeGreaterThan(140);
  });

  it("and not at all once it has upgraded", async () => {
    const { lobby, port } = await lobbyHere({}, { handshakeTime: 60 });
    const coming = lobby.hears();
    const raw = await Raw.upgraded(port);
    const { recorder } = await coming;
    await new Promise((later) => setTimeout(later, 120));
    expect(recorder.ends).toEqual([]);
    raw.socket.destroy();
  });
});

describe("a dialer of a server of our own is cut after 4 KiB", () => {
  const floods: readonly (readonly [string, string])[] = [
    ["endless headers", `GET / HTTP/1.1\r\n${"X: xxxxxxxxxx\r\n".repeat(100)}`],
    ["an endless header", `GET / HTTP/1.1\r\nX: ${"x".repeat(2000)}`],
    ["an endless path", `GET /${"x".repeat(2000)}`],
    ["empty lines", "\r\n".repeat(1000)],
  ];

  it.each(floods)("when it sends %s", async (_name, flood) => {
    const { lobby, port } = await lobbyHere();
    const raw = await Raw.open(port);
    raw.write(flood);
    const more = setInterval(() => raw.write(flood.slice(-1000)), 1);
    await raw.closed;
    clearInterval(more);
    expect(lobby.accepted).toEqual([]);
    await expectGoodDialer(lobby, port);
  });

  it("when it sends them within TLS", async () => {
    const { port } = await lobbyHere({ ssl: certificate });
    const socket = connectTls({ port, host: "127.0.0.1", ca: certificate.cert });
    socket.on("error", () => {});
    await once(socket, "secureConnect");
    socket.write(`GET / HTTP/1.1\r\nX: ${"x".repeat(4100)}`);
    await once(socket, "close");
  });

  it("when the upgrade and what follows it come in one piece that is too big", async () => {
    const { lobby, port } = await lobbyHere();
    const raw = await Raw.open(port);
    raw.write(upgradeRequest() + "x".repeat(4096));
    await raw.closed;
    for (const channel of lobby.accepted) {
      const recorder = new Recorder();
      channel.start(recorder);
      expect(await recorder.end()).toMatchObject({ clean: false });
      expect(recorder.messages).toEqual([]);
    }
    await expectGoodDialer(lobby, port);
  });
});

describe("a dialer that resets its connection", () => {
  it.each([
    ["at once", ""],
    ["within the request", upgradeRequest().slice(0, 40)],
    ["right after the request", upgradeRequest()],
  ])("%s costs nothing but itself", async (_name, sent) => {
    const { lobby, port } = await lobbyHere();
    for (let i = 0; i < 20; i++) {
      const raw = await Raw.open(port);
      raw.socket.write(sent, () => raw.socket.resetAndDestroy());
      await raw.closed;
    }
    await expectGoodDialer(lobby, port);
  });

  it("within the TLS handshake costs nothing but itself", async () => {
    const { lobby, port } = await lobbyHere({ ssl: certificate });
    for (let i = 0; i < 20; i++) {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      const secure = connectTls({ socket, ca: certificate.cert });
      secure.on("error", () => {});
      if (i % 2 === 0) await once(secure, "secureConnect");
      else await once(socket, "connect");
      socket.resetAndDestroy();
    }
    await expectGoodDialer(lobby, port, { ca: certificate.cert });
  });
});
