import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { z } from "zod";

export type BackendName = "cpu" | "wasm";
const backends: readonly BackendName[] = ["cpu", "wasm"];

export interface Options {
  readonly data: string;
  readonly backend: BackendName;
  readonly json: boolean;
  readonly filter: string;
  readonly seconds: number;
  readonly workers: number;
  readonly update: boolean;
}

export const usage: string = `Usage: pnpm conformance [options]

Runs the official ONNX backend tests. Exit code 1 when a test of the recorded list no longer passes.

  --data DIR      folder with light, node, simple… (default: $ONNX_BACKEND_TESTS, else ../shared/onnx-backend-tests)
  --backend NAME  ${backends.join(" or ")} (default: cpu)
  --filter TEXT   only tests whose folder/name holds TEXT
  --seconds N     time limit of one test (default: 60)
  --workers N     tests at a time (default: one a processor)
  --json          one line of JSON a test, and a last one with the counts
  --update        record what passes, and write docs/onnx-conformance.md`;

const schema: z.ZodType<Options> = z.object({
  data: z.string().refine((folder) => existsSync(folder), { error: "is no folder; give --data DIR" }),
  backend: z.enum(backends),
  json: z.boolean(),
  filter: z.string(),
  seconds: z.coerce.number().positive(),
  workers: z.coerce.number().int().min(1),
  update: z.boolean(),
});

/** @param root the project's folder. @throws Error saying which option is wrong. */
export function readOptions(args: readonly string[], root: string): Options {
  const { values } = parseArgs({
    args: args.filter((argument) => argument !== "--"),
    options: {
      data: {
        type: "string",
        default: process.env["ONNX_BACKEND_TESTS"] ?? `${root}/../shared/onnx-backend-tests`,
      },
      backend: { type: "string", default: "cpu" },
      filter: { type: "string", default: "" },
      seconds: { type: "string", default: "60" },
      workers: { type: "string", default: String(availableParallelism()) },
      json: { type: "boolean", default: false },
      update: { type: "boolean", default: false },
    },
  });
  const parsed = schema.safeParse(values);
  if (parsed.success) return parsed.data;
  throw new Error(
    parsed.error.issues.map((issue) => `--${issue.path.join(".")}: ${issue.message}`).join("\n"),
  );
}
