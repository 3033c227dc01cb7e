import { AdjointError } from "@adjoint/ir/values";

/** Watches a device, and turns failures on a lost one into an error that says so. */
export class Loss {
  #reason: string | undefined;

  constructor(device: GPUDevice) {
    void device.lost.then(({ reason, message }) => {
      this.#reason = message === "" ? reason : `${reason}: ${message}`;
    });
  }

  get isLost(): boolean {
    return this.#reason !== undefined;
  }

  /** @throws AdjointError when the device is lost. */
  check(): void {
    if (this.#reason !== undefined) throw this.#error(this.#reason);
  }

  /** The result of an action on the device. @throws AdjointError when it failed because the device is lost. */
  async guard<T>(action: () => Promise<T>): Promise<T> {
    this.check();
    try {
      return await action();
    } catch (error) {
      // A lost device refuses everything because it is lost.
      if (error instanceof AdjointError && error.code !== "backend") throw error;
      // The promise of the loss may settle just after the failure that it causes.
      await new Promise((resolve) => setTimeout(resolve, 0));
      this.check();
      throw error;
    }
  }

  #error(reason: string): AdjointError {
    return new AdjointError(
      "backend",
      "webgpu",
      `the device is lost (${reason}), and all registers with it`,
      "Compile again on a new device, from the state of the last checkpoint.",
    );
  }
}
