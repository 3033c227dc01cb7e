import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type TestCase, findTests } from "@adjoint/conformance";

/** The official ONNX test data, beside the project or where the environment says. */
const folder: string =
  process.env["ONNX_BACKEND_TESTS"] ??
  fileURLToPath(new URL("../../../shared/onnx-backend-tests", import.meta.url));

/** Why tests of the data are skipped, as part of their names. */
export const missing: string = existsSync(folder) ? "" : " (skipped: no ONNX_BACKEND_TESTS)";

export const officialTests: readonly TestCase[] = missing === "" ? findTests(folder) : [];
