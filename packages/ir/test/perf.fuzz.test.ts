import { test } from "vitest";
import { evaluate, graphNodes, gradients, input, print, program, register, softmaxCrossEntropy, gelu, layerNormalization, type Tensor, softmax, specialize } from "@adjoint/ir";
import * as ir from "@adjoint/ir";
import { canonicalize, check, cse, deadCode, fold, inline, optimize, runPasses, simplify } from "../src/passes/index.ts";

function train(depth: number, b: any = 32) {
  const x = input("x", "f32", [b, 16]);
  const y = input("y", "i32", [b]);
  let h: Tensor = x;
  const params: Tensor[] = [];
  const reg = (n: string, s: number[]) => { const r = register(n, "f32", s, { initial: { kind: "normal", mean: 0, standardDeviation: 0.1 } }); params.push(r); return r; };
  for (let i = 0; i < depth; i++) h = h.matMul(reg(`w${i}`, [16, 16])).add(reg(`b${i}`, [16])).max(0);
  const loss = softmaxCrossEntropy(h, y).reduceMean();
  const g = gradients(loss, params);
  const t = register("t", "f32", [], { trainable: false });
  const t1 = t.add(1);
  const updates = params.flatMap((p, i) => {
    const m = register(`m${i}`, "f32", p.shape as number[], { trainable: false }), v = register(`v${i}`, "f32", p.shape as number[], { trainable: false });
    const m1 = m.mul(0.9).add(g[i]!.mul(0.1)), v1 = v.mul(0.999).add(g[i]!.mul(g[i]!).mul(0.001));
    const c = ir.constant(0.9).pow(t1).neg().add(1);
    const c2 = ir.constant(0.999).pow(t1).neg().add(1);
    return [{ register: m, next: m1 }, { register: v, next: v1 }, { register: p, next: p.sub(m1.div(c).div(v1.div(c2).sqrt().add(1e-8)).mul(0.001)) }];
  });
  return program({ inputs: { x, y }, outputs: { loss }, updates: [...updates, { register: t, next: t1 }] });
}
test("perf", () => {
  const small = train(1);
  console.log(print(small), print(runPasses(small, optimize, { check: true })));
  for (const depth of [2, 6, 12, 24, 48]) {
    const g = train(depth);
    const n = graphNodes(g).length;
    for (let i = 0; i < 6; i++) runPasses(train(depth));
    const times: number[] = [];
    let log: string[] = [];
    let out;
    for (let i = 0; i < 5; i++) { const gg = train(depth); log = []; const t0 = performance.now(); out = runPasses(gg, optimize, { trace: (p) => log.push(p) }); times.push(performance.now() - t0); }
    console.log(depth, "nodes", n, "->", graphNodes(out!).length, "ms", times.map((t) => t.toFixed(1)).join(" "), log.join(","));
    let c: any = g; const parts: string[] = [];
    for (const p of [inline, canonicalize, simplify, fold, cse, deadCode]) { const t0 = performance.now(); c = p.run(c); parts.push(p.name + " " + (performance.now() - t0).toFixed(2)); }
    console.log(parts.join("; "));
  }
});
