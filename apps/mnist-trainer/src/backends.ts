import { cpu } from "@adjoint/backend-cpu";
import type { Backend } from "@adjoint/compiler";

/** What can run the programs, by name. */
export const backends: { readonly [name in "cpu"]: () => Backend | Promise<Backend> } = {
  cpu: () => cpu(),
};
