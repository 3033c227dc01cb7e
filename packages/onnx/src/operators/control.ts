import { z } from "zod";
import { cond } from "@adjoint/ir";
import { type Operator, operator, subGraph } from "./row.ts";

/** If, Loop, Scan. */
export const control: readonly Operator[] = [
  operator({
    name: "If",
    since: [1, 11, 13, 16, 19, 21, 23, 24, 25],
    attributes: z.strictObject({ then_branch: subGraph, else_branch: subGraph }),
    import(context) {
      const { then_branch: yes, else_branch: no } = context.attributes;
      const known = context.known(0);
      // A branch that is never taken needs not fit.
      if (known !== undefined) return (Number(known.data[0]) === 0 ? no : yes).build([]);
      return cond(
        context.input(0).reshape([]),
        () => yes.build([]),
        () => no.build([]),
      );
    },
  }),
];
