/** What answers in the tests of the connection? A WebSocket server that says what a broker says, one packet a time. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";

import type { Packet } from "mqtt-packet";
import { generate, parser } from "mqtt-packet";
import type { WebSocket } from "ws";
import { WebSocketServer } from "ws";

const VERSION = { protocolVersion: 5 };

/** The reason codes of the answers, by the kind of packet; each code is used once, the last one always. */
export interface Answers {
  readonly connect: number[];
  readonly publish?: number;
}

export class Broker {
  /** The number of logins so far. */
  loginCount = 0;

  private constructor(
    private readonly server: WebSocketServer,
    private readonly answers: Answers,
  ) {
    server.on("connection", (socket) => {
      this.serve(socket);
    });
  }

  static async answering(answers: Answers): Promise<Broker> {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "mqtt" });
    await once(server, "listening");
    return new Broker(server, answers);
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const socket of this.server.clients) socket.terminate();
    this.server.close();
  }

  private serve(socket: WebSocket): void {
    const reader = parser(VERSION);
    const say = (packet: Packet): void => {
      socket.send(generate(packet, VERSION));
    };
    reader.on("packet", (packet) => {
      if (packet.cmd === "connect") {
        this.loginCount += 1;
        const { connect } = this.answers;
        const reasonCode = (connect.length > 1 ? connect.shift() : connect[0]) ?? 0;
        say({ cmd: "connack", sessionPresent: false, reasonCode });
        if (reasonCode !== 0) socket.close();
      }
      if (packet.cmd === "publish" && packet.messageId !== undefined)
        say({ cmd: "puback", messageId: packet.messageId, reasonCode: this.answers.publish ?? 0 });
    });
    socket.on("message", (data: Buffer) => {
      reader.parse(data);
    });
  }
}
