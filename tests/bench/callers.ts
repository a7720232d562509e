import { Buffer } from "node:buffer";
import { SimulatedEnvoy, type SimulatedIdentity } from "../support/simulated_envoy.ts";
import { traitFixtureSchema } from "./checkin_protocol.ts";

/** Pause of each between two check-ins, in ms: ten of them ask some 100 times a second. */
const PAUSE_MS = 100;

/** Envoys that check in for as long as this lives; each waits for its answer before it asks again. */
export class Callers implements AsyncDisposable {
  readonly latenciesMs: number[] = [];
  #isStopped = false;
  readonly #loops: Promise<void>[];

  private constructor(
    private readonly envoys: readonly SimulatedEnvoy[],
    private readonly volatile: readonly Buffer[],
  ) {
    this.#loops = envoys.map((envoy) => this.#call(envoy));
  }

  static async connect(
    identities: readonly SimulatedIdentity[],
    address: string,
  ): Promise<Callers> {
    const fixture = traitFixtureSchema.parse(
      JSON.parse(
        await Deno.readTextFile(new URL("../fixtures/traits/debian_12.json", import.meta.url)),
      ),
    );
    const envoys = identities.map((identity) =>
      new SimulatedEnvoy({ address, identity, stableTraits: fixture.stable })
    );
    for (const envoy of envoys) await envoy.settle();
    return new Callers(envoys, fixture.volatile.map((each) => Buffer.from(JSON.stringify(each))));
  }

  async #call(envoy: SimulatedEnvoy): Promise<void> {
    for (let turn = 0; !this.#isStopped; turn++) {
      const volatileTraits = this.volatile[turn % this.volatile.length] ?? Buffer.alloc(0);
      const request = envoy.sign("CheckIn", envoy.checkInBody({ volatileTraits }));
      const sentMs = performance.now();
      const response = await envoy.sendCheckIn(request);
      this.latenciesMs.push(performance.now() - sentMs);
      envoy.keep(response);
      await new Promise((resume) => setTimeout(resume, PAUSE_MS));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true;
    await Promise.allSettled(this.#loops);
    for (const envoy of this.envoys) envoy[Symbol.dispose]();
  }
}
