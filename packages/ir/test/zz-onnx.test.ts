// @ts-nocheck
import { readFileSync, readdirSync, existsSync } from "node:fs";
import { test } from "vitest";
import * as ir from "@adjoint/ir";
const root = "/work/shared/onnx-backend-tests/node/";
function fields(b) { const out = []; let i = 0; const varint = () => { let r = 0n, s = 0n; for (;;) { const x = b[i++]; r |= BigInt(x & 127) << s; if (x < 128) return BigInt.asIntN(64, r); s += 7n; } };
  while (i < b.length) { const t = Number(varint()); const f = t >> 3, w = t & 7; if (w === 0) out.push([f, varint()]); else if (w === 2) { const n = Number(varint()); out.push([f, b.subarray(i, i + n)]); i += n; } else if (w === 5) { out.push([f, b.subarray(i, i + 4)]); i += 4; } else if (w === 1) { out.push([f, b.subarray(i, i + 8)]); i += 8; } else throw new Error("wire " + w); } return out; }
const dt = { 1: "f32", 2: "u8", 3: "i8", 4: "u16", 5: "i16", 6: "i32", 7: "i64", 9: "bool", 10: "f16", 11: "f64", 12: "u32", 13: "u64", 16: "bf16" };
function packed(v) { const r = []; let i = 0; while (i < v.length) { let x = 0n, s = 0n; for (;;) { const y = v[i++]; x |= BigInt(y & 127) << s; if (y < 128) break; s += 7n; } r.push(BigInt.asIntN(64, x)); } return r; }
function tensor(b) { const fs = fields(b); const dims = fs.filter(([f]) => f === 1).flatMap(([, v]) => typeof v === "bigint" ? [Number(v)] : packed(v).map(Number)); const d = dt[Number(fs.find(([f]) => f === 2)[1])]; const raw = fs.find(([f]) => f === 9)?.[1]; const C = ir.dtypeInfo[d]?.array; if (!C) throw new Error("dtype"); const n = dims.reduce((a, c) => a * c, 1);
  if (raw) { const copy = Uint8Array.from(raw); return ir.tensorValue(d, dims, new C(copy.buffer, copy.byteOffset, n)); }
  const fl = fs.filter(([f]) => f === 4).flatMap(([, v]) => [...new Float32Array(Uint8Array.from(v).buffer)]); const ints = fs.filter(([f]) => f === 5 || f === 7).flatMap(([, v]) => typeof v === "bigint" ? [v] : packed(v)); 
  return ir.valueOf(d, dims, d === "i64" ? ints : fl.length ? fl : ints.map(Number)); }
function model(path) { const g = fields(fields(readFileSync(path)).find(([f]) => f === 7)[1]); const s = (v) => Buffer.from(v).toString();
  const nodes = g.filter(([f]) => f === 1).map(([, v]) => { const n = fields(v); const attrs = {}; for (const [f, a] of n) if (f === 5) { const q = fields(a); const name = s(q.find(([f]) => f === 1)[1]); const type = Number(q.find(([f]) => f === 20)?.[1] ?? 0); const get = (k) => q.filter(([f]) => f === k).map(([, v]) => v); 
    attrs[name] = type === 1 ? new DataView(get(2)[0].buffer, get(2)[0].byteOffset).getFloat32(0, true) : type === 2 ? Number(get(3)[0] ?? 0n) : type === 3 ? s(get(4)[0]) : type === 7 ? get(8).flatMap((v) => typeof v === "bigint" ? [Number(v)] : packed(v).map(Number)) : undefined; }
    return { op: s(n.find(([f]) => f === 4)[1]), inputs: n.filter(([f]) => f === 1).map(([, v]) => s(v)), outputs: n.filter(([f]) => f === 2).map(([, v]) => s(v)), attrs }; });
  return { nodes, inputs: g.filter(([f]) => f === 11).map(([, v]) => s(fields(v).find(([f]) => f === 1)[1])) }; }
const num = (v) => ir.toNumbers(v);
const pool = (a, rank) => { const k = a.kernel_shape.length; const p = a.pads ?? Array(2 * k).fill(0); if (a.auto_pad && a.auto_pad !== "NOTSET" && a.auto_pad !== "VALID") throw new Error("skip auto_pad"); if (a.storage_order) throw new Error("skip"); return { kernel: a.kernel_shape, ...(a.strides && { strides: a.strides }), padLow: p.slice(0, k), padHigh: p.slice(k), ...(a.dilations && { dilations: a.dilations }), ceilMode: a.ceil_mode === 1 }; };
const red = (f) => (x, a, c) => { const axes = c[1] ? num(c[1]) : a.axes; if (axes && axes.length === 0 && a.noop_with_empty_axes) throw new Error("skip noop"); return f(x[0], { ...(axes && axes.length && { axes }), keepDims: (a.keepdims ?? 1) === 1 }); };
const U = (f) => (x, a) => f(x[0], a);
const opt = (o) => Object.fromEntries(Object.entries(o).filter(([, v]) => v !== undefined));
const ops = {
  Elu: U((x, a) => ir.elu(x, opt({ alpha: a.alpha }))), Selu: U((x, a) => ir.selu(x, opt({ alpha: a.alpha, gamma: a.gamma }))), Celu: U((x, a) => ir.celu(x, opt({ alpha: a.alpha }))),
  Softplus: U(ir.softplus), Softsign: U(ir.softsign), Mish: U(ir.mish), Gelu: U((x, a) => ir.gelu(x, opt({ approximate: a.approximate }))), HardSigmoid: U((x, a) => ir.hardSigmoid(x, opt({ alpha: a.alpha, beta: a.beta }))), HardSwish: U(ir.hardSwish), LeakyRelu: U((x, a) => ir.leakyRelu(x, opt({ alpha: a.alpha }))), ThresholdedRelu: U((x, a) => ir.thresholdedRelu(x, opt({ alpha: a.alpha }))), Shrink: U((x, a) => ir.shrink(x, opt({ bias: a.bias, lambd: a.lambd }))), Relu: U((x) => ir.relu(x)), Sigmoid: U((x) => ir.sigmoid(x)),
  PRelu: (x) => ir.prelu(x[0], x[1]), Hardmax: U((x, a) => ir.hardmax(x, opt({ axis: a.axis }))), Softmax: U((x, a) => ir.softmax(x, opt({ axis: a.axis }))), LogSoftmax: U((x, a) => ir.logSoftmax(x, opt({ axis: a.axis }))),
  Clip: (x, a, c) => ir.clip(x[0], opt({ min: c[1] && num(c[1])[0], max: c[2] && num(c[2])[0] })),
  BatchNormalization: (x, a) => a.training_mode ? (() => { throw new Error("skip training") })() : ir.batchNormalization(...x, opt({ epsilon: a.epsilon })),
  InstanceNormalization: (x, a) => ir.instanceNormalization(x[0], x[1], x[2], opt({ epsilon: a.epsilon })), GroupNormalization: (x, a) => ir.groupNormalization(x[0], x[1], x[2], opt({ groups: a.num_groups, epsilon: a.epsilon })), LayerNormalization: (x, a) => ir.layerNormalization(x[0], x[1], x[2], opt({ axis: a.axis, epsilon: a.epsilon })), RMSNormalization: (x, a) => ir.rmsNormalization(x[0], x[1], opt({ axis: a.axis, epsilon: a.epsilon })), LpNormalization: U((x, a) => ir.lpNormalization(x, opt({ axis: a.axis, p: a.p }))), MeanVarianceNormalization: U((x, a) => ir.meanVarianceNormalization(x, opt({ axes: a.axes }))), LRN: U((x, a) => ir.lrn(x, opt({ size: a.size, alpha: a.alpha, beta: a.beta, bias: a.bias }))),
  MaxPool: (x, a) => ir.maxPool(x[0], pool(a)), AveragePool: (x, a) => ir.averagePool(x[0], { ...pool(a), countIncludePad: a.count_include_pad === 1 }), LpPool: (x, a) => ir.lpPool(x[0], { ...pool(a), ...opt({ p: a.p }) }), GlobalAveragePool: U((x) => ir.globalAveragePool(x)), GlobalMaxPool: U((x) => ir.globalMaxPool(x)),
  Einsum: (x, a) => ir.einsum(a.equation, ...x), Trilu: (x, a, c) => ir.trilu(x[0], { upper: (a.upper ?? 1) === 1, k: c[1] ? num(c[1])[0] : 0 }), DepthToSpace: U((x, a) => ir.depthToSpace(x, opt({ blocksize: a.blocksize, mode: a.mode }))), SpaceToDepth: U((x, a) => ir.spaceToDepth(x, { blocksize: a.blocksize })),
  OneHot: (x, a, c) => { const v = num(c[2]); return ir.oneHot(x[0].dtype.startsWith("f") ? x[0].cast("i64") : x[0], num(c[1])[0], opt({ axis: a.axis, dtype: c[2].dtype })).mul(v[1] - v[0]).add(v[0]); },
  ReduceL1: red(ir.reduceL1), ReduceL2: red(ir.reduceL2), ReduceLogSum: red(ir.reduceLogSum), ReduceLogSumExp: red(ir.logSumExp), ReduceSumSquare: red(ir.reduceSumSquare),
  Attention: (x, a) => { if (x.length > 4 || x[0].rank !== 4 || a.softcap || a.qk_matmul_output_mode) throw new Error("skip"); return ir.attention(x[0], x[1], x[2], opt({ scale: a.scale, causal: a.is_causal === 1, mask: x[3] })); },
  SoftmaxCrossEntropyLoss: (x, a) => { if (x.length > 2 || a.ignore_index !== undefined) throw new Error("skip"); const perm = [0, ...Array.from({ length: x[0].rank - 2 }, (_, i) => i + 2), 1]; const l = ir.softmaxCrossEntropy(x[0].transpose(perm), x[1]); return a.reduction === "none" ? l : a.reduction === "sum" ? l.reduceSum() : l.reduceMean(); },
  NegativeLogLikelihoodLoss: (x, a) => { if (x.length > 2 || a.ignore_index !== undefined) throw new Error("skip"); const perm = [0, ...Array.from({ length: x[0].rank - 2 }, (_, i) => i + 2), 1]; const l = ir.negativeLogLikelihood(x[0].transpose(perm), x[1]); return a.reduction === "none" ? l : a.reduction === "sum" ? l.reduceSum() : l.reduceMean(); },
};
test("onnx", () => {
  let pass = 0; const fail = [], skip = [];
  for (const dir of readdirSync(root)) {
    if (!existsSync(root + dir + "/model.onnx")) continue;
    let m; try { m = model(root + dir + "/model.onnx"); } catch { continue; }
    if (m.nodes.length !== 1 || !ops[m.nodes[0].op]) continue;
    const node = m.nodes[0];
    try {
      const data = root + dir + "/test_data_set_0/";
      const values = Object.fromEntries(m.inputs.map((n, i) => [n, tensor(readFileSync(`${data}input_${i}.pb`))]));
      const vs = node.inputs.map((n) => n === "" ? undefined : values[n]);
      const ins = vs.map((v, i) => v && ir.input("x" + i, v.dtype, v.shape));
      while (ins.length && ins.at(-1) === undefined) ins.pop();
      const y = ops[node.op](ins, node.attrs, vs);
      const known = new Map(ins.flatMap((t, i) => t ? [[t, vs[i]]] : []));
      const [found] = ir.evaluateTensors([y], known);
      const exp = tensor(readFileSync(`${data}output_0.pb`));
      const a = num(found), b = num(exp);
      const tol = exp.dtype === "f16" || exp.dtype === "bf16" ? 5e-3 : 1e-5;
      if (ir.typeText(found) !== ir.typeText(exp)) fail.push(`${dir}: ${ir.typeText(found)} vs ${ir.typeText(exp)}`);
      else { const bad = a.findIndex((x, i) => !(Object.is(x, b[i]) || x === b[i] || Math.abs(x - b[i]) <= tol * Math.max(1, Math.abs(b[i])))); if (bad >= 0) fail.push(`${dir}: [${bad}] ${a[bad]} vs ${b[bad]}`); else pass++; }
    } catch (e) { (/^skip/.test(e.message) ? skip : fail).push(`${dir}: ${String(e.message).slice(0, 150)}`); }
  }
  console.log("pass", pass, "\nFAIL\n" + fail.join("\n"), "\nskip", skip.length);
}, 600000);
